package hermes

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// scopeExceptions are the fields with a struct tag scope, with the reason.
func scopeExceptions() map[string]string {
	return map[string]string{
		"user/add_remote registrar":    "a server of others",
		"user/add_remote proxy":        "a server of others",
		"user/update registrar":        "a server, which may be the provider's",
		"user/update proxy":            "a server, which may be the provider's",
		"domain/set_servers registrar": "a server, which may be the provider's",
		"domain/set_servers proxy":     "a server, which may be the provider's",
		"phone/get mac":                "the users within the scope are shown",
		"user/show mac":                "the users within the scope are shown",
	}
}

// Each field of each request is of a type that is compared with scopes, or known to be none that
// is. A request with two numbers says whether it is about those between them.
func TestScopeFieldsOf(t *testing.T) {
	t.Parallel()
	exceptions := scopeExceptions()
	for _, n := range Nodes() {
		typ := reflect.TypeOf(n.New()).Elem()
		for i := range typ.NumField() {
			sf := typ.Field(i)
			if scopeKindOf(sf) == unknownScope {
				t.Errorf("%s: the field %s has the type %s and the tags %s, of which scopeKindOf does not know what they "+
					"have to do with scopes", n.Path, sf.Name, sf.Type, sf.Tag)
			}
			name, _, _ := strings.Cut(sf.Tag.Get("form"), ",")
			name = n.Path + " " + name
			if _, ok := exceptions[name]; ok != (sf.Tag.Get("scope") != "") {
				t.Errorf("%s has the tag scope %q: want one for the fields in scopeExceptions", name, sf.Tag.Get("scope"))
			}
			delete(exceptions, name)
		}
		fields := scopeFieldsOf(typ)
		numbers := len(slices.DeleteFunc(fields, func(f scopeField) bool { return f.kind != numberScope }))
		if _, ok := n.New().(rangeRequest); ok != (numbers == 2) {
			t.Errorf("%s has %d numbers, and a method numbers: %t; want one for two numbers", n.Path, numbers, ok)
		}
	}
	for name, reason := range exceptions {
		t.Errorf("%s (%s): there is no such field", name, reason)
	}
}

func TestScopeKindOf(t *testing.T) {
	t.Parallel()
	want := map[string]scopeKind{
		"User": userScope, "NewUser": userScope, "Alias": aliasScope, "Destination": destinationScope,
		"Phones": phoneScope, "Number": numberScope, "Names": noScope, "Level": noScope, "Host": noScope,
		"Narrowed": noScope, "Domain": domainScope,
		"Caller": unknownScope, "Remote": unknownScope, "HostPhone": unknownScope, "Tagged": unknownScope, "Typo": unknownScope,
	}
	typ := reflect.TypeFor[struct {
		User        sip.Addr
		NewUser     Opt[sip.Addr]
		Alias       []sip.Addr
		Destination Opt[[]sip.Addr]
		Domain      Opt[sip.Domain]
		Number      []e164.Number
		Phones      Opt[[]mac.Addr]
		Names       Opt[[]string]
		Level       Access
		Host        sip.Domain `scope:"host"`
		Narrowed    mac.Addr   `scope:"narrowed"`

		Caller    sip.Addr   // which address is it?
		Remote    netip.Addr // a type that is not known
		HostPhone mac.Addr   `scope:"host"`
		Tagged    string     `scope:"host"`
		Typo      sip.Domain `scope:"hosts"`
	}]()
	for i := range typ.NumField() {
		if sf := typ.Field(i); scopeKindOf(sf) != want[sf.Name] {
			t.Errorf("%s: got the kind %d, want %d", sf.Name, scopeKindOf(sf), want[sf.Name])
		}
	}
}

// later is a request of types that no node has yet.
type laterRequest struct {
	User   Opt[sip.Addr]   `form:"user"`
	Phones []mac.Addr      `form:"macs"`
	Caller sip.Addr        `form:"caller"`
	All    Opt[[]sip.Addr] `form:"all"`
}

func (laterRequest) Check(...string) error { return nil }

// Values in an Opt and in a slice count, and so do those of a field that is not known.
func TestClient_checkScope_values(t *testing.T) {
	t.Parallel()
	c := &Client{actor: Actor{Scope: Scope{Domains: "a.example"}}}
	own, foreign := sip.MustParse("x@a.example"), sip.MustParse("x@b.example")
	for _, tt := range []struct {
		rule string
		req  laterRequest
		want string // what the refusal names
	}{
		{"nothing", laterRequest{}, ""},
		{"an Opt", laterRequest{User: Some(foreign)}, "user"},
		{"an absent Opt", laterRequest{User: Opt[sip.Addr]{Value: foreign}}, ""},
		{"an Opt within the scope", laterRequest{User: Some(own)}, ""},
		{"an empty Opt", laterRequest{User: Some(sip.Addr{})}, "user"},
		{"a field of an unknown kind", laterRequest{Caller: own}, "caller"},
		{"a list of an unknown kind", laterRequest{All: Some([]sip.Addr{own})}, "all"},
	} {
		err := c.checkScope(t.Context(), tt.req)
		e, ok := err.(*Error)
		if ok != (tt.want != "") || ok && (e.Cause != Forbidden || !strings.HasPrefix(e.Detail, tt.want+" ")) {
			t.Errorf("%s: got %v, want Forbidden for %q", tt.rule, err, tt.want)
		}
	}
}
