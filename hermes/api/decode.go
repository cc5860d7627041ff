package api

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// endpoint is a node with what can be read off it once.
type endpoint struct {
	hermes.Node
	methods []string
	request requestPlan
}

// The parameters that every node with a session has.
const (
	sessionName = "session"
	authKeyName = "auth_key"
)

func newEndpoint(n hermes.Node) *endpoint {
	e := &endpoint{Node: n, methods: []string{http.MethodGet, http.MethodHead, http.MethodPost}}
	if n.Changes {
		e.methods = []string{http.MethodGet, http.MethodPost}
	}
	e.request = planRequest(reflect.TypeOf(n.New()).Elem())
	if e.guarded() {
		e.request.names[sessionName], e.request.names[authKeyName] = true, true
	}
	return e
}

func (n *endpoint) guarded() bool { return n.Needs != hermes.NoCapability }

// allow is the value of the Allow header.
func (n *endpoint) allow() string { return strings.Join(n.methods, ", ") }

// decode makes the request of its form. It returns the request even where there is a fault,
// with stand-ins for what is malformed, for who wants to know what else is wrong with it.
func (n *endpoint) decode(f *form, cookie hermes.Secret) (req hermes.Request, fault *hermes.Error) {
	req = n.New()
	v := reflect.ValueOf(req).Elem()
	if n.request.cookie >= 0 {
		v.Field(n.request.cookie).Set(reflect.ValueOf(cookie))
	}
	faults := []*hermes.Error{n.unknown(f)}
	for i := range n.request.fields {
		faults = append(faults, n.decodeField(&n.request.fields[i], v, f))
	}
	return req, firstFault(faults)
}

// firstFault prefers bad parameters to malformed values.
func firstFault(faults []*hermes.Error) (first *hermes.Error) {
	for _, e := range faults {
		if e != nil && (first == nil || first.Cause != hermes.Parameters && e.Cause == hermes.Parameters) {
			first = e
		}
	}
	return first
}

func (n *endpoint) unknown(f *form) *hermes.Error {
	var names []string
	for name := range f.values {
		if !n.request.names[name] {
			names = append(names, shown(name))
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return n.badParameter(strings.Join(names, ", ") + ": unknown here")
}

func (n *endpoint) decodeField(rf *requestField, req reflect.Value, f *form) *hermes.Error {
	field := req.Field(rf.index)
	if rf.opt {
		_, given := f.values[rf.name]
		field.FieldByName("Set").SetBool(given)
		field = field.FieldByName("Value")
	}
	text, user, domain := f.values[rf.name], f.values[rf.user], f.values[rf.domain]
	var err error
	switch {
	case rf.user != "" && user+domain != "":
		if want := rf.whole(text, user, domain); want != "" {
			return n.badParameter(want)
		}
		err = joinHalves(field, bare(user), domain)
	case text == "" && rf.required:
		return n.badParameter(rf.name + ": missing")
	case text == "":
	case rf.kind.plus:
		err = setValue(field, bare(text))
	default:
		err = setValue(field, text)
	}
	if err == nil {
		return nil
	}
	if rf.kind.standIn != nil {
		field.Set(reflect.ValueOf(rf.kind.standIn))
	}
	return n.malformed(rf, err)
}

// whole says what is wrong with the forms that an address came in, at least one half being there; "" for nothing.
func (rf *requestField) whole(text, user, domain string) string {
	switch {
	case text != "":
		return fmt.Sprintf("%s: not with %s and %s", rf.name, rf.user, rf.domain)
	case user == "" || domain == "":
		return fmt.Sprintf("want both %s and %s, or %s", rf.user, rf.domain, rf.name)
	}
	return ""
}

func joinHalves(field reflect.Value, user, domain string) error {
	a, err := sip.Join(user, domain)
	if err == nil {
		field.Set(reflect.ValueOf(a))
	}
	return err
}

// bare takes a leading blank as the bare + that it was before the form was decoded.
func bare(s string) string {
	if rest, ok := strings.CutPrefix(s, " "); ok {
		return "+" + rest
	}
	return s
}

func (n *endpoint) malformed(rf *requestField, err error) *hermes.Error {
	detail := rf.kind.detail
	if detail == "" {
		detail = explain(rf.name, err)
	}
	if rf.kind.cause == hermes.Parameters {
		return n.badParameter(detail)
	}
	return &hermes.Error{Node: n.Path, Response: rf.kind.response, Cause: rf.kind.cause, Detail: clip(detail)}
}

// explain makes a sentence of a parser's error that begins with the parameter's name, not with the parser's.
func explain(name string, err error) string {
	text := err.Error()
	for _, parser := range []string{"sip: ", "mac: "} {
		text = strings.TrimPrefix(text, parser)
	}
	if strings.HasPrefix(text, name) {
		return text
	}
	return name + ": " + text
}
