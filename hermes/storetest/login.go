package storetest

import (
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func testLogin(t *testing.T, open openFunc) {
	t.Run("a principal has one login from a network, the latest", func(t *testing.T) {
		s := open(t).Store
		mustAddLogins(t, s, 9, login("alice", "n1", 3), login("alice", "n1", 1), login("alice", "n2", 2), login("bob", "n1", 2))
		mustAddLogins(t, s, 9, hermes.KnownLogin{Principal: keyPrincipal("bob"), Network: "n1", Expires: at(2)})
		wantLogins(t, s,
			hermes.KnownLogin{Principal: keyPrincipal("bob"), Network: "n1", Expires: at(2)}, login("alice", "n2", 2), login("bob", "n1", 2), login("alice", "n1", 1))
	})
	t.Run("of more than there may be, those that expire first are removed", func(t *testing.T) {
		s := open(t).Store
		mustAddLogins(t, s, 3, login("alice", "n1", 4), login("alice", "n2", 2), login("alice", "n4", 3), login("bob", "n1", 1))
		mustAddLogins(t, s, 3, login("alice", "n3", 3))
		wantLogins(t, s, login("alice", "n1", 4), login("alice", "n3", 3), login("alice", "n4", 3), login("bob", "n1", 1))
		mustAddLogins(t, s, 2, login("alice", "n0", 3))
		wantLogins(t, s, login("alice", "n1", 4), login("alice", "n0", 3), login("bob", "n1", 1))
	})
	t.Run("a list has those that expire after a time, the last ones first", func(t *testing.T) {
		s := open(t).Store
		mustAddLogins(t, s, 9, login("alice", "n1", 1), login("bob", "n1", 2), login("carol", "n1", 3))
		got, err := s.Logins(t.Context(), at(1), 9)
		wantList(t, got, err, []hermes.KnownLogin{login("carol", "n1", 3), login("bob", "n1", 2)})
		got, err = s.Logins(t.Context(), at(1), 1)
		wantList(t, got, err, []hermes.KnownLogin{login("carol", "n1", 3)})
		got, err = s.Logins(t.Context(), time.Time{}, 9) // which is before all
		wantList(t, got, err, []hermes.KnownLogin{login("carol", "n1", 3), login("bob", "n1", 2), login("alice", "n1", 1)})
	})
	t.Run("they are removed with the authorization of their principal", func(t *testing.T) {
		s := open(t).Store
		mustAddLogins(t, s, 9, login("alice", "n1", 1), login("bob", "n1", 2))
		wantCause(t, s.RemoveAuthorization(t.Context(), userPrincipal("alice")), hermes.NotFound)
		wantLogins(t, s, login("bob", "n1", 2), login("alice", "n1", 1))
		must(t, s.SetAuthorization(t.Context(), hermes.Authorization{Principal: userPrincipal("alice"), Access: hermes.FullRead}))
		must(t, s.RemoveAuthorization(t.Context(), userPrincipal("alice")))
		wantLogins(t, s, login("bob", "n1", 2))
	})
}

func login(user, network string, expires int) hermes.KnownLogin {
	return hermes.KnownLogin{Principal: userPrincipal(user), Network: network, Expires: at(expires)}
}

func mustAddLogins(t *testing.T, s hermes.Store, most int, logins ...hermes.KnownLogin) {
	t.Helper()
	for _, l := range logins {
		must(t, s.AddLogin(t.Context(), l, most))
	}
}

// wantLogins checks all logins.
func wantLogins(t *testing.T, s hermes.Store, want ...hermes.KnownLogin) {
	t.Helper()
	got, err := s.Logins(t.Context(), time.Unix(0, 0), 99)
	wantList(t, got, err, want)
}
