package storetest

import (
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func testCounts(t *testing.T, open openFunc) {
	t.Run("an empty store", func(t *testing.T) {
		n, err := open(t).Store.Counts(t.Context(), at(1))
		wantEqual(t, n, err, hermes.Counts{})
	})
	t.Run("each kind by itself, and a phone with several users once", func(t *testing.T) {
		s := open(t).Store
		remote := localUser("carol@example.org")
		remote.Type, remote.HA1, remote.HA1B = hermes.Remote, "", ""
		mustAddUser(t, s, localUser("alice@example.com"), localUser("bob@example.com"), remote)
		mustAddPhone(t, s, phone("001122334455", "alice@example.com"), onLine("001122334455", "bob@example.com", 2),
			phone("001122334466", "alice@example.com"))
		mustAddAlias(t, s, alias("info@example.com", "alice@example.com"))
		mustAddSession(t, s, session(1, userPrincipal("a")), session(2, userPrincipal("a")))
		mustAddAudit(t, s, 3)
		want := hermes.Counts{LocalUsers: 2, RemoteUsers: 1, Phones: 2, Aliases: 1, Sessions: 2, UnsealedEntries: 3}
		n, err := s.Counts(t.Context(), at(1))
		wantEqual(t, n, err, want)
		n, err = s.Counts(t.Context(), time.Time{}) // which is before all
		wantEqual(t, n, err, want)
		want.Sessions = 0
		n, err = s.Counts(t.Context(), at(40)) // when their auth_keys end
		wantEqual(t, n, err, want)
	})
	t.Run("rows of other tools count, and two rows of one alias once", func(t *testing.T) {
		f := open(t)
		if f.Kamailio == nil {
			t.Skip("the store shares no tables with Kamailio")
		}
		f.Kamailio.AddSubscriber(t, "dan", "example.com", "", "ha1", "ha1b")
		f.Kamailio.AddAlias(t, "info", "example.com", "dan", "example.com")
		f.Kamailio.AddAlias(t, "info", "example.com", "eve", "example.com")
		n, err := f.Store.Counts(t.Context(), at(1))
		wantEqual(t, n, err, hermes.Counts{LocalUsers: 1, Aliases: 1})
	})
}
