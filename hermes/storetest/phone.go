package storetest

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func testPhone(t *testing.T, open openFunc) {
	t.Run("AddPhone", func(t *testing.T) { testAddPhone(t, open) })
	t.Run("RemovePhone", func(t *testing.T) { testRemovePhone(t, open) })
	t.Run("PhoneUsers and UserPhones", func(t *testing.T) { testPhoneUsers(t, open) })
	t.Run("Phones", func(t *testing.T) { testPhones(t, open) })
}

func testAddPhone(t *testing.T, open openFunc) {
	t.Run("an association exists once; its phone and its user may have others", func(t *testing.T) {
		s := open(t).Store
		p := phone("001122334455", "alice@example.com")
		mustAddPhone(t, s, p)
		wantCause(t, s.AddPhone(t.Context(), p), hermes.Exists)
		mustAddPhone(t, s, phone("001122334455", "bob@example.com"), phone("001122334456", "alice@example.com"))
	})
	t.Run("whether the user exists does not matter", func(t *testing.T) {
		s := open(t).Store
		mustAddPhone(t, s, phone("001122334455", "alice@example.com"))
		wantPhoneUsers(t, s, macAddr("001122334455"), addr("alice@example.com"))
	})
}

func testRemovePhone(t *testing.T, open openFunc) {
	t.Run("that association is removed and no other, and a missing one is NotFound", func(t *testing.T) {
		s := open(t).Store
		alice, bob := phone("001122334455", "alice@example.com"), phone("001122334455", "bob@example.com")
		wantCause(t, s.RemovePhone(t.Context(), alice), hermes.NotFound)
		mustAddPhone(t, s, alice, bob)
		wantCause(t, s.RemovePhone(t.Context(), phone("001122334456", "alice@example.com")), hermes.NotFound)
		must(t, s.RemovePhone(t.Context(), alice))
		wantCause(t, s.RemovePhone(t.Context(), alice), hermes.NotFound)
		wantPhoneUsers(t, s, alice.MAC, bob.User)
		wantUserPhones(t, s, alice.User)
		wantUserPhones(t, s, bob.User, bob.MAC)
	})
}

func testPhoneUsers(t *testing.T, open openFunc) {
	t.Run("a phone without users and a user without phones are no error", func(t *testing.T) {
		s := open(t).Store
		wantPhoneUsers(t, s, macAddr("001122334455"))
		wantUserPhones(t, s, addr("alice@example.com"))
	})
	t.Run("users are in the order of addresses and phones in that of MACs, byte-wise", func(t *testing.T) {
		s := open(t).Store
		users := addrs("A@example.com", "a@example.com", "a@example.net", "a!@example.com", "b@example.com")
		phones := macAddrs("000000000000", "00ffffffffff", "a00000000000", "ffffffffffff")
		for i := range users {
			mustAddPhone(t, s, hermes.Phone{MAC: phones[0], User: users[len(users)-1-i]})
		}
		for _, i := range []int{3, 1, 2} {
			mustAddPhone(t, s, hermes.Phone{MAC: phones[i], User: users[0]})
		}
		wantPhoneUsers(t, s, phones[0], users...)
		wantUserPhones(t, s, users[0], phones...)
	})
}

func testPhones(t *testing.T, open openFunc) {
	t.Run("no phones are an empty list", func(t *testing.T) {
		wantPhones(t, open(t).Store, hermes.PhoneQuery{Limit: 1})
	})
	t.Run("a phone of several users is listed once, as long as it has a user", func(t *testing.T) {
		s := open(t).Store
		alice, bob := phone("a00000000000", "alice@example.com"), phone("a00000000000", "bob@example.com")
		other := phone("b00000000000", "bob@example.com")
		mustAddPhone(t, s, alice, bob, other)
		wantPhones(t, s, hermes.PhoneQuery{Limit: 10}, alice.MAC, other.MAC)
		must(t, s.RemovePhone(t.Context(), alice))
		wantPhones(t, s, hermes.PhoneQuery{Limit: 10}, alice.MAC, other.MAC)
		must(t, s.RemovePhone(t.Context(), bob))
		wantPhones(t, s, hermes.PhoneQuery{Limit: 10}, other.MAC)
	})
}

func phone(m, user string) hermes.Phone { return hermes.Phone{MAC: macAddr(m), User: addr(user)} }

func mustAddPhone(t *testing.T, s hermes.Store, phones ...hermes.Phone) {
	t.Helper()
	for _, p := range phones {
		must(t, s.AddPhone(t.Context(), p))
	}
}

func wantPhoneUsers(t *testing.T, s hermes.Store, m mac.Addr, want ...sip.Addr) {
	t.Helper()
	got, err := s.PhoneUsers(t.Context(), m)
	wantList(t, got, err, want)
}

func wantUserPhones(t *testing.T, s hermes.Store, a sip.Addr, want ...mac.Addr) {
	t.Helper()
	got, err := s.UserPhones(t.Context(), a)
	wantList(t, got, err, want)
}

func wantPhones(t *testing.T, s hermes.Store, q hermes.PhoneQuery, want ...mac.Addr) {
	t.Helper()
	got, err := s.Phones(t.Context(), q)
	wantList(t, got, err, want)
}
