package api

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/wire"
)

// endpoint is a node with everything that is derived from it once, when the Handler is made.
type endpoint struct {
	hermes.Node
	methods []string // the HTTP methods that the node accepts
	guarded bool     // the node needs an authenticated principal
	session bool     // the node begins, renews or ends a session
	options bool     // the node takes the parameters of hermes.CallOptions
	fields  requestFields
}

// newEndpoint returns the endpoint of n. If the node is guarded, it also accepts parameters with
// the names of credentials, which are not part of its request.
func newEndpoint(n hermes.Node, credentials ...string) *endpoint {
	e := &endpoint{
		Node:    n,
		methods: []string{http.MethodGet, http.MethodHead, http.MethodPost},
		guarded: n.Needs != hermes.NoCapability,
		fields:  requestFieldsOf(reflect.TypeOf(n.New()).Elem()),
	}
	e.session = !e.guarded || n.Answers == hermes.Pong
	if n.Changes {
		e.methods = []string{http.MethodGet, http.MethodPost}
	}
	if e.options = n.TakesOptions(); e.options {
		e.fields.names[dryRunName], e.fields.names[keyName] = true, true
	}
	if e.guarded {
		for _, name := range credentials {
			e.fields.names[name] = true
		}
	}
	return e
}

// allow returns the value of the Allow header.
func (e *endpoint) allow() string { return strings.Join(e.methods, ", ") }

// requestFields holds the fields of a request struct that parameters or the cookie fill.
type requestFields struct {
	list   []requestField
	names  map[string]bool // all parameters that the node accepts
	cookie int             // the index of the field for the cookie, or -1
}

type requestField struct {
	index  int
	name   string // the parameter
	user   string // the parameters for the two halves of an address, or both empty
	domain string
	// lone is set if another field has the parameter domain, too: without user it is that field's.
	lone bool
	// unless names a parameter with which this one is a half of an address.
	unless   string
	required bool
	optional bool // the type is a [hermes.Opt], in which absent and empty differ
	rule     valueRule
}

func requestFieldsOf(t reflect.Type) requestFields {
	fields := requestFields{names: map[string]bool{}, cookie: -1}
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("cookie") == "value" {
			fields.cookie = i
		}
	}
	for _, p := range wire.Params(t) {
		f := newRequestField(p)
		fields.list = append(fields.list, f)
		for _, name := range []string{f.name, f.user, f.domain} {
			if name != "" {
				fields.names[name] = true
			}
		}
	}
	for i := range fields.list {
		for j := range fields.list {
			if half, field := &fields.list[i], &fields.list[j]; half.domain != "" && half.domain == field.name {
				half.lone, field.unless = true, half.user
			}
		}
	}
	return fields
}

// rule returns how the values of a parameter are read.
func (fields requestFields) rule(name string) valueRule {
	for _, f := range fields.list {
		if name == f.name || name == f.user {
			return f.rule
		}
	}
	return valueRule{}
}

func newRequestField(p wire.Param) requestField {
	f := requestField{
		index: p.Index, name: p.Name, user: p.User, domain: p.Domain, required: p.Required, optional: p.Optional,
		rule: valueRuleOf(p.Type),
	}
	f.rule.leadingPlus = f.rule.leadingPlus || p.Field.Tag.Get("plus") == "leading"
	if bad := p.Field.Tag.Get("bad"); bad != "" {
		response, cause, _ := strings.Cut(bad, "/")
		f.rule.response, f.rule.cause = hermes.Response(response), hermes.Cause(cause)
	}
	return f
}
