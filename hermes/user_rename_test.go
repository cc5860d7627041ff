package hermes_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

var alison = addr("alison@example.com")

func mustUserRename(t testing.TB, c *hermes.Client, from, to sip.Addr) {
	t.Helper()
	if _, err := c.UserRename(t.Context(), hermes.UserRenameRequest{User: from, NewUser: to}); err != nil {
		t.Fatal(err)
	}
}

func TestClient_UserRename(t *testing.T) {
	t.Parallel()
	for name, change := range suspendModes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var dropped []sip.Addr
			e := newEnvWith(t, func(o *hermes.Options) {
				change(o)
				o.DropContacts = func(a sip.Addr) { dropped = append(dropped, a) }
			})
			mustUserUpdate(t, e.client, hermes.UserUpdateRequest{User: alice, Email: hermes.Some("a@example.org"), RPort: hermes.Some(5070)})
			mustUserPermissions(t, e.client, hermes.UserPermissionsRequest{User: alice, Permissions: hermes.Some([]string{"local"})})
			mustAliasAdd(t, e.client, addr("a@example.net"), alice)
			mustNumberAssign(t, e.client, hermes.NumberAssignRequest{User: alice, Number: inPool})
			before := mustUserGet(t, e.client, alice)
			res, err := e.client.UserRename(t.Context(), hermes.UserRenameRequest{User: alice, NewUser: alison, KeepAlias: true})
			wantCause(t, err, "")
			wantEqual(t, res, hermes.UserRenameResponse{
				User: alison, Phones: []mac.Addr{phone1}, Aliases: addrs("+4773500001@example.com", "a@example.net"),
			})
			// The hashes are those of a user who has had the address from the beginning.
			other := newEnvWith(t, change)
			mustUserAdd(t, other.client, hermes.UserAddRequest{User: alison})
			mustUserChangePw(t, other.client, alison, before.Password.Value.Reveal())
			want, fresh := before, mustUserGet(t, other.client, alison)
			want.User, want.Username, want.AuthID, want.HA1, want.HA1B = alison, "alison", "alison", fresh.HA1, fresh.HA1B
			shown, err := e.client.UserShow(t.Context(), hermes.UserShowRequest{User: alison})
			wantCause(t, err, "")
			wantEqual(t, shown.Users, []hermes.ShownUser{{
				UserObject: want, Phones: []hermes.UserPhone{{MAC: phone1, Line: 1}},
				Aliases: addrs("+4773500001@example.com", "a@example.net", "alice@example.com"),
				Numbers: numbers("+4773500001"), Permissions: []string{"local"},
			}})
			if got := storedUser(t, e.store, alison).Clear; got != storedUser(t, other.store, alison).Clear {
				t.Errorf("stored the clear password %q", got)
			}
			_, err = e.client.UserGet(t.Context(), hermes.UserGetRequest{User: alice})
			wantCause(t, err, hermes.NotFound)
			wantEqual(t, dropped, []sip.Addr{alice})
		})
	}
}

func TestClient_UserRename_authid(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ why, before, after string }{
		{"the name follows", "alice", "alison"},
		{"the address follows", "alice@example.com", "alison@example.com"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			mustUserUpdate(t, e.client, hermes.UserUpdateRequest{User: alice, AuthID: hermes.Some(tt.before)})
			mustUserRename(t, e.client, alice, alison)
			if got := mustUserGet(t, e.client, alison).AuthID; got != tt.after {
				t.Errorf("got the authid %q, want %q", got, tt.after)
			}
		})
	}
	t.Run("that of a remote account, which is another, stays", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		mustUserUpdate(t, e.client, hermes.UserUpdateRequest{User: carol, AuthID: hermes.Some("9901")})
		mustUserRename(t, e.client, carol, addr("caroline@far.example"))
		got := mustUserGet(t, e.client, addr("caroline@far.example"))
		if got.AuthID != "9901" || got.Password.Value.Reveal() != "åpen" || got.Registrar != domain("sip.far.example") {
			t.Errorf("got %+v, want the account with another address", got)
		}
	})
}

// In another domain the user gets the servers of that domain.
func TestClient_UserRename_domain(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	to := addr("alice@example.net")
	_, err := e.client.UserRename(t.Context(), hermes.UserRenameRequest{User: alice, NewUser: to})
	wantCause(t, err, hermes.NoServers)
	_, err = e.client.DomainSetServers(t.Context(), hermes.DomainSetServersRequest{
		Domain: domain("example.net"), Registrar: domain("reg.example.net"), RPort: 5062, Proxy: domain("proxy.example.net"), PPort: 5063,
		ProvURL: "https://prov.example.net/",
	})
	wantCause(t, err, "")
	mustUserRename(t, e.client, alice, to)
	if u := storedUser(t, e.store, to); u.Registrar != domain("reg.example.net") || u.RPort != 5062 || u.Proxy != domain("proxy.example.net") || u.PPort != 5063 {
		t.Errorf("got %+v, want the servers of the new domain", u)
	}
}

func TestClient_UserRename_suspended(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	password := mustUserGet(t, e.client, alice).Password
	mustUserSuspend(t, e.client, alice, "unpaid")
	mustUserRename(t, e.client, alice, alison)
	got := mustUserGet(t, e.client, alison)
	if !got.Suspended || got.SuspendedReason != "unpaid" || got.Password != password {
		t.Errorf("got %+v, want the suspended user with the password", got)
	}
	locked := storedUser(t, e.store, alison)
	mustUserResume(t, e.client, alison)
	other := newEnv(t)
	mustUserAdd(t, other.client, hermes.UserAddRequest{User: alison})
	mustUserChangePw(t, other.client, alison, password.Value.Reveal())
	want, resumed := storedUser(t, other.store, alison), storedUser(t, e.store, alison)
	if resumed.HA1 != want.HA1 || resumed.HA1B != want.HA1B || locked.HA1 == want.HA1 || locked.HA1B == want.HA1B {
		t.Errorf("stored %+v and then %+v, want random hashes and then those of the password", locked, resumed)
	}
}

func TestClient_UserRename_refused(t *testing.T) {
	t.Parallel()
	unknown := func(u *hermes.User) { u.HA1, u.HA1B, u.Clear = "1", "2", "" }
	for _, tt := range []struct {
		why      string
		from, to sip.Addr
		change   func(*hermes.User)
		cause    hermes.Cause
	}{
		{"no such user", addr("nobody@example.com"), alison, nil, hermes.NotFound},
		{"a user has the address", alice, bob, nil, hermes.Exists},
		{"an alias has the address", alice, addr("sales@example.com"), nil, hermes.Exists},
		{"the domain is not served", alice, addr("alice@far.example"), nil, hermes.UnknownDomain},
		{"a remote user in a domain that is served", carol, addr("carol@example.com"), nil, hermes.Rejected},
		{"the password is not known", alice, alison, unknown, hermes.Rejected},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			if tt.change != nil {
				mustChangeStored(t, e.store, tt.from, tt.change)
			}
			before := takeSnapshot(t, e.store, hermes.Credentials{})
			_, err := e.client.UserRename(t.Context(), hermes.UserRenameRequest{User: tt.from, NewUser: tt.to})
			wantCause(t, err, tt.cause)
			wantEqual(t, takeSnapshot(t, e.store, hermes.Credentials{}), before)
		})
	}
	t.Run("the old address would be an alias outside of the scope", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		from := addr("+4673500001@example.com")
		mustUserAdd(t, e.client, hermes.UserAddRequest{User: from})
		before := takeSnapshot(t, e.store, hermes.Credentials{})
		scoped := e.client.As(hermes.Actor{Access: hermes.FullWrite, Scope: hermes.Scope{Domains: "example.com", Numbers: "+4773"}})
		_, err := scoped.UserRename(t.Context(), hermes.UserRenameRequest{User: from, NewUser: alison, KeepAlias: true})
		wantCause(t, err, hermes.Forbidden)
		wantEqual(t, takeSnapshot(t, e.store, hermes.Credentials{}), before)
		_, err = scoped.UserRename(t.Context(), hermes.UserRenameRequest{User: from, NewUser: alison})
		wantCause(t, err, "")
	})
	t.Run("to itself nothing is done", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		before := takeSnapshot(t, e.store, hermes.Credentials{})
		mustUserRename(t, e.client, alice, alice)
		wantEqual(t, takeSnapshot(t, e.store, hermes.Credentials{}), before)
	})
}

// The audit entry has the user under both addresses, and the password is not among the changes.
func TestClient_UserRename_audit(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustAliasAdd(t, e.client, addr("a@example.net"), alice)
	mustUserRename(t, e.client, alice, alison)
	for _, subject := range []string{"alice@example.com", "alison@example.com", "001122334455", "a@example.net"} {
		res, err := e.client.AuditList(t.Context(), hermes.AuditListRequest{Subject: subject, Limit: 1})
		wantCause(t, err, "")
		got := mustCollect(t, res.List)
		if len(got) != 1 || got[0].Node != "user/rename" || got[0].Subject != "alice@example.com" {
			t.Errorf("of %s the newest entry is %+v, want that of user/rename", subject, got)
			continue
		}
		var texts []string
		for _, c := range got[0].Changes {
			texts = append(texts, c.Field+": "+c.From+" > "+c.To)
		}
		wantEqual(t, texts, []string{
			"user: alice@example.com > alison@example.com", "authid: alice > alison",
			"mac: 001122334455 > ", "user: alice@example.com > ", "line: 1 > ",
			"mac:  > 001122334455", "user:  > alison@example.com", "line:  > 1",
			"alias: a@example.net > ", "destination: alice@example.com > ", "alias:  > a@example.net", "destination:  > alison@example.com",
		})
	}
}
