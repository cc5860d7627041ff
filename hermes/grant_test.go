package hermes_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// mustSetScope stores the rights of a user with a scope.
func mustSetScope(t testing.TB, e *env, user string, access hermes.Access, s hermes.Scope) {
	t.Helper()
	a := hermes.Authorization{Principal: userPrincipalOf(user), Access: access, Scope: s}
	if err := e.store.SetAuthorization(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

func userPrincipalOf(user string) hermes.Principal {
	return hermes.Principal{Kind: hermes.UserPrincipal, Name: user}
}

func keyPrincipalOf(key hermes.Secret) hermes.Principal {
	return hermes.Principal{Kind: hermes.KeyPrincipal, Name: idOf(key)}
}

func scopeOf(t testing.TB, e *env, p hermes.Principal) hermes.Scope {
	t.Helper()
	a, err := e.store.Authorization(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return a.Scope
}

// customer is the scope of an administrator in the tests of grants.
var customer = hermes.Scope{Domains: "example.com", Numbers: "+4773", Nodes: "auth/*,user/*"}

func TestClient_AuthAuthorize_scope(t *testing.T) {
	t.Parallel()
	narrow := hermes.Scope{Domains: "example.com", Numbers: "+47735", Nodes: "user/get"}
	for _, tt := range []struct {
		rule            string
		actor, present  hermes.Scope // present is that of the user before
		req             hermes.AuthAuthorizeRequest
		want            hermes.Scope
		cause           hermes.Cause
		withoutPresence bool // the user has no rights before
	}{
		{rule: "what is not named stays", present: narrow, req: hermes.AuthAuthorizeRequest{Numbers: "+46"},
			want: hermes.Scope{Domains: "example.com", Numbers: "+46", Nodes: "user/get"}},
		{rule: "a star lifts", present: narrow, req: hermes.AuthAuthorizeRequest{Domains: "*", Numbers: "*", Nodes: "*"}},
		{rule: "a new principal has the scope of the actor", actor: customer, withoutPresence: true, want: customer},
		{rule: "what is named takes its place", actor: customer, withoutPresence: true, req: hermes.AuthAuthorizeRequest{Nodes: "user/*"},
			want: hermes.Scope{Domains: "example.com", Numbers: "+4773", Nodes: "user/*"}},
		{rule: "narrower, by its administrator", actor: customer, present: customer, req: hermes.AuthAuthorizeRequest{Numbers: "+47735", Nodes: "user/get"},
			want: narrow},
		{rule: "as wide as the actor", actor: customer, present: narrow, req: hermes.AuthAuthorizeRequest{Numbers: "+4773", Nodes: "auth/*,user/*"}, want: customer},
		{rule: "a user who has more, and would have less", actor: customer, req: hermes.AuthAuthorizeRequest{Domains: "example.com", Numbers: "+4773", Nodes: "user/*"},
			cause: hermes.Forbidden},
		{rule: "more domains", actor: customer, present: narrow, req: hermes.AuthAuthorizeRequest{Domains: "example.com,example.net"}, cause: hermes.Forbidden},
		{rule: "more numbers", actor: customer, present: narrow, req: hermes.AuthAuthorizeRequest{Numbers: "+47"}, cause: hermes.Forbidden},
		{rule: "more nodes", actor: customer, present: narrow, req: hermes.AuthAuthorizeRequest{Nodes: "*/get"}, cause: hermes.Forbidden},
		{rule: "a star", actor: customer, present: narrow, req: hermes.AuthAuthorizeRequest{Domains: "*"}, cause: hermes.Forbidden},
		{rule: "more, for a new principal", actor: customer, withoutPresence: true, req: hermes.AuthAuthorizeRequest{Domains: "*"}, cause: hermes.Forbidden},
		{rule: "a malformed domain", req: hermes.AuthAuthorizeRequest{Domains: "-"}, cause: hermes.Parameters},
		{rule: "a malformed prefix", req: hermes.AuthAuthorizeRequest{Numbers: "47"}, cause: hermes.Parameters},
		{rule: "a malformed pattern", req: hermes.AuthAuthorizeRequest{Nodes: "user get"}, cause: hermes.Parameters},
		{rule: "a pattern that matches no node", req: hermes.AuthAuthorizeRequest{Nodes: "user/*,phone/gett"}, cause: hermes.Parameters},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			tt.req.User, tt.req.Access = "reader", hermes.LimitedRead
			if mustSetScope(t, e, "reader", hermes.LimitedRead, tt.present); tt.withoutPresence {
				if err := e.store.RemoveAuthorization(t.Context(), userPrincipalOf("reader")); err != nil {
					t.Fatal(err)
				}
			}
			res, err := e.withScope(tt.actor).AuthAuthorize(t.Context(), tt.req)
			if wantCause(t, err, tt.cause); tt.cause != "" {
				if !tt.withoutPresence && scopeOf(t, e, userPrincipalOf("reader")) != tt.present {
					t.Error("the scope has changed")
				}
				return
			}
			if got := scopeOf(t, e, userPrincipalOf("reader")); got != tt.want {
				t.Errorf("got the scope %+v, want %+v", got, tt.want)
			}
			want := hermes.ScopeObject{
				Domains: tt.want.DomainList(), Numbers: tt.want.NumberPrefixes(), Nodes: tt.want.NodePatterns(),
			}
			wantEqual(t, res, hermes.AuthAuthorizeResponse{User: "reader", Access: hermes.LimitedRead, ScopeObject: want})
		})
	}
}

// An administrator with a scope manages principals that have no more, and sees no others.
func TestClient_managesWithinScope(t *testing.T) {
	t.Parallel()
	within := hermes.Scope{Domains: "example.com", Numbers: "+4773", Nodes: "user/*"}
	for _, tt := range []struct {
		rule   string
		rights hermes.Scope
		want   hermes.Cause
	}{
		{"within the scope", within, ""},
		{"the same scope", customer, ""},
		{"no scope", hermes.Scope{}, hermes.Forbidden},
		{"more domains", hermes.Scope{Domains: "example.com,example.net", Numbers: "+4773", Nodes: "user/*"}, hermes.Forbidden},
		{"more numbers", hermes.Scope{Domains: "example.com", Nodes: "user/*"}, hermes.Forbidden},
		{"more nodes", hermes.Scope{Domains: "example.com", Numbers: "+4773", Nodes: "*"}, hermes.Forbidden},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			e, ctx := newEnv(t), t.Context()
			c := e.withScope(customer)
			key := mustNewKey(t, e.client, hermes.AuthNewKeyRequest{Host: "192.0.2.0/24", Access: hermes.LimitedRead})
			err := e.store.SetAuthorization(ctx, hermes.Authorization{
				Principal: keyPrincipalOf(key), Access: hermes.LimitedRead, Scope: tt.rights,
			})
			if err != nil {
				t.Fatal(err)
			}
			mustSetScope(t, e, "reader", hermes.LimitedRead, tt.rights)

			keys, err := c.AuthListKeys(ctx, hermes.AuthListKeysRequest{})
			if shown := len(keys.List) == 1; err != nil || shown != (tt.want == "") {
				t.Errorf("got the keys %v, %v; want the key if it is within the scope", keys.List, err)
			}
			users, err := c.AuthListUsers(ctx, hermes.AuthListUsersRequest{})
			if shown := len(users.List) == 1; err != nil || shown != (tt.want == "") {
				t.Errorf("got the users %v, %v; want the user if it is within the scope", users.List, err)
			}
			_, err = c.AuthUpdateUser(ctx, hermes.AuthUpdateUserRequest{User: "reader", Password: hermes.NewSecret("battery staple")})
			wantCause(t, err, tt.want)
			wantCause(t, removeAPIUser(t, c, "reader"), tt.want)
			_, err = c.AuthRemoveKey(ctx, hermes.AuthRemoveKeyRequest{Key: key})
			wantCause(t, err, tt.want)
		})
	}
}

// An administrator with a scope does not know of users without rights, whose passwords would open
// whatever they are given later.
func TestClient_managesWithinScope_noRights(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustAddCredential(t, e, "unauthorized")
	c := e.withScope(customer)
	_, err := c.AuthUpdateUser(t.Context(), hermes.AuthUpdateUserRequest{User: "unauthorized", Password: hermes.NewSecret(password)})
	wantCause(t, err, hermes.NotFound)
	wantCause(t, removeAPIUser(t, c, "unauthorized"), hermes.NotFound)
	mustRemoveAPIUser(t, e.client, "unauthorized")
}

// A new user has the scope of the actor.
func TestClient_AuthAddUser_scope(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	res, err := e.withScope(customer).AuthAddUser(t.Context(), hermes.AuthAddUserRequest{User: "new", Password: hermes.NewSecret(password)})
	if err != nil || !slices.Equal(res.Nodes, customer.NodePatterns()) {
		t.Fatalf("got %v, %v; want the scope of the actor", res, err)
	}
	if got := mustAuthenticate(t, e, mustLogin(t, e, "new")).Actor(); got.Scope != customer || got.Access != hermes.LimitedRead {
		t.Errorf("got the actor %+v, want limited_read with the scope", got)
	}
	mustChange := hermes.AuthUpdateUserRequest{User: "new", Password: hermes.NewSecret("battery staple")}
	if _, err := e.client.AuthUpdateUser(t.Context(), mustChange); err != nil || scopeOf(t, e, userPrincipalOf("new")) != customer {
		t.Errorf("after a change of the password: %v and the scope %+v, want that of before", err, scopeOf(t, e, userPrincipalOf("new")))
	}
}

// The scope is read from the store for each request.
func TestClient_Authenticate_changedScope(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	cred := mustLogin(t, e, "reader")
	for _, want := range []hermes.Scope{{}, {Domains: "example.net"}, {Domains: "example.com", Nodes: "user/*"}, {}} {
		mustSetScope(t, e, "reader", hermes.LimitedRead, want)
		if got := mustAuthenticate(t, e, cred).Actor().Scope; got != want {
			t.Errorf("got the scope %+v, want %+v", got, want)
		}
	}
	mustSetScope(t, e, "reader", hermes.LimitedRead, hermes.Scope{Domains: "example.net"})
	_, err := mustAuthenticate(t, e, cred).UserGet(t.Context(), hermes.UserGetRequest{User: alice})
	wantCause(t, err, hermes.Forbidden)
}

// A login that was verified before a change of the scope opens no session with the old one.
func TestClient_AuthAuthorize_scopeChangesEpoch(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	before, err := e.store.Authorization(t.Context(), userPrincipalOf("reader"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.client.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: "reader", Access: hermes.LimitedRead, Nodes: "user/*"})
	after, readErr := e.store.Authorization(t.Context(), userPrincipalOf("reader"))
	if err != nil || readErr != nil || after.Epoch == before.Epoch {
		t.Errorf("got %v, %v and the epoch %d, want another one", err, readErr, after.Epoch)
	}
}

// The last administrator is one without a scope, and is not narrowed.
func TestClient_lastAdminWithoutScope(t *testing.T) {
	t.Parallel()
	narrow := func(t *testing.T, e *env, user string) error {
		_, err := e.client.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{
			User: user, Access: hermes.FullWrite, Domains: "example.com",
		})
		return err
	}
	t.Run("the last one is not narrowed", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		wantCause(t, narrow(t, e, "admin"), hermes.InUse)
	})
	t.Run("one with a scope does not count", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		mustAuthorize(t, e.client, "writer", hermes.FullWrite)
		wantCause(t, narrow(t, e, "writer"), "")
		wantCause(t, narrow(t, e, "admin"), hermes.InUse)
		wantCause(t, removeAPIUser(t, e.client, "admin"), hermes.InUse)
		wantCause(t, authorize(t, e.client, "admin", hermes.FullRead), hermes.InUse)
		wantCause(t, removeAPIUser(t, e.client, "writer"), "")
	})
	t.Run("with another one it is narrowed", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		mustAuthorize(t, e.client, "writer", hermes.FullWrite)
		wantCause(t, narrow(t, e, "admin"), "")
	})
	t.Run("Bootstrap does not take one with a scope for it", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		mustSetScope(t, e, "admin", hermes.FullWrite, hermes.Scope{Numbers: "+47"})
		wantBootstrapped(t, e.client, false)
		wantCause(t, e.client.Bootstrap(t.Context(), "reader", hermes.Secret{}), "")
		wantBootstrapped(t, e.client, true)
		if got := scopeOf(t, e, userPrincipalOf("reader")); !got.IsZero() {
			t.Errorf("the new administrator has the scope %+v, want none", got)
		}
	})
	t.Run("Recover lifts the scope", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		mustSetScope(t, e, "admin", hermes.FullWrite, hermes.Scope{Numbers: "+47"})
		wantCause(t, e.client.Recover(t.Context(), "admin", hermes.Secret{}), "")
		if got := scopeOf(t, e, userPrincipalOf("admin")); !got.IsZero() {
			t.Errorf("the administrator has the scope %+v, want none", got)
		}
	})
	t.Run("both want an actor without a scope", func(t *testing.T) {
		t.Parallel()
		c := newEnv(t).withScope(hermes.Scope{Nodes: "auth/*"})
		wantCause(t, c.Bootstrap(t.Context(), "reader", hermes.Secret{}), hermes.Forbidden)
		wantCause(t, c.Recover(t.Context(), "reader", hermes.Secret{}), hermes.Forbidden)
	})
}

// randomLists returns lists of a grant: absent, a star, a random list or that of own.
func randomLists(t testing.TB, w scopeWorld, r *rand.Rand, own hermes.Scope) (domains, numbers, nodes hermes.ScopeList) {
	t.Helper()
	s := w.random(t, r)
	pick := func(own, other string) hermes.ScopeList {
		return hermes.ScopeList([]string{"", "*", own, own, own, other}[r.IntN(6)])
	}
	return pick(own.Domains, s.Domains), pick(own.Numbers, s.Numbers), pick(own.Nodes, s.Nodes)
}

// What is granted is never wider than what the grantor has, and nothing that is wider is changed:
// 10,000 random pairs of grantors and grants.
func TestClient_grantsNeverWider(t *testing.T) {
	t.Parallel()
	e, w, r := newEnv(t), newScopeWorld(), rand.New(rand.NewPCG(3, 4))
	outcomes := map[hermes.Cause]int{}
	for i := range 10_000 {
		own, present := w.random(t, r), w.random(t, r)
		if i%4 < 2 {
			present = own
		}
		c := e.withScope(own)
		domains, numbers, nodes := randomLists(t, w, r, own)
		p := userPrincipalOf("reader")
		var err error
		if i%2 == 0 {
			mustSetScope(t, e, "reader", hermes.LimitedRead, present)
			_, err = c.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{
				User: "reader", Access: hermes.LimitedWrite, Domains: domains, Numbers: numbers, Nodes: nodes,
			})
		} else {
			var res hermes.AuthNewKeyResponse
			res, err = c.AuthNewKey(t.Context(), hermes.AuthNewKeyRequest{
				Host: "192.0.2.7", Access: hermes.FullWrite, Domains: domains, Numbers: numbers, Nodes: nodes,
			})
			if present = (hermes.Scope{}); err == nil {
				p, present = keyPrincipalOf(res.Key), own
			}
		}
		if err != nil {
			outcomes[wantOneOf(t, err, hermes.Forbidden, hermes.Parameters)]++
			if got := scopeOf(t, e, userPrincipalOf("reader")); i%2 == 0 && got != present {
				t.Fatalf("refused, and yet the scope %+v became %+v", present, got)
			}
			continue
		}
		outcomes[""]++
		if what := w.wider(own, present); what != "" {
			t.Fatalf("%+v changed the rights of one with %+v, which allows %s too", own, present, what)
		}
		if got := scopeOf(t, e, p); w.wider(own, got) != "" {
			t.Fatalf("%+v granted %+v, which allows %s too", own, got, w.wider(own, got))
		}
	}
	if outcomes[""] < 500 || outcomes[hermes.Forbidden] < 500 {
		t.Errorf("got the outcomes %v, want more grants and refusals: the test shows nothing", outcomes)
	}
}

// wantOneOf checks that err has one of the causes, and returns it.
func wantOneOf(t testing.TB, err error, causes ...hermes.Cause) hermes.Cause {
	t.Helper()
	var e *hermes.Error
	if !errors.As(err, &e) || !slices.Contains(causes, e.Cause) {
		t.Fatalf("got %v, want one of the causes %v", err, causes)
	}
	return e.Cause
}
