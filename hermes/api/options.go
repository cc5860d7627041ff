package api

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"reflect"

	"github.com/hermes-voip/go-hermes/hermes"
)

// The parameters of [hermes.CallOptions], at every node that takes options.
const (
	dryRunName = "dry_run"
	keyName    = "idempotency_key"
)

// decodeOptions returns the options of a call.
func (e *endpoint) decodeOptions(p *params) (o hermes.CallOptions, fault *hermes.Error) {
	if text := p.values[dryRunName]; text != "" {
		if err := setBool(reflect.ValueOf(&o.DryRun).Elem(), text); err != nil {
			return o, e.badParameter(dryRunName + ": " + err.Error())
		}
	}
	o.IdempotencyKey = p.values[keyName]
	if err := o.Check(); err != nil {
		return o, e.badParameter(err.(*hermes.Error).Detail)
	}
	if o.IdempotencyKey != "" {
		o.Parameters = e.digest(p)
	}
	return o, nil
}

// digest returns a text that two requests have in common if their parameters are the same: the
// decoded names and values, in any order, without those that authenticate and the key itself. It
// does not show them.
func (e *endpoint) digest(p *params) string {
	values := url.Values{}
	for name := range p.values {
		switch name {
		case sessionName, authKeyName, keyName:
		default:
			values.Set(name, p.value(name, e.fields.rule(name)))
		}
	}
	sum := sha256.Sum256([]byte(values.Encode()))
	return hex.EncodeToString(sum[:])
}
