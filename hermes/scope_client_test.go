package hermes_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// withScope returns a client that acts for an administrator with a scope.
func (e *env) withScope(s hermes.Scope) *hermes.Client {
	return e.client.As(hermes.Actor{
		Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "customer"},
		Access:    hermes.FullWrite, Scope: s, Remote: office,
	})
}

// foreign is a scope without anything that an env has.
var foreign = hermes.Scope{Domains: "tenant.example", Numbers: "+1"}

// unnamedNodes are the nodes whose samples name nothing that scopes are about, each with the
// reason.
func unnamedNodes() map[string]string {
	return map[string]string{
		"user/list": "narrowed", "phone/list": "narrowed", "number/list": "narrowed", "alias/list": "narrowed",
		"number/claim": "narrowed", "number/hold": "narrowed", "number/stats": "narrowed", "domain/list": "narrowed", "audit/list": "narrowed",
		"phone/get":              "the sample names a phone, of which users within the scope are shown",
		"user/generate_password": "it has no parameters",
	}
}

// An administrator of a customer is refused what belongs to another before anything is looked up
// but the users of a phone and the domains that Kamailio serves.
func TestNode_Call_outsideScope(t *testing.T) {
	t.Parallel()
	forEachNode(t, func(t *testing.T, e *env, n hermes.Node, s nodeSample) {
		if strings.HasPrefix(n.Path, "auth/") || unnamedNodes()[n.Path] != "" {
			return
		}
		calls := &storeCalls{}
		s.actor.Scope = foreign
		_, err := n.Call(t.Context(), e.newClient(t, calls.over(e.store)).As(s.actor), s.req)
		if he := wantCause(t, err, hermes.Forbidden); he.Node != n.Path {
			t.Errorf("refused as %q, want the node's path", he.Node)
		}
		for _, name := range calls.names {
			if name != "DomainServed" && name != "PhoneLines" {
				t.Errorf("refused after the store call %s", name)
			}
		}
	})
}

// alwaysNodes are the nodes that are within every scope, each with the reason.
func alwaysNodes() map[string]string {
	return map[string]string{
		"auth/ping":   "the session would end",
		"auth/whoami": "it shows the scope",
	}
}

// unscopedNodes are the nodes for principals without a scope, each with the reason.
func unscopedNodes() map[string]string {
	return map[string]string{"audit/verify": "it is about all changes"}
}

// A node that the scope does not have is refused before any call to the store, and one that it has
// is not.
func TestNode_Call_nodesOfScope(t *testing.T) {
	t.Parallel()
	forEachNode(t, func(t *testing.T, e *env, n hermes.Node, s nodeSample) {
		calls := &storeCalls{}
		c := e.newClient(t, calls.over(e.store))
		s.actor.Scope = hermes.Scope{Nodes: "other/*"}
		_, err := n.Call(t.Context(), c.As(s.actor), s.req)
		if openNodes()[n.Path] != "" || alwaysNodes()[n.Path] != "" {
			wantCause(t, err, "")
			return
		}
		if he := wantCause(t, err, hermes.Forbidden); he.Node != n.Path || len(calls.names) != 0 {
			t.Errorf("refused as %q after the store calls %v; want the node's path and no calls", he.Node, calls.names)
		}
		if strings.HasPrefix(n.Path, "auth/") {
			return // about principals, whose scopes count
		}
		s.actor.Scope.Nodes = "other/*," + n.Path
		_, err = n.Call(t.Context(), c.As(s.actor), s.req)
		if unscopedNodes()[n.Path] != "" {
			wantCause(t, err, hermes.Forbidden)
			return
		}
		wantCause(t, err, "")
	})
}

// One's own password is within every scope, that of another is not.
func TestClient_AuthUpdateUser_nodesOfScope(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for user, want := range map[string]hermes.Cause{"reader": "", "writer": hermes.Forbidden} {
		c := e.client.As(hermes.Actor{
			Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "reader"},
			Access:    hermes.FullWrite, Scope: hermes.Scope{Nodes: "user/*"},
		})
		_, err := c.AuthUpdateUser(t.Context(), hermes.AuthUpdateUserRequest{User: user, Password: hermes.NewSecret(password)})
		wantCause(t, err, want)
	}
}

// What a request names is compared with the scope, and what is malformed is told first.
func TestClient_scope(t *testing.T) {
	t.Parallel()
	scope := hermes.Scope{Domains: "example.com", Numbers: "+4773500"}
	outside, noAddr := addr("x@example.net"), sip.Unchecked("x x", "example.net")
	for _, tt := range []struct {
		rule string
		req  hermes.Request
		node string
		want hermes.Cause
	}{
		{"a user", &hermes.UserGetRequest{User: alice}, "user/get", ""},
		{"a user of another domain", &hermes.UserGetRequest{User: outside}, "user/get", hermes.Forbidden},
		{"a user in capitals", &hermes.UserGetRequest{User: sip.Unchecked("alice", "EXAMPLE.com")}, "user/get", ""},
		{"a user of another domain in capitals", &hermes.UserGetRequest{User: sip.Unchecked("x", "EXAMPLE.net")}, "user/get", hermes.Forbidden},
		{"a malformed user of another domain", &hermes.UserGetRequest{User: noAddr}, "user/get", hermes.Malformed},
		{"a malformed user of the domain", &hermes.UserGetRequest{User: sip.Unchecked("x x", "example.com")}, "user/get", hermes.Malformed},
		{"a domain that only folds to it", &hermes.UserGetRequest{User: sip.Unchecked("x", "e\u212aample.com")}, "user/get", hermes.Malformed},
		{"a user whose name is a number", &hermes.UserAvailRequest{User: addr("+4700000000@example.com")}, "user/avail", ""},
		{"no user at all", &hermes.UserGetRequest{}, "user/get", hermes.Parameters},
		{"a remote user", &hermes.UserGetRequest{User: carol}, "user/get", hermes.Forbidden},

		{"an alias", &hermes.AliasRemoveRequest{Alias: addr("sales@example.com")}, "alias/remove", ""},
		{"an alias of another domain", &hermes.AliasRemoveRequest{Alias: outside}, "alias/remove", hermes.Forbidden},
		{"a number", &hermes.AliasRemoveRequest{Alias: addr("+4773500009@example.com")}, "alias/remove", hermes.NotFound},
		{"another number", &hermes.AliasRemoveRequest{Alias: addr("+4773600009@example.com")}, "alias/remove", hermes.Forbidden},
		{"another number after sip:", &hermes.AliasRemoveRequest{Alias: sip.Unchecked("sip:+4773600009", "example.com")}, "alias/remove", hermes.Forbidden},
		{"a malformed alias", &hermes.AliasRemoveRequest{Alias: noAddr}, "alias/remove", hermes.BadAddress},
		{"a malformed new alias", &hermes.AliasAddRequest{Alias: noAddr, Destination: outside}, "alias/add", hermes.BadAlias},

		{"a destination that is not served", &hermes.AliasAddRequest{Alias: addr("x@example.com"), Destination: carol}, "alias/add", ""},
		{"a destination of another domain", &hermes.AliasAddRequest{Alias: addr("x@example.com"), Destination: outside}, "alias/add", hermes.Forbidden},
		{"one in capitals", &hermes.AliasAddRequest{Alias: addr("x@example.com"), Destination: sip.Unchecked("x", "EXAMPLE.net")}, "alias/add", hermes.Forbidden},
		{"a malformed destination", &hermes.AliasAddRequest{Alias: addr("x@example.com"), Destination: noAddr}, "alias/add", hermes.BadDestination},
		{"a malformed destination that is not served", &hermes.AliasAddRequest{Alias: addr("x@example.com"), Destination: sip.Unchecked("x x", "far.example")}, "alias/add", hermes.BadDestination},
		{"an alias before a malformed destination", &hermes.AliasAddRequest{Alias: outside, Destination: noAddr}, "alias/add", hermes.Forbidden},

		{"a domain", &hermes.DomainGetServersRequest{Domain: domain("example.com")}, "domain/get_servers", ""},
		{"another domain", &hermes.DomainGetServersRequest{Domain: domain("example.net")}, "domain/get_servers", hermes.Forbidden},
		{"another domain of an alias", &hermes.NumberAssignRequest{User: alice, AliasDomain: domain("example.net")}, "number/assign", hermes.Forbidden},
		{"a server elsewhere", &hermes.UserUpdateRequest{User: alice, Proxy: hermes.Some(domain("sip.far.example"))}, "user/update", ""},

		{"a number of the pool", &hermes.NumberTestRequest{Number: inPool}, "number/test", ""},
		{"a number elsewhere", &hermes.NumberTestRequest{Number: number("+46")}, "number/test", hermes.Forbidden},
		{"a range", &hermes.NumberAddRangeRequest{Start: number("+4773500900"), End: number("+4773500999")}, "number/add_range", ""},
		{"a range that goes on", &hermes.NumberAddRangeRequest{Start: number("+4773500900"), End: number("+4773501000")}, "number/add_range", hermes.Forbidden},

		{"a phone", &hermes.PhoneAddRequest{MAC: phone1, User: bob}, "phone/add", ""},
		{"a phone without users", &hermes.PhoneAddRequest{MAC: mac.MustParse("00aabbccddee"), User: bob}, "phone/add", ""},
		{"a phone with a user elsewhere", &hermes.PhoneAddRequest{MAC: phone2, User: bob}, "phone/add", hermes.Forbidden},
		{"that of a user of one's own", &hermes.PhoneRemoveRequest{MAC: phone2, User: alice}, "phone/remove", hermes.Forbidden},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			mustPhoneAdd(t, e.client, phone2, alice)
			mustPhoneAdd(t, e.client, phone2, carol)
			_, err := nodeAt(t, tt.node).Call(t.Context(), e.withScope(scope), tt.req)
			wantCause(t, err, tt.want)
		})
	}
}

// The ends of a range are within the scope, and a number between them is not.
func TestClient_NumberAddRange_gapInScope(t *testing.T) {
	t.Parallel()
	c := newEnv(t).withScope(hermes.Scope{Numbers: "+47736000,+47736002"})
	_, err := c.NumberAddRange(t.Context(), hermes.NumberAddRangeRequest{Start: number("+4773600000"), End: number("+4773600299")})
	wantCause(t, err, hermes.Forbidden)
}

// A refusal by scope is written to the audit log.
func TestClient_scope_audit(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	e := newEnv(t).withOptions(t, func(o *hermes.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	_, err := e.withScope(foreign).UserGet(t.Context(), hermes.UserGetRequest{User: alice})
	wantCause(t, err, hermes.Forbidden)
	_, err = e.withScope(hermes.Scope{Nodes: "phone/*"}).UserGet(t.Context(), hermes.UserGetRequest{User: alice})
	wantCause(t, err, hermes.Forbidden)
	if n := strings.Count(log.String(), "event=user/get"); n != 2 || strings.Contains(log.String(), alice.String()) {
		t.Errorf("got %d audit lines, want one for each refusal, without the user:\n%s", n, log.String())
	}
}

func TestClient_PhoneGet_scope(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustPhoneAdd(t, e.client, phone1, carol)
	for s, want := range map[hermes.Scope][]string{
		{}:                       {"alice@example.com", "carol@far.example"},
		{Domains: "example.com"}: {"alice@example.com"},
		{Domains: "far.example"}: {"carol@far.example"},
		foreign:                  nil,
	} {
		res, err := e.withScope(s).PhoneGet(t.Context(), hermes.PhoneGetRequest{MAC: phone1})
		if want == nil {
			wantCause(t, err, hermes.NotFound)
		} else if err != nil || !slices.Equal(res.List, want) {
			t.Errorf("%+v: got %v, %v; want %v", s, res.List, err, want)
		}
	}
}

func TestClient_DomainList_scope(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	res, err := e.withScope(hermes.Scope{Domains: "example.com,far.example"}).DomainList(t.Context(), hermes.DomainListRequest{})
	if err != nil || !slices.Equal(res.List, []sip.Domain{domain("example.com")}) {
		t.Errorf("got %v, %v; want the domain of the scope that is served", res.List, err)
	}
}

// What hangs on a user is named only if it is within the scope.
func TestClient_UserRemove_scope(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustAliasAdd(t, e.client, addr("secret@example.net"), bob)
	_, err := e.withScope(hermes.Scope{Domains: "example.com"}).UserRemove(t.Context(), hermes.UserRemoveRequest{User: bob})
	he := wantCause(t, err, hermes.InUse)
	if strings.Contains(he.Detail, "secret") || !strings.Contains(he.Detail, "sales@example.com") {
		t.Errorf("got the detail %q, want that of the scope named and no other", he.Detail)
	}
}

// The E.164 alias that a destination has is named only if it is within the scope.
func TestClient_AliasAdd_scope(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustAliasAdd(t, e.client, addr("+4773600001@example.com"), bob)
	c := e.withScope(hermes.Scope{Numbers: "+4773500"})
	_, err := c.AliasAdd(t.Context(), hermes.AliasAddRequest{Alias: addr("+4773500001@example.com"), Destination: bob})
	if he := wantCause(t, err, hermes.Exists); strings.Contains(he.Detail, "+47736") {
		t.Errorf("got the detail %q, want no alias in it", he.Detail)
	}
	_, err = c.NumberAssign(t.Context(), hermes.NumberAssignRequest{User: bob, Number: inPool})
	if he := wantCause(t, err, hermes.Exists); strings.Contains(he.Detail, "+47736") {
		t.Errorf("got the detail %q, want no alias in it", he.Detail)
	}
}

// A number is released by itself if the alias that has it is within the scope.
func TestClient_NumberRelease_scope(t *testing.T) {
	t.Parallel()
	n := e164.MustParse("+4773500001")
	for _, tt := range []struct {
		rule    string
		aliases []string
		want    hermes.Cause
	}{
		{"within the scope", []string{"example.net"}, ""},
		{"outside of it", []string{"example.com"}, hermes.NotFound},
		{"both", []string{"example.com", "example.net"}, hermes.InUse},
	} {
		e := newEnv(t)
		for _, d := range tt.aliases {
			mustAliasAdd(t, e.client, addr(n.String()+"@"+d), addr("x@far.example"+d[7:]))
		}
		_, err := e.withScope(hermes.Scope{Domains: "example.net"}).NumberRelease(t.Context(), hermes.NumberReleaseRequest{Number: n})
		if tt.want == "" && err != nil || tt.want != "" && !strings.Contains(fmt.Sprint(err), string(tt.want)) {
			t.Errorf("%s: got %v, want the cause %q", tt.rule, err, tt.want)
		}
	}
}
