package hermes_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
)

func TestClient_UserOnboard(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	joan := addr("joan@example.com")
	res, err := e.client.UserOnboard(t.Context(), hermes.UserOnboardRequest{
		User: joan, DisplayName: "Joan", Email: "joan@example.org", PermittedCalls: "old", MACs: []mac.Addr{phone2, phone1, phone2},
		Number: inPool, AliasDomain: domain("example.net"), Permissions: []string{"local", "intl"},
	})
	wantCause(t, err, "")
	wantEqual(t, res, hermes.UserOnboardResponse{
		User: mustUserGet(t, e.client, joan), Phones: []hermes.UserPhone{{MAC: phone2, Line: 1}, {MAC: phone1, Line: 2}},
		Number: inPool, Alias: addr("+4773500001@example.net"),
	})
	if res.User.DisplayName != "Joan" || res.User.Email.Value != "joan@example.org" || res.User.PermittedCalls.Value != "intl,local" ||
		len(res.User.Password.Value.Reveal()) != 20 {
		t.Errorf("got %+v, want the fields of the request and a generated password", res.User)
	}
	shown, err := e.client.UserShow(t.Context(), hermes.UserShowRequest{Number: inPool})
	wantCause(t, err, "")
	wantEqual(t, shown.Users, []hermes.ShownUser{{
		UserObject: res.User, Phones: []hermes.UserPhone{{MAC: phone1, Line: 2}, {MAC: phone2, Line: 1}}, Aliases: addrs("+4773500001@example.net"),
		Numbers: numbers("+4773500001"), Permissions: []string{"intl", "local"},
	}})
}

// Whatever is refused, nothing is left behind.
func TestClient_UserOnboard_refused(t *testing.T) {
	t.Parallel()
	joan := addr("joan@example.com")
	for _, tt := range []struct {
		why   string
		req   hermes.UserOnboardRequest
		cause hermes.Cause
	}{
		{"the address is taken", hermes.UserOnboardRequest{User: alice, MACs: []mac.Addr{phone2}, Number: inPool}, hermes.Exists},
		{"the number is not in the pool", hermes.UserOnboardRequest{
			User: joan, MACs: []mac.Addr{phone2}, Number: number("+4773500099"), Permissions: []string{"local"},
		}, hermes.NotFound},
		{"no number matches", hermes.UserOnboardRequest{User: joan, MACs: []mac.Addr{phone2}, Search: mustPattern(t, "+99*")}, hermes.Empty},
		{"the alias' domain is not served", hermes.UserOnboardRequest{
			User: joan, MACs: []mac.Addr{phone2}, Random: true, AliasDomain: domain("far.example"),
		}, hermes.UnknownDomain},
		{"the domain has no servers", hermes.UserOnboardRequest{User: addr("joan@example.net")}, hermes.NoServers},
		{"a domain for an alias without a number", hermes.UserOnboardRequest{User: joan, AliasDomain: domain("example.net")}, hermes.Parameters},
		{"a number and a search", hermes.UserOnboardRequest{User: joan, Number: inPool, Random: true}, hermes.Parameters},
		{"no permission has a blank", hermes.UserOnboardRequest{User: joan, Permissions: []string{"a b"}}, hermes.Parameters},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			before := takeSnapshot(t, e.store, hermes.Credentials{})
			_, err := e.client.UserOnboard(t.Context(), tt.req)
			wantCause(t, err, tt.cause)
			wantEqual(t, takeSnapshot(t, e.store, hermes.Credentials{}), before)
		})
	}
}
