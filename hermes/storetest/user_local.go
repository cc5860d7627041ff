package storetest

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func testAddLocalUser(t *testing.T, open openFunc) {
	t.Run("a user gets the servers of its domain in place of its own, and everything else as given", func(t *testing.T) {
		f := open(t)
		f.Serve(t, "Example.COM")
		mustSetServers(t, f.Store, "example.com")
		for _, u := range []hermes.User{localUser("alice@example.com"), minimalUser("bob@example.com")} {
			wantAddedLocal(t, f.Store, u, hermes.UserSite{Served: true, Servers: servers("example.com")})
			wantUser(t, f.Store, withServers(u, servers("example.com")))
		}
		wantUsers(t, f.Store, hermes.UserQuery{Limit: 10},
			hermes.UserEntry{User: addr("alice@example.com"), DisplayName: localUser("alice@example.com").DisplayName},
			hermes.UserEntry{User: addr("bob@example.com")})
	})
	t.Run("whether Kamailio's table has the domain is returned and decides nothing", func(t *testing.T) {
		s := open(t).Store
		mustSetServers(t, s, "example.com", "sub.example.com")
		u := localUser("alice@example.com")
		wantAddedLocal(t, s, u, hermes.UserSite{Servers: servers("example.com")})
		wantUser(t, s, withServers(u, servers("example.com")))
	})
	t.Run("without servers of that very domain it is NotFound, and nothing is made", func(t *testing.T) {
		f := open(t)
		f.Serve(t, "example.com")
		mustSetServers(t, f.Store, "example.net", "sub.example.com")
		must(t, f.Store.SetGroups(t.Context(), addr("alice@example.com"), []string{"intl"}))
		wantNotAddedLocal(t, f.Store, localUser("alice@example.com"), hermes.NotFound, hermes.UserSite{Served: true})
		wantNoUser(t, f.Store, addr("alice@example.com"))
		wantGroups(t, f.Store, addr("alice@example.com"), "intl")
	})
	t.Run("an address that a user or an alias has is Exists, and nothing is changed", func(t *testing.T) {
		f := open(t)
		f.Serve(t, "example.com")
		mustSetServers(t, f.Store, "example.com")
		testAddHeldLocalUser(t, f.Store, hermes.UserSite{Served: true, Servers: servers("example.com")})
	})
	t.Run("Exists comes before NotFound", func(t *testing.T) {
		testAddHeldLocalUser(t, open(t).Store, hermes.UserSite{})
	})
	t.Run("addresses are compared exactly", func(t *testing.T) {
		s := open(t).Store
		mustSetServers(t, s, "example.com")
		mustAddUser(t, s, localUser("Alice@example.com"), localUser("alice@example.net"))
		mustAddAlias(t, s, alias("ALICE@example.com", "alice@example.com"))
		wantAddedLocal(t, s, localUser("alice@example.com"), hermes.UserSite{Servers: servers("example.com")})
	})
	t.Run("groups that were left under the address are removed, and those of others stay", func(t *testing.T) {
		s := open(t).Store
		mustSetServers(t, s, "example.com")
		for _, a := range []string{"alice@example.com", "Alice@example.com", "alice@example.net"} {
			must(t, s.SetGroups(t.Context(), addr(a), []string{"intl", "local"}))
		}
		must(t, errorOf(s.AddLocalUser(t.Context(), localUser("alice@example.com"))))
		wantGroups(t, s, addr("alice@example.com"))
		wantGroups(t, s, addr("Alice@example.com"), "intl", "local")
		wantGroups(t, s, addr("alice@example.net"), "intl", "local")
	})
	t.Run("in a transaction it sees what that wrote, and goes on after a bare cause", func(t *testing.T) {
		testAddLocalUserInTx(t, open(t).Store)
	})
}

// testAddHeldLocalUser adds users at addresses that a local user, a remote one, an alias, and a
// user and an alias have. site is what AddLocalUser finds, but for the holder.
func testAddHeldLocalUser(t *testing.T, s hermes.Store, site hermes.UserSite) {
	t.Helper()
	local, remote, both := localUser("alice@example.com"), remoteUser("far@example.com"), localUser("both@example.com")
	mustAddUser(t, s, local, remote, both)
	mustAddAlias(t, s, alias("sales@example.com", "alice@example.com"), alias("both@example.com", "alice@example.com"))
	must(t, s.SetGroups(t.Context(), local.Address, []string{"intl"}))
	for _, u := range []hermes.User{local, remote, both} {
		site.Holder = hermes.HeldByUser
		wantNotAddedLocal(t, s, minimalUser(u.Address.String()), hermes.Exists, site)
		wantUser(t, s, u)
	}
	site.Holder = hermes.HeldByAlias
	wantNotAddedLocal(t, s, minimalUser("sales@example.com"), hermes.Exists, site)
	wantNoUser(t, s, addr("sales@example.com"))
	wantGroups(t, s, local.Address, "intl")
}

func testAddLocalUserInTx(t *testing.T, s hermes.Store) {
	u := localUser("alice@example.com")
	err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
		wantNotAddedLocal(t, tx, u, hermes.NotFound, hermes.UserSite{})
		mustSetServers(t, tx, "example.com")
		wantAddedLocal(t, tx, u, hermes.UserSite{Servers: servers("example.com")})
		wantNotAddedLocal(t, tx, u, hermes.Exists,
			hermes.UserSite{Holder: hermes.HeldByUser, Servers: servers("example.com")})
		return nil
	})
	must(t, err)
	wantUser(t, s, withServers(u, servers("example.com")))
	err = s.Tx(t.Context(), nil, func(tx hermes.Store) error {
		must(t, errorOf(tx.AddLocalUser(t.Context(), localUser("bob@example.com"))))
		return errOwn
	})
	wantError(t, err, errOwn)
	wantNoUser(t, s, addr("bob@example.com"))
}

// withServers returns the user with the servers of its domain.
func withServers(u hermes.User, v hermes.Servers) hermes.User {
	u.Registrar, u.RPort, u.Proxy, u.PPort = v.Registrar, v.RPort, v.Proxy, v.PPort
	return u
}

func mustSetServers(t *testing.T, s hermes.Store, names ...string) {
	t.Helper()
	for _, name := range names {
		must(t, s.SetServers(t.Context(), servers(name)))
	}
}

// wantAddedLocal adds a user and checks what AddLocalUser found.
func wantAddedLocal(t *testing.T, s hermes.Store, u hermes.User, want hermes.UserSite) {
	t.Helper()
	got, err := s.AddLocalUser(t.Context(), u)
	wantEqual(t, got, err, want)
}

// wantNotAddedLocal checks that a user cannot be added, and what AddLocalUser found.
func wantNotAddedLocal(t *testing.T, s hermes.Store, u hermes.User, cause hermes.Cause, want hermes.UserSite) {
	t.Helper()
	got, err := s.AddLocalUser(t.Context(), u)
	wantCause(t, err, cause)
	wantEqual(t, got, nil, want)
}

// testKamailioAddLocalUser adds users beside rows of other tools.
func testKamailioAddLocalUser(t *testing.T, open openFunc) {
	openWithServers := func(t *testing.T) Fixture {
		f := open(t)
		mustSetServers(t, f.Store, "example.com")
		return f
	}
	exists := func(h hermes.Holder) hermes.UserSite {
		return hermes.UserSite{Holder: h, Servers: servers("example.com")}
	}
	t.Run("an address that only Kamailio's table has is Exists, and the row stays", func(t *testing.T) {
		f := openWithServers(t)
		bob := kamctlUser("bob@example.com")
		addSubscriber(t, f, bob)
		f.Kamailio.AddGroup(t, "bob", "example.com", "intl")
		wantNotAddedLocal(t, f.Store, localUser("bob@example.com"), hermes.Exists, exists(hermes.HeldByUser))
		wantUser(t, f.Store, bob)
		wantGroups(t, f.Store, bob.Address, "intl")
	})
	t.Run("an address that only Hermes' table has is Exists", func(t *testing.T) {
		f := openWithServers(t)
		mustAddUser(t, f.Store, localUser("alice@example.com"))
		f.Kamailio.RemoveSubscriber(t, "alice", "example.com")
		wantNotAddedLocal(t, f.Store, localUser("alice@example.com"), hermes.Exists, exists(hermes.HeldByUser))
	})
	t.Run("an address that several rows of aliases have is Exists", func(t *testing.T) {
		f := openWithServers(t)
		addAliasRow(t, f, alias("sales@example.com", "alice@example.com"))
		addAliasRow(t, f, alias("sales@example.com", "bob@example.com"))
		wantNotAddedLocal(t, f.Store, localUser("sales@example.com"), hermes.Exists, exists(hermes.HeldByAlias))
	})
	t.Run("groups that another tool left are removed, whatever their names", func(t *testing.T) {
		f := openWithServers(t)
		for _, name := range []string{"intl", "Ø x", ""} {
			f.Kamailio.AddGroup(t, "alice", "example.com", name)
		}
		must(t, errorOf(f.Store.AddLocalUser(t.Context(), localUser("alice@example.com"))))
		wantGroups(t, f.Store, addr("alice@example.com"))
	})
	t.Run("the domain is served if a row has it in any case, and not if the row is empty or longer", func(t *testing.T) {
		f := openWithServers(t)
		f.Serve(t, "", "sub.example.com")
		site, err := f.Store.AddLocalUser(t.Context(), localUser("alice@example.com"))
		wantEqual(t, site, err, hermes.UserSite{Servers: servers("example.com")})
		f.Serve(t, "EXAMPLE.com", "example.COM")
		site, err = f.Store.AddLocalUser(t.Context(), localUser("bob@example.com"))
		wantEqual(t, site, err, hermes.UserSite{Served: true, Servers: servers("example.com")})
	})
}

// testKamailioRemoveUser removes users beside rows of other tools.
func testKamailioRemoveUser(t *testing.T, open openFunc) {
	bob := kamctlUser("bob@example.com")
	t.Run("a user that only Kamailio's table has was local", func(t *testing.T) {
		f := open(t)
		addSubscriber(t, f, bob)
		wantRemoved(t, f.Store, bob.Address, hermes.Local)
		wantNoUser(t, f.Store, bob.Address)
	})
	t.Run("a user that only Hermes' table has keeps its type", func(t *testing.T) {
		f := open(t)
		mustAddUser(t, f.Store, localUser("alice@example.com"))
		f.Kamailio.RemoveSubscriber(t, "alice", "example.com")
		wantRemoved(t, f.Store, addr("alice@example.com"), hermes.Local)
	})
	t.Run("of a remote user only Hermes' row is changed and removed; Kamailio's account and groups stay", func(t *testing.T) {
		f := open(t)
		mustAddUser(t, f.Store, remoteUser("bob@example.com"))
		addSubscriber(t, f, bob)
		f.Kamailio.AddGroup(t, "bob", "example.com", "intl")
		changed := remoteUser("bob@example.com")
		changed.Sealed, changed.DisplayName = "s", "another name"
		must(t, f.Store.SetUser(t.Context(), changed))
		wantUser(t, f.Store, changed)
		wantRemoved(t, f.Store, bob.Address, hermes.Remote)
		wantUser(t, f.Store, bob)
		wantGroups(t, f.Store, bob.Address, "intl")
		wantRemoved(t, f.Store, bob.Address, hermes.Local)
		wantGroups(t, f.Store, bob.Address)
	})
	t.Run("a user that only Kamailio's table has is InUse, too", func(t *testing.T) {
		f := open(t)
		addSubscriber(t, f, bob)
		addAliasRow(t, f, hermes.Alias{Alias: sip.Unchecked("any thing", ""), Destination: bob.Address})
		wantCause(t, errorOf(f.Store.RemoveUser(t.Context(), bob.Address)), hermes.InUse)
		wantUser(t, f.Store, bob)
	})
}

// wantRemoved removes a user that has a type, and checks that all of it is returned.
func wantRemoved(t *testing.T, s hermes.Store, a sip.Addr, userType hermes.UserType) {
	t.Helper()
	u, err := s.User(t.Context(), a)
	must(t, err)
	if u.Type != userType {
		t.Fatalf("%s is %s, want %s", a, u.Type, userType)
	}
	var groups []string
	if userType == hermes.Local {
		groups, err = s.Groups(t.Context(), a)
		must(t, err)
	}
	got, err := s.RemoveUser(t.Context(), a)
	wantEqual(t, got.User, err, u)
	wantList(t, got.Groups, err, groups)
}
