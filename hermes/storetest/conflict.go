package storetest

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// testKamailioConflicts tests what the rows of other tools are in the way of: their domains are
// compared without regard to case, their user names exactly.
func testKamailioConflicts(t *testing.T, open openFunc) {
	upper := sip.Unchecked("bob", "Example.COM")
	t.Run("a user has the address", func(t *testing.T) {
		f := open(t)
		addSubscriber(t, f, hermes.User{Address: upper})
		wantHolder(t, f.Store, addr("bob@example.com"), hermes.HeldByUser)
		wantHolder(t, f.Store, addr("Bob@example.com"), hermes.HeldByNone)
		wantHolder(t, f.Store, addr("bob@example.co"), hermes.HeldByNone)
		mustSetServers(t, f.Store, "example.com")
		want := hermes.UserSite{Holder: hermes.HeldByUser, Servers: servers("example.com")}
		wantNotAddedLocal(t, f.Store, localUser("bob@example.com"), hermes.Exists, want)
		wantNoUser(t, f.Store, addr("bob@example.com"))
		wantAliasSite(t, f.Store, alias("bob@example.com", "far@far.example"), hermes.AliasSite{Holder: hermes.HeldByUser})
	})
	t.Run("Hermes' own row has it", func(t *testing.T) {
		f := open(t)
		addSubscriber(t, f, hermes.User{Address: upper})
		must(t, f.Store.SetUser(t.Context(), hermes.User{Address: upper, Type: hermes.Local, HA1: "1", HA1B: "2"}))
		f.Kamailio.RemoveSubscriber(t, "bob", "Example.COM")
		wantHolder(t, f.Store, addr("bob@example.com"), hermes.HeldByUser)
	})
	t.Run("an alias has it", func(t *testing.T) {
		f := open(t)
		addAliasRow(t, f, hermes.Alias{Alias: upper, Destination: addr("far@far.example")})
		wantHolder(t, f.Store, addr("bob@example.com"), hermes.HeldByAlias)
		mustSetServers(t, f.Store, "example.com")
		want := hermes.UserSite{Holder: hermes.HeldByAlias, Servers: servers("example.com")}
		wantNotAddedLocal(t, f.Store, localUser("bob@example.com"), hermes.Exists, want)
	})
	t.Run("aliases lead to the user", func(t *testing.T) {
		f := open(t)
		mustAddUser(t, f.Store, localUser("bob@example.com"))
		a := hermes.Alias{Alias: sip.Unchecked("+4711", "EXAMPLE.com"), Destination: upper}
		addAliasRow(t, f, a)
		addAliasRow(t, f, hermes.Alias{Alias: addr("other@example.com"), Destination: sip.Unchecked("Bob", "example.com")})
		wantCause(t, errorOf(f.Store.RemoveUser(t.Context(), addr("bob@example.com"))), hermes.InUse)
		wantAliasSite(t, f.Store, alias("new@example.com", "bob@example.com"),
			hermes.AliasSite{IsUser: true, NumberAlias: a.Alias})
		wantAliases(t, f.Store, hermes.AliasQuery{Destination: addr("bob@example.com"), AnyCase: true, Limit: 9}, a)
		wantAliases(t, f.Store, hermes.AliasQuery{Destination: addr("bob@example.com"), Limit: 9})
		must(t, errorOf(f.Store.RemoveAlias(t.Context(), a.Alias)))
		wantRemoved(t, f.Store, addr("bob@example.com"), hermes.Local)
	})
	t.Run("a text that no row can have is in none", func(t *testing.T) {
		f := open(t)
		for _, a := range []sip.Addr{sip.Unchecked("\xff", "example.com"), sip.Unchecked("bob", "a\x00b")} {
			wantNoUser(t, f.Store, a)
			wantHolder(t, f.Store, a, hermes.HeldByNone)
			wantAliases(t, f.Store, hermes.AliasQuery{Alias: a, Limit: 9})
			wantUsers(t, f.Store, hermes.UserQuery{After: a, Limit: 9})
		}
	})
}
