package storetest

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func testUser(t *testing.T, open openFunc) {
	t.Run("AddUser", func(t *testing.T) { testAddUser(t, open) })
	t.Run("AddLocalUser", func(t *testing.T) { testAddLocalUser(t, open) })
	t.Run("SetUser", func(t *testing.T) { testSetUser(t, open) })
	t.Run("provisioning", func(t *testing.T) { testProvisioning(t, open) })
	t.Run("RenameUser", func(t *testing.T) { testRenameUser(t, open) })
	t.Run("RemoveUser", func(t *testing.T) { testRemoveUser(t, open) })
	t.Run("Users", func(t *testing.T) { testUsers(t, open) })
	t.Run("Groups", func(t *testing.T) { testGroups(t, open) })
	t.Run("Holder", func(t *testing.T) { testHolder(t, open) })
}

func testAddUser(t *testing.T, open openFunc) {
	t.Run("a user is returned exactly as it was added", func(t *testing.T) {
		s := open(t).Store
		long := localUser(strings.Repeat("u", 64) + "@" + strings.Repeat("d", 60) + ".org")
		long.DisplayName = strings.Repeat("Ø", 128)
		users := []hermes.User{
			localUser("alice@example.com"), remoteUser("bob@far.example"), minimalUser("carol@example.com"), long,
		}
		for _, u := range users {
			mustAddUser(t, s, u)
			wantUser(t, s, u)
		}
	})
	t.Run("an address is a user once, of either type, and the first user stays", func(t *testing.T) {
		s := open(t).Store
		local, remote := localUser("alice@example.com"), remoteUser("bob@far.example")
		mustAddUser(t, s, local, remote)
		wantCause(t, s.AddUser(t.Context(), remoteUser("alice@example.com")), hermes.Exists)
		wantCause(t, s.AddUser(t.Context(), localUser("bob@far.example")), hermes.Exists)
		wantUser(t, s, local)
		wantUser(t, s, remote)
	})
	t.Run("user names are compared exactly, and the domain is part of the address", func(t *testing.T) {
		s := open(t).Store
		for _, a := range []string{"alice@example.com", "Alice@example.com", "alice@example.net"} {
			mustAddUser(t, s, localUser(a))
		}
		wantUser(t, s, localUser("Alice@example.com"))
		wantNoUser(t, s, addr("ALICE@example.com"))
		wantNoUser(t, s, addr("alic_@example.com"))
	})
}

func testSetUser(t *testing.T, open openFunc) {
	t.Run("a missing user is NotFound and is not made", func(t *testing.T) {
		s := open(t).Store
		u := localUser("alice@example.com")
		wantCause(t, s.SetUser(t.Context(), u), hermes.NotFound)
		wantNoUser(t, s, u.Address)
	})
	t.Run("every field is replaced, by zero values too, and no other user changes", func(t *testing.T) {
		s := open(t).Store
		other := localUser("bob@example.com")
		mustAddUser(t, s, localUser("alice@example.com"), other, remoteUser("far@far.example"))
		changed := localUser("alice@example.com")
		changed.Sealed, changed.HA1, changed.HA1B, changed.Clear = "\xff", "1", "2", ""
		changed.Registrar, changed.RPort, changed.DisplayName = domain("other.example"), 7, "Änders"
		changed.Email, changed.RPID, changed.PermittedCalls = "b@example.com", "r", "p"
		far := hermes.User{
			Address: addr("far@far.example"), Type: hermes.Remote,
			Sealed: "s", Registrar: domain("x.example"), RPort: 9,
		}
		for _, u := range []hermes.User{minimalUser("alice@example.com"), changed, changed, far} {
			must(t, s.SetUser(t.Context(), u))
			wantUser(t, s, u)
		}
		wantUser(t, s, other)
	})
}

func testRemoveUser(t *testing.T, open openFunc) {
	t.Run("a missing user is NotFound", func(t *testing.T) {
		s := open(t).Store
		wantCause(t, errorOf(s.RemoveUser(t.Context(), addr("alice@example.com"))), hermes.NotFound)
	})
	t.Run("the groups go too, the address is free, and no other user changes", func(t *testing.T) {
		s := open(t).Store
		alice, bob := localUser("alice@example.com"), localUser("bob@example.com")
		mustAddUser(t, s, alice, bob)
		must(t, s.SetGroups(t.Context(), alice.Address, []string{"local", "intl"}))
		must(t, s.SetGroups(t.Context(), bob.Address, []string{"intl"}))

		wantRemoved(t, s, alice.Address, hermes.Local)
		wantCause(t, errorOf(s.RemoveUser(t.Context(), alice.Address)), hermes.NotFound)
		wantNoUser(t, s, alice.Address)
		wantGroups(t, s, alice.Address)
		mustAddUser(t, s, alice)
		wantGroups(t, s, alice.Address)
		wantUser(t, s, bob)
		wantGroups(t, s, bob.Address, "intl")
	})
	t.Run("the user is returned", func(t *testing.T) {
		s := open(t).Store
		mustAddUser(t, s, localUser("alice@example.com"), remoteUser("bob@far.example"))
		wantRemoved(t, s, addr("bob@far.example"), hermes.Remote)
		wantRemoved(t, s, addr("alice@example.com"), hermes.Local)
	})
	t.Run("a user that has a phone or to which an alias leads is InUse, and nothing is removed", func(t *testing.T) {
		testRemoveUserInUse(t, open(t).Store)
	})
	t.Run("phones and aliases of others do not matter, nor an alias with the address of the user", func(t *testing.T) {
		s := open(t).Store
		mustAddUser(t, s, localUser("alice@example.com"), localUser("Alice@example.com"))
		for i, a := range []string{"Alice@example.com", "alice@example.net", "alic@example.com"} {
			mustAddAlias(t, s, alias("x"+a, a))
			mustAddPhone(t, s, onLine("001122334455", a, i+1))
		}
		mustAddAlias(t, s, alias("alice@example.com", "bob@example.com"))
		wantRemoved(t, s, addr("alice@example.com"), hermes.Local)
		wantCause(t, errorOf(s.RemoveUser(t.Context(), addr("Alice@example.com"))), hermes.InUse)
	})
	t.Run("NotFound comes before InUse", func(t *testing.T) {
		s := open(t).Store
		mustAddAlias(t, s, alias("sales@example.com", "alice@example.com"))
		mustAddPhone(t, s, phone("001122334455", "alice@example.com"))
		must(t, s.SetGroups(t.Context(), addr("alice@example.com"), []string{"intl"}))
		wantCause(t, errorOf(s.RemoveUser(t.Context(), addr("alice@example.com"))), hermes.NotFound)
		wantGroups(t, s, addr("alice@example.com"), "intl")
	})
	t.Run("where there is no user nothing is removed, in a transaction that goes on, too", func(t *testing.T) {
		s := open(t).Store
		must(t, s.SetGroups(t.Context(), addr("alice@example.com"), []string{"intl"}))
		must(t, s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			wantCause(t, errorOf(tx.RemoveUser(t.Context(), addr("alice@example.com"))), hermes.NotFound)
			return nil
		}))
		wantGroups(t, s, addr("alice@example.com"), "intl")
	})
}

func testRemoveUserInUse(t *testing.T, s hermes.Store) {
	for _, u := range []hermes.User{localUser("alice@example.com"), remoteUser("bob@far.example")} {
		wantInUse := func(thing string) {
			t.Helper()
			if err := errorOf(s.RemoveUser(t.Context(), u.Address)); err != error(hermes.InUse) {
				t.Fatalf("%s with %s: got %v, want the bare cause %s", u.Address, thing, err, hermes.InUse)
			}
			wantUser(t, s, u)
			wantGroups(t, s, u.Address, "intl")
		}
		mustAddUser(t, s, u)
		must(t, s.SetGroups(t.Context(), u.Address, []string{"intl"}))
		p := phone("001122334455", u.Address.String())
		mustAddPhone(t, s, p)
		wantInUse("a phone")
		for _, a := range []string{"sales@example.com", "+4711@example.com"} {
			mustAddAlias(t, s, alias(a, u.Address.String()))
			wantInUse("a phone and the alias " + a)
			must(t, removeAssociation(t.Context(), s, p))
			wantInUse("the alias " + a)
			must(t, errorOf(s.RemoveAlias(t.Context(), addr(a))))
			mustAddPhone(t, s, p)
		}
		must(t, removeAssociation(t.Context(), s, p))
		wantRemoved(t, s, u.Address, u.Type)
		if u.Type == hermes.Local {
			wantGroups(t, s, u.Address)
		} else {
			wantGroups(t, s, u.Address, "intl") // Kamailio's, and not of the remote user
		}
	}
}

func testUsers(t *testing.T, open openFunc) {
	t.Run("local and remote users are listed with their display names", func(t *testing.T) {
		s := open(t).Store
		mustAddUser(t, s, remoteUser("bob@far.example"), namedUser("alice@example.com", "Ålice"))
		wantUsers(t, s, hermes.UserQuery{Limit: 10},
			hermes.UserEntry{User: addr("alice@example.com"), DisplayName: "Ålice"},
			hermes.UserEntry{User: addr("bob@far.example"), DisplayName: "Bob"})
	})
}

func testGroups(t *testing.T, open openFunc) {
	t.Run("groups are in order, each once, and SetGroups replaces those of that address only", func(t *testing.T) {
		s := open(t).Store
		com, net := addr("alice@example.com"), addr("alice@example.net")
		wantGroups(t, s, com)
		must(t, s.SetGroups(t.Context(), net, []string{"x"}))
		must(t, s.SetGroups(t.Context(), com, []string{"b", "a", "B", "a", "_"}))
		wantGroups(t, s, com, "B", "_", "a", "b")
		must(t, s.SetGroups(t.Context(), com, []string{"c", "a"}))
		wantGroups(t, s, com, "a", "c")
		must(t, s.SetGroups(t.Context(), com, nil))
		wantGroups(t, s, com)
		wantGroups(t, s, net, "x")
	})
}

func testHolder(t *testing.T, open openFunc) {
	t.Run("an address is held by exactly that user or alias, by the user if both have it", func(t *testing.T) {
		s := open(t).Store
		mustAddUser(t, s, localUser("user@example.com"), remoteUser("remote@far.example"), localUser("both@example.com"))
		mustAddAlias(t, s, alias("both@example.com", "user@example.com"), alias("alias@example.com", "target@example.com"))
		wantHolder(t, s, addr("user@example.com"), hermes.HeldByUser)
		wantHolder(t, s, addr("remote@far.example"), hermes.HeldByUser)
		wantHolder(t, s, addr("both@example.com"), hermes.HeldByUser)
		wantHolder(t, s, addr("alias@example.com"), hermes.HeldByAlias)
		wantHolder(t, s, addr("target@example.com"), hermes.HeldByNone)
		wantHolder(t, s, addr("User@example.com"), hermes.HeldByNone)
		wantHolder(t, s, addr("alias@example.net"), hermes.HeldByNone)
	})
}

// localUser returns a user with a value in every field.
func localUser(address string) hermes.User {
	return hermes.User{
		Address: addr(address), Type: hermes.Local, Sealed: binaryText,
		Suspended: binaryText + "3", SuspendedReason: "unpaid “Ø”",
		HA1: "93dfce8dfebfae8af4a726982429d23a", HA1B: "5f3b4d392d62686136b6dcfbeec41c21", Clear: "wonder'land",
		AuthID: "auth-" + address, Registrar: domain("reg.example.com"), RPort: 65535, Proxy: domain("192.0.2.1"), PPort: 1,
		Dialplan: `x.T|'%_\`, DisplayName: "Ålice “Ø” 李 " + address, LineText: "line 1",
		Email: "alice@example.com", RPID: "<sip:+47@example.com>", PermittedCalls: "local,intl",
	}
}

// remoteUser returns a user with a value in every field that a remote user has.
func remoteUser(address string) hermes.User {
	return hermes.User{
		Address: addr(address), Type: hermes.Remote, Sealed: binaryText + "2",
		AuthID: "4711", Registrar: domain("sip.example.net"), RPort: 5060, Proxy: domain("sip.example.net"), PPort: 5061,
		Dialplan: "0.", DisplayName: "Bob", LineText: "Bob's line",
	}
}

// minimalUser returns a local user with the fields only that every local user has.
func minimalUser(address string) hermes.User {
	return hermes.User{
		Address: addr(address), Type: hermes.Local, HA1: strings.Repeat("a", 32), HA1B: strings.Repeat("b", 32),
	}
}

func namedUser(address, displayName string) hermes.User {
	u := minimalUser(address)
	u.DisplayName = displayName
	return u
}

func mustAddUser(t *testing.T, s hermes.Store, users ...hermes.User) {
	t.Helper()
	for _, u := range users {
		must(t, s.AddUser(t.Context(), u))
	}
}

// wantUser checks the user at want.Address.
func wantUser(t *testing.T, s hermes.Store, want hermes.User) {
	t.Helper()
	got, err := s.User(t.Context(), want.Address)
	wantEqual(t, got, err, want)
}

func wantNoUser(t *testing.T, s hermes.Store, a sip.Addr) {
	t.Helper()
	got, err := s.User(t.Context(), a)
	wantNone(t, got, err)
}

func wantUsers(t *testing.T, s hermes.Store, q hermes.UserQuery, want ...hermes.UserEntry) {
	t.Helper()
	got, err := s.Users(t.Context(), q)
	wantList(t, got, err, want)
}

func wantGroups(t *testing.T, s hermes.Store, a sip.Addr, want ...string) {
	t.Helper()
	got, err := s.Groups(t.Context(), a)
	wantList(t, got, err, want)
}

func wantHolder(t *testing.T, s hermes.Store, a sip.Addr, want hermes.Holder) {
	t.Helper()
	got, err := s.Holder(t.Context(), a)
	must(t, err)
	if got != want {
		t.Fatalf("%s: got holder %v, want %v", a, got, want)
	}
}
