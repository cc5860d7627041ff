package storetest

import (
	"context"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
)

func testPhone(t *testing.T, open openFunc) {
	t.Run("AddPhone", func(t *testing.T) { testAddPhone(t, open) })
	t.Run("PhoneSite", func(t *testing.T) { testPhoneSite(t, open) })
	t.Run("lines", func(t *testing.T) { testLines(t, open) })
	t.Run("RemovePhone", func(t *testing.T) { testRemovePhone(t, open) })
	t.Run("PhoneLines and UserPhones", func(t *testing.T) { testPhoneLines(t, open) })
	t.Run("Phones", func(t *testing.T) { testPhones(t, open) })
}

func testAddPhone(t *testing.T, open openFunc) {
	t.Run("an association exists once; its phone and its user may have others", func(t *testing.T) {
		s := open(t).Store
		p := phone("001122334455", "alice@example.com")
		mustAddPhone(t, s, p)
		wantCause(t, addPhone(t.Context(), s, p), hermes.Exists)
		mustAddPhone(t, s, onLine("001122334455", "bob@example.com", 2), phone("001122334456", "alice@example.com"))
	})
	t.Run("whether the user exists does not matter", func(t *testing.T) {
		s := open(t).Store
		mustAddPhone(t, s, phone("001122334455", "alice@example.com"))
		wantLines(t, s, onLine("001122334455", "alice@example.com", 1))
	})
	t.Run("the device is set with it, and stays as it is if none is given", func(t *testing.T) {
		s := open(t).Store
		d := device("001122334455")
		must(t, s.AddPhone(t.Context(), onLine("001122334455", "alice@example.com", 2), d))
		wantDevice(t, s, d)
		must(t, s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			return tx.SeePhones(t.Context(), []hermes.PhoneSeen{phoneSeen("001122334455", 1)})
		}))
		d.Note, d.Vendor, d.Next = "another", "", provKey("another")
		must(t, s.AddPhone(t.Context(), onLine("001122334455", "bob@example.com", 3), d))
		mustAddPhone(t, s, onLine("001122334455", "carol@example.com", 4))
		wantDevice(t, s, seenDevice(d, 1))
		wantLines(t, s, onLine("001122334455", "alice@example.com", 2), onLine("001122334455", "bob@example.com", 3),
			onLine("001122334455", "carol@example.com", 4))
	})
	t.Run("where the association exists the device stays as it is, and where the device cannot be set there is no association", func(t *testing.T) {
		s := open(t).Store
		d, other := device("001122334455"), device("001122334466")
		must(t, s.AddPhone(t.Context(), phone("001122334455", "alice@example.com"), d))
		changed := d
		changed.Note = "another"
		wantCause(t, s.AddPhone(t.Context(), onLine("001122334455", "alice@example.com", 2), changed), hermes.Exists)
		wantCause(t, s.AddPhone(t.Context(), phone("001122334455", "bob@example.com"), changed), hermes.Exists)
		other.Key = d.Key
		wantFault(t, s.AddPhone(t.Context(), phone("001122334466", "alice@example.com"), other))
		wantDevice(t, s, d)
		wantNoDevice(t, s, other)
		wantUserPhones(t, s, phone("001122334455", "alice@example.com"), phone("001122334455", "alice@example.com"))
		wantUserPhones(t, s, phone("001122334455", "bob@example.com"))
	})
}

func testLines(t *testing.T, open openFunc) {
	const m = "001122334455"
	t.Run("a line that was freed can be taken again, and the others stay where they are", func(t *testing.T) {
		s := open(t).Store
		mustAddPhone(t, s, onLine(m, "c@example.com", 1), onLine(m, "b@example.com", 2), onLine(m, "a@example.com", 3))
		must(t, removeAssociation(t.Context(), s, phone(m, "b@example.com")))
		wantLines(t, s, onLine(m, "c@example.com", 1), onLine(m, "a@example.com", 3))
		mustAddPhone(t, s, onLine(m, "d@example.com", 2))
		wantLines(t, s, onLine(m, "c@example.com", 1), onLine(m, "d@example.com", 2), onLine(m, "a@example.com", 3))
	})
	t.Run("a line that is taken is Exists, and so is a second line for a user", func(t *testing.T) {
		s := open(t).Store
		mustAddPhone(t, s, onLine(m, "alice@example.com", 2))
		wantCause(t, addPhone(t.Context(), s, onLine(m, "bob@example.com", 2)), hermes.Exists)
		wantCause(t, addPhone(t.Context(), s, onLine(m, "alice@example.com", 3)), hermes.Exists)
		wantLines(t, s, onLine(m, "alice@example.com", 2))
	})
	t.Run("of concurrent calls for one line one has it", func(t *testing.T) { testConcurrentLines(t, open) })
}

func testConcurrentLines(t *testing.T, open openFunc) {
	const calls = 6
	for range Rounds(t, 3) {
		s := open(t).Store
		device := device("001122334455")
		errs := runConcurrently(calls, func(n int) error {
			return s.AddPhone(t.Context(), hermes.Phone{MAC: device.MAC, User: nthAddr("user%d@example.com", n), Line: 1}, device)
		})
		added := 0
		for _, err := range errs {
			if err == nil {
				added++
			} else {
				wantCause(t, err, hermes.Exists)
			}
		}
		lines, err := s.PhoneLines(t.Context(), device.MAC)
		must(t, err)
		if added != 1 || len(lines) != 1 {
			t.Fatalf("%d calls took the line, and the phone has %v; want one", added, lines)
		}
	}
}

func testPhoneSite(t *testing.T, open openFunc) {
	s := open(t).Store
	mustAddUser(t, s, localUser("alice@example.com"), remoteUser("bob@far.example"))
	known, bare := device("001122334455"), device("001122334466")
	alice, gone := onLine("001122334455", "alice@example.com", 3), onLine("001122334455", "gone@example.com", 10)
	mustAddPhone(t, s, gone, alice, onLine("001122334477", "bob@far.example", 2))
	mustSetDevice(t, s, known, bare)
	for _, row := range []struct {
		name string
		of   hermes.Phone
		want hermes.PhoneSite
	}{
		{"nothing is known", phone("aa1122334455", "new@example.com"), hermes.PhoneSite{}},
		{"a local user", phone("aa1122334455", "alice@example.com"), hermes.PhoneSite{IsUser: true}},
		{"a remote user", phone("aa1122334455", "bob@far.example"), hermes.PhoneSite{IsUser: true}},
		{"a user in another case", phone("aa1122334455", "Alice@example.com"), hermes.PhoneSite{}},
		{"a phone with lines and a device", phone("001122334455", "new@example.com"),
			hermes.PhoneSite{Lines: []hermes.Phone{alice, gone}, Device: known}},
		{"a phone whose lines are gone", phone("001122334466", "alice@example.com"), hermes.PhoneSite{IsUser: true, Device: bare}},
		{"a phone from before devices were kept", phone("001122334477", "alice@example.com"),
			hermes.PhoneSite{IsUser: true, Lines: []hermes.Phone{onLine("001122334477", "bob@far.example", 2)}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			wantPhoneSite(t, s, row.of, row.want)
		})
	}
	t.Run("it may be called in a transaction, and sees what that wrote", func(t *testing.T) {
		must(t, s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			p, d := onLine("bb1122334455", "new@example.com", 2), device("bb1122334455")
			mustAddUser(t, tx, localUser("new@example.com"))
			must(t, tx.AddPhone(t.Context(), p, d))
			wantPhoneSite(t, tx, p, hermes.PhoneSite{IsUser: true, Lines: []hermes.Phone{p}, Device: d})
			return nil
		}))
	})
}

func testRemovePhone(t *testing.T, open openFunc) {
	t.Run("that association is removed and no other, and a missing one is NotFound", func(t *testing.T) {
		s := open(t).Store
		alice, bob := onLine("001122334455", "alice@example.com", 3), onLine("001122334455", "bob@example.com", 4)
		wantCause(t, removeAssociation(t.Context(), s, alice), hermes.NotFound)
		mustAddPhone(t, s, alice, bob)
		wantCause(t, removeAssociation(t.Context(), s, phone("001122334456", "alice@example.com")), hermes.NotFound)
		otherLine := onLine("001122334455", "alice@example.com", 4)
		removed, err := s.RemovePhone(t.Context(), otherLine)
		wantEqual(t, removed, err, alice)
		wantCause(t, removeAssociation(t.Context(), s, alice), hermes.NotFound)
		wantLines(t, s, bob)
		wantUserPhones(t, s, alice)
		wantUserPhones(t, s, bob, bob)
	})
}

func testPhoneLines(t *testing.T, open openFunc) {
	t.Run("a phone without users and a user without phones are no error", func(t *testing.T) {
		s := open(t).Store
		got, err := s.PhoneLines(t.Context(), macAddr("001122334455"))
		wantList(t, got, err, nil)
		wantUserPhones(t, s, phone("001122334455", "alice@example.com"))
	})
	t.Run("users are in the order of lines and phones in that of MACs, byte-wise", func(t *testing.T) {
		s := open(t).Store
		const first = "000000000001"
		var lines, phones []hermes.Phone
		for i, a := range []string{"b@example.com", "A@example.com", "a!@example.com", "a@example.net", "a@example.com"} {
			lines = append(lines, onLine(first, a, 3*i+1)) // 10 is after 7 and not before 4
		}
		for _, i := range []int{4, 2, 0, 3, 1} {
			mustAddPhone(t, s, lines[i])
		}
		phones = append(phones, lines[0])
		for i, m := range []string{"00fffffffffe", "a00000000000", "fefefefefefe"} {
			phones = append(phones, onLine(m, "b@example.com", 5-i))
		}
		for _, i := range []int{3, 1, 2} {
			mustAddPhone(t, s, phones[i])
		}
		wantLines(t, s, lines...)
		wantUserPhones(t, s, phones[0], phones...)
	})
}

func testPhones(t *testing.T, open openFunc) {
	t.Run("no phones are an empty list", func(t *testing.T) {
		wantPhones(t, open(t).Store, hermes.PhoneQuery{Limit: 1})
	})
	t.Run("a phone of several users is listed once, as long as it has a user", func(t *testing.T) {
		s := open(t).Store
		alice, bob := phone("a00000000000", "alice@example.com"), onLine("a00000000000", "bob@example.com", 2)
		other := phone("b00000000000", "bob@example.com")
		mustAddPhone(t, s, alice, bob, other)
		wantPhones(t, s, hermes.PhoneQuery{Limit: 10}, alice.MAC, other.MAC)
		must(t, removeAssociation(t.Context(), s, alice))
		wantPhones(t, s, hermes.PhoneQuery{Limit: 10}, alice.MAC, other.MAC)
		must(t, removeAssociation(t.Context(), s, bob))
		wantPhones(t, s, hermes.PhoneQuery{Limit: 10}, other.MAC)
	})
}

func phone(m, user string) hermes.Phone { return onLine(m, user, 1) }

func onLine(m, user string, line int) hermes.Phone {
	return hermes.Phone{MAC: macAddr(m), User: addr(user), Line: line}
}

// addPhone stores an association, and no device.
func addPhone(ctx context.Context, s hermes.Store, p hermes.Phone) error {
	return s.AddPhone(ctx, p, hermes.Device{})
}

// removeAssociation calls RemovePhone for its error.
func removeAssociation(ctx context.Context, s hermes.Store, p hermes.Phone) error {
	return errorOf(s.RemovePhone(ctx, p))
}

func mustAddPhone(t *testing.T, s hermes.Store, phones ...hermes.Phone) {
	t.Helper()
	for _, p := range phones {
		must(t, addPhone(t.Context(), s, p))
	}
}

// wantLines checks the lines of the phone of the first one.
func wantLines(t *testing.T, s hermes.Store, want ...hermes.Phone) {
	t.Helper()
	got, err := s.PhoneLines(t.Context(), want[0].MAC)
	wantList(t, got, err, want)
}

func wantPhoneSite(t *testing.T, s hermes.Store, p hermes.Phone, want hermes.PhoneSite) {
	t.Helper()
	got, err := s.PhoneSite(t.Context(), p)
	wantList(t, got.Lines, err, want.Lines)
	wantEqual(t, got.IsUser, err, want.IsUser)
	wantEqual(t, got.Device, err, want.Device)
}

// wantUserPhones checks the phones of the user of an association.
func wantUserPhones(t *testing.T, s hermes.Store, of hermes.Phone, want ...hermes.Phone) {
	t.Helper()
	got, err := s.UserPhones(t.Context(), of.User)
	wantList(t, got, err, want)
}

func wantPhones(t *testing.T, s hermes.Store, q hermes.PhoneQuery, want ...mac.Addr) {
	t.Helper()
	got, err := s.Phones(t.Context(), q)
	wantList(t, got, err, want)
}
