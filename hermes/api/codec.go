package api

import (
	"net/url"
	"reflect"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Decode makes n's request of its parameters by the rules of the wire, as the Handler does. The
// request is a pointer to n's request struct; the error is an *hermes.Error.
func Decode(n hermes.Node, values url.Values) (req hermes.Request, err error) {
	e, f := newEndpoint(n), newForm()
	for name, all := range values {
		for _, value := range all {
			if err := f.set(name, value); err != nil {
				return nil, e.badParameter(err.Error())
			}
		}
	}
	req, fault := e.decode(f, hermes.Secret{})
	if fault != nil {
		return nil, fault
	}
	return req, nil
}

// Encode is Decode's inverse: the parameters that a client sends for req, a request struct or a
// pointer to one. Secrets are revealed in them. What no parameter can carry, such as an address that other tools left malformed, is
// an error when it is decoded again.
func Encode(req any) (url.Values, error) {
	v := reflect.Indirect(reflect.ValueOf(req))
	values := url.Values{}
	for _, f := range planRequest(v.Type()).fields {
		field := v.Field(f.index)
		if field.IsZero() {
			continue
		}
		if f.opt {
			field = field.FieldByName("Value")
		}
		text := ""
		if !field.IsZero() {
			var err error
			if text, err = textOf(field); err != nil {
				return nil, err
			}
		}
		values.Set(f.name, text)
	}
	return values, nil
}
