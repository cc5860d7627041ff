package storetest

import (
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func testRenameUser(t *testing.T, open openFunc) {
	t.Run("the user has another address and what was given, and everything moves", func(t *testing.T) {
		testRenamed(t, open(t).Store)
	})
	testRenameOthers(t, open)
}

// testRenamed renames a user with all that can hang on it.
func testRenamed(t *testing.T, s hermes.Store) {
	old, renamed, bob := addr("alice@example.com"), localUser("alison@example.net"), localUser("bob@example.com")
	mustAddUser(t, s, localUser(old.String()), bob)
	must(t, s.SetGroups(t.Context(), old, []string{"a", "b"}))
	must(t, s.SetGroups(t.Context(), bob.Address, []string{"c"}))
	mustAddPhone(t, s, phone("001122334455", "alice@example.com"), onLine("001122334455", "bob@example.com", 2),
		onLine("001122334466", "alice@example.com", 5))
	mustAddAlias(t, s, alias("sales@example.com", "alice@example.com"), alias("+4711@example.net", "alice@example.com"),
		alias("b@example.com", "bob@example.com"))
	moved, err := s.RenameUser(t.Context(), old, renamed)
	wantMoved(t, moved, err,
		[]hermes.Phone{onLine("001122334455", "alison@example.net", 1), onLine("001122334466", "alison@example.net", 5)},
		[]sip.Addr{addr("+4711@example.net"), addr("sales@example.com")})
	wantNoUser(t, s, old)
	wantUser(t, s, renamed)
	wantUser(t, s, bob)
	wantGroups(t, s, old)
	wantGroups(t, s, renamed.Address, "a", "b")
	wantGroups(t, s, bob.Address, "c")
	wantUserPhones(t, s, phone("001122334455", "alice@example.com"))
	wantLines(t, s, onLine("001122334455", "alison@example.net", 1), onLine("001122334455", "bob@example.com", 2))
	wantAliases(t, s, hermes.AliasQuery{Destination: old, Limit: 10})
	wantAliases(t, s, hermes.AliasQuery{Limit: 10}, alias("+4711@example.net", "alison@example.net"),
		alias("b@example.com", "bob@example.com"), alias("sales@example.com", "alison@example.net"))
	wantUsers(t, s, hermes.UserQuery{Limit: 10}, entryOf(renamed), entryOf(bob))
}

func testRenameOthers(t *testing.T, open openFunc) {
	old, renamed := addr("alice@example.com"), localUser("alison@example.net")
	t.Run("aliases lead to a user with its domain in any case", func(t *testing.T) {
		s := open(t).Store
		mustAddUser(t, s, localUser(old.String()))
		mustAddAlias(t, s, hermes.Alias{Alias: addr("sales@example.com"), Destination: sip.Unchecked("alice", "EXAMPLE.com")},
			alias("other@example.com", "Alice@example.com"))
		moved, err := s.RenameUser(t.Context(), old, renamed)
		wantMoved(t, moved, err, nil, []sip.Addr{addr("sales@example.com")})
		wantAliases(t, s, hermes.AliasQuery{Limit: 10}, alias("other@example.com", "Alice@example.com"),
			alias("sales@example.com", "alison@example.net"))
	})
	t.Run("a missing user is NotFound, and a taken address Exists, of either type", func(t *testing.T) {
		s := open(t).Store
		alice, bob, far := localUser(old.String()), localUser("bob@example.com"), remoteUser("far@far.example")
		mustAddUser(t, s, alice, bob, far)
		wantCause(t, errorOf(s.RenameUser(t.Context(), addr("carol@example.com"), renamed)), hermes.NotFound)
		wantCause(t, errorOf(s.RenameUser(t.Context(), old, bob)), hermes.Exists)
		taken := alice
		taken.Address = far.Address
		wantCause(t, errorOf(s.RenameUser(t.Context(), old, taken)), hermes.Exists)
		for _, u := range []hermes.User{alice, bob, far} {
			wantUser(t, s, u)
		}
	})
	t.Run("a remote user moves with its phones and aliases", func(t *testing.T) {
		s := open(t).Store
		mustAddUser(t, s, remoteUser("far@far.example"))
		mustAddPhone(t, s, phone("001122334455", "far@far.example"))
		mustAddAlias(t, s, alias("sales@example.com", "far@far.example"))
		next := remoteUser("farther@far.example")
		moved, err := s.RenameUser(t.Context(), addr("far@far.example"), next)
		wantMoved(t, moved, err, []hermes.Phone{onLine("001122334455", "farther@far.example", 1)}, []sip.Addr{addr("sales@example.com")})
		wantUser(t, s, next)
		wantNoUser(t, s, addr("far@far.example"))
	})
	t.Run("what was left under the new address is replaced", func(t *testing.T) {
		s := open(t).Store
		mustAddUser(t, s, localUser(old.String()))
		must(t, s.SetGroups(t.Context(), old, []string{"a"}))
		must(t, s.SetGroups(t.Context(), renamed.Address, []string{"a", "z"}))
		mustAddPhone(t, s, onLine("001122334455", "alice@example.com", 2), phone("001122334455", "alison@example.net"))
		moved, err := s.RenameUser(t.Context(), old, renamed)
		kept := onLine("001122334455", "alison@example.net", 2)
		wantMoved(t, moved, err, []hermes.Phone{kept}, nil)
		wantGroups(t, s, renamed.Address, "a")
		wantLines(t, s, kept)
	})
}

func entryOf(u hermes.User) hermes.UserEntry {
	return hermes.UserEntry{User: u.Address, DisplayName: u.DisplayName}
}

func wantMoved(t *testing.T, got hermes.Moved, err error, phones []hermes.Phone, aliases []sip.Addr) {
	t.Helper()
	must(t, err)
	if !slices.Equal(got.Phones, phones) || !slices.Equal(got.Aliases, aliases) {
		t.Errorf("moved %v, want the phones %v and the aliases %v", got, phones, aliases)
	}
}

// testKamailioRename renames users of whom other tools have made or removed rows.
func testKamailioRename(t *testing.T, open openFunc) {
	old, renamed := addr("alice@example.com"), localUser("alison@example.com")
	t.Run("a user that only Kamailio's table has gets both rows", func(t *testing.T) {
		f := open(t)
		f.Kamailio.AddSubscriber(t, "alice", "example.com", "p", "1", "2")
		must(t, errorOf(f.Store.RenameUser(t.Context(), old, renamed)))
		wantUser(t, f.Store, renamed)
		wantNoUser(t, f.Store, old)
	})
	t.Run("a user whose account was removed gets it anew", func(t *testing.T) {
		f := open(t)
		mustAddUser(t, f.Store, localUser(old.String()))
		f.Kamailio.RemoveSubscriber(t, "alice", "example.com")
		must(t, errorOf(f.Store.RenameUser(t.Context(), old, renamed)))
		wantUser(t, f.Store, renamed)
	})
	t.Run("an account at the address of a remote user stays", func(t *testing.T) {
		f := open(t)
		mustAddUser(t, f.Store, remoteUser("far@example.com"))
		f.Kamailio.AddSubscriber(t, "far", "example.com", "p", "1", "2")
		f.Kamailio.AddGroup(t, "far", "example.com", "g")
		must(t, errorOf(f.Store.RenameUser(t.Context(), addr("far@example.com"), remoteUser("farther@example.com"))))
		wantUser(t, f.Store, hermes.User{Address: addr("far@example.com"), Type: hermes.Local, HA1: "1", HA1B: "2", Clear: "p"})
		wantUser(t, f.Store, remoteUser("farther@example.com"))
		wantGroups(t, f.Store, addr("far@example.com"), "g")
	})
	t.Run("RemoveDestination leaves the alias' other destinations", func(t *testing.T) {
		f := open(t)
		sales := alias("sales@example.com", "alice@example.com")
		other := alias("sales@example.com", "bob@example.com")
		for _, a := range []hermes.Alias{sales, sales, other} {
			addAliasRow(t, f, a)
		}
		must(t, f.Store.RemoveDestination(t.Context(), sales))
		wantAliases(t, f.Store, hermes.AliasQuery{Limit: 10}, other)
		wantCause(t, f.Store.RemoveDestination(t.Context(), sales), hermes.NotFound)
	})
}
