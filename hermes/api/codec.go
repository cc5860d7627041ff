package api

import (
	"net/url"
	"reflect"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Decode makes the request struct of node n from parameters as the Handler does, and returns a
// pointer to it. The values must not be escaped: a blank is a blank. The parameters session and
// auth_key are accepted and ignored for a node that needs a capability, and dry_run and
// idempotency_key, if they are well-formed, for one that takes them. The error is an
// [*hermes.Error], such as invalid/parameters for an unknown parameter.
func Decode(n hermes.Node, values url.Values) (req hermes.Request, err error) {
	e := newEndpoint(n, sessionName, authKeyName)
	p := newParams()
	for name, all := range values {
		for _, value := range all {
			if err := p.add(name, value); err != nil {
				return nil, e.badParameter(err.Error())
			}
		}
	}
	req, _, _, fault := e.decode(p, hermes.Secret{})
	if fault != nil {
		return nil, fault
	}
	return req, nil
}

// Encode returns the parameters that a client sends for req, a request struct or a pointer to one.
// It is the inverse of [Decode], except that it does not check values. The result reveals the
// secrets in req.
func Encode(req any) (url.Values, error) {
	v := reflect.Indirect(reflect.ValueOf(req))
	values := url.Values{}
	for _, f := range requestFieldsOf(v.Type()).list {
		field := v.Field(f.index)
		if field.IsZero() {
			continue
		}
		if f.optional {
			field = field.FieldByName("Value")
		}
		text := ""
		if !field.IsZero() {
			var err error
			if text, err = formatValue(field); err != nil {
				return nil, err
			}
		}
		values.Set(f.name, text)
	}
	return values, nil
}
