package storetest

import (
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func testProvisioning(t *testing.T, open openFunc) {
	t.Run("SetProvisioning replaces what Hermes keeps, and nothing of Kamailio's row", func(t *testing.T) {
		s := open(t).Store
		before, other := minimalUser("alice@example.com"), localUser("bob@example.com")
		mustAddUser(t, s, before, other)
		changed := localUser("alice@example.com")
		changed.HA1, changed.HA1B, changed.Clear = "1", "2", "3"
		must(t, s.SetProvisioning(t.Context(), changed))
		changed.HA1, changed.HA1B, changed.Clear = before.HA1, before.HA1B, before.Clear
		wantUser(t, s, changed)
		wantUser(t, s, other)
	})
	t.Run("SetProvisioning of a missing user is NotFound and makes none", func(t *testing.T) {
		s := open(t).Store
		u := localUser("alice@example.com")
		wantCause(t, s.SetProvisioning(t.Context(), u), hermes.NotFound)
		wantNoUser(t, s, u.Address)
	})
	t.Run("UsersWithoutServers returns local users of that domain that lack a server or a port", func(t *testing.T) {
		testUsersWithoutServers(t, open(t).Store)
	})
}

func testUsersWithoutServers(t *testing.T, s hermes.Store) {
	remote := hermes.User{Address: addr("remote@example.com"), Type: hermes.Remote}
	mustAddUser(t, s, localUser("whole@example.com"), remote, minimalUser("a@example.net"), minimalUser("a@sub.example.com"))
	var want []sip.Addr
	for _, u := range []struct {
		address string
		without func(u *hermes.User)
	}{
		{"Zoe@example.com", func(u *hermes.User) { u.Registrar = sip.Domain{} }},
		{"a!@example.com", func(u *hermes.User) { u.RPort = 0 }},
		{"alice@example.com", func(u *hermes.User) { u.Proxy = sip.Domain{} }},
		{"bob@example.com", func(u *hermes.User) { u.PPort = 0 }},
		{"carol@example.com", func(u *hermes.User) { *u = minimalUser("carol@example.com") }},
	} {
		user := localUser(u.address)
		u.without(&user)
		mustAddUser(t, s, user)
		want = append(want, user.Address)
	}
	for _, limit := range []int{1, 2, len(want), 100} {
		wantUsersWithoutServers(t, s, limit, want)
	}
}

// wantUsersWithoutServers reads the pages of the users of example.com.
func wantUsersWithoutServers(t *testing.T, s hermes.Store, limit int, want []sip.Addr) {
	t.Helper()
	var got []sip.Addr
	q := hermes.DomainUserQuery{Domain: domain("example.com"), Limit: limit}
	for {
		page, err := s.UsersWithoutServers(t.Context(), q)
		must(t, err)
		if len(page) > limit {
			t.Fatalf("got a page of %d users, want at most %d", len(page), limit)
		}
		got = append(got, page...)
		if len(page) < limit {
			break
		}
		q.After = page[len(page)-1]
	}
	if !slices.Equal(got, want) {
		t.Fatalf("in pages of %d: got %v, want %v", limit, got, want)
	}
}

// testKamailioProvisioning tests users that only Kamailio's table has.
func testKamailioProvisioning(t *testing.T, open openFunc) {
	bob := kamctlUser("bob@example.com")
	t.Run("SetProvisioning makes Hermes' row, and Kamailio's stays", func(t *testing.T) {
		f := open(t)
		addSubscriber(t, f, bob)
		u := localUser("bob@example.com")
		u.Email, u.RPID, u.PermittedCalls = "", "", ""
		must(t, f.Store.SetProvisioning(t.Context(), u))
		u.HA1, u.HA1B, u.Clear = bob.HA1, bob.HA1B, bob.Clear
		wantUser(t, f.Store, u)
	})
	t.Run("UsersWithoutServers returns those of Kamailio's table only, and none that it does not have", func(t *testing.T) {
		f := open(t)
		whole, gone := localUser("alice@example.com"), minimalUser("gone@example.com")
		mustAddUser(t, f.Store, whole, gone)
		f.Kamailio.RemoveSubscriber(t, "gone", "example.com")
		addSubscriber(t, f, bob)
		for _, a := range []sip.Addr{sip.Unchecked("", "example.com"), sip.Unchecked("a b", "example.com"), sip.Unchecked("bob", "EXAMPLE.com")} {
			addSubscriber(t, f, hermes.User{Address: a})
		}
		mustAddUser(t, f.Store, remoteUser("far@example.com"))
		addSubscriber(t, f, kamctlUser("far@example.com"))
		want := []sip.Addr{sip.Unchecked("", "example.com"), sip.Unchecked("a b", "example.com"), bob.Address}
		for _, limit := range []int{1, 100} {
			wantUsersWithoutServers(t, f.Store, limit, want)
		}
	})
}
