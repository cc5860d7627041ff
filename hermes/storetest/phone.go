package storetest

import (
	"context"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
)

func testPhone(t *testing.T, open openFunc) {
	t.Run("AddPhone", func(t *testing.T) { testAddPhone(t, open) })
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
		mustAddPhone(t, s, phone("001122334455", "bob@example.com"), phone("001122334456", "alice@example.com"))
	})
	t.Run("whether the user exists does not matter", func(t *testing.T) {
		s := open(t).Store
		mustAddPhone(t, s, phone("001122334455", "alice@example.com"))
		wantLines(t, s, onLine("001122334455", "alice@example.com", 1))
	})
}

func testLines(t *testing.T, open openFunc) {
	const m = "001122334455"
	t.Run("the lowest free line is taken, of that phone", func(t *testing.T) {
		s := open(t).Store
		mustAddPhone(t, s, onLine(m, "two@example.com", 2), onLine(m, "four@example.com", 4), onLine("001122334456", "one@example.com", 1))
		for _, want := range []hermes.Phone{onLine(m, "a@example.com", 1), onLine(m, "b@example.com", 3), onLine(m, "c@example.com", 5)} {
			got, err := s.AddPhone(t.Context(), hermes.Phone{MAC: want.MAC, User: want.User})
			wantEqual(t, got, err, want)
		}
	})
	t.Run("a line that was freed is taken again, and the others stay where they are", func(t *testing.T) {
		s := open(t).Store
		mustAddPhone(t, s, phone(m, "c@example.com"), phone(m, "b@example.com"), phone(m, "a@example.com"))
		must(t, removeAssociation(t.Context(), s, phone(m, "b@example.com")))
		wantLines(t, s, onLine(m, "c@example.com", 1), onLine(m, "a@example.com", 3))
		mustAddPhone(t, s, phone(m, "d@example.com"))
		wantLines(t, s, onLine(m, "c@example.com", 1), onLine(m, "d@example.com", 2), onLine(m, "a@example.com", 3))
	})
	t.Run("a line that is taken is Exists, and so is a second line for a user", func(t *testing.T) {
		s := open(t).Store
		mustAddPhone(t, s, onLine(m, "alice@example.com", 2))
		wantCause(t, addPhone(t.Context(), s, onLine(m, "bob@example.com", 2)), hermes.Exists)
		wantCause(t, addPhone(t.Context(), s, onLine(m, "alice@example.com", 3)), hermes.Exists)
		wantLines(t, s, onLine(m, "alice@example.com", 2))
	})
	t.Run("with all lines taken the next user is InUse, and one that has the phone Exists", func(t *testing.T) {
		s := open(t).Store
		for n := range hermes.MaxLines {
			mustAddPhone(t, s, hermes.Phone{MAC: macAddr(m), User: nthAddr("user%d@example.com", n)})
		}
		wantCause(t, addPhone(t.Context(), s, phone(m, "user16@example.com")), hermes.InUse)
		wantCause(t, addPhone(t.Context(), s, phone(m, "user7@example.com")), hermes.Exists)
		wantCause(t, addPhone(t.Context(), s, onLine(m, "user16@example.com", 16)), hermes.Exists)
		must(t, removeAssociation(t.Context(), s, phone(m, "user7@example.com")))
		got, err := s.AddPhone(t.Context(), phone(m, "user16@example.com"))
		wantEqual(t, got, err, onLine(m, "user16@example.com", 8))
	})
	t.Run("concurrent calls take different lines", func(t *testing.T) { testConcurrentLines(t, open) })
}

func testConcurrentLines(t *testing.T, open openFunc) {
	const calls = 6
	for range Rounds(t, 3) {
		s := open(t).Store
		must(t, firstError(runConcurrently(calls, func(n int) error {
			return addPhone(t.Context(), s, hermes.Phone{MAC: macAddr("001122334455"), User: nthAddr("user%d@example.com", n)})
		})...))
		lines, err := s.PhoneLines(t.Context(), macAddr("001122334455"))
		must(t, err)
		for i, p := range lines {
			if p.Line != i+1 {
				t.Fatalf("the lines are %v, want 1 to %d", lines, calls)
			}
		}
		if len(lines) != calls {
			t.Fatalf("%d lines are taken, want %d", len(lines), calls)
		}
	}
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
		alice, bob := phone("a00000000000", "alice@example.com"), phone("a00000000000", "bob@example.com")
		other := phone("b00000000000", "bob@example.com")
		mustAddPhone(t, s, alice, bob, other)
		wantPhones(t, s, hermes.PhoneQuery{Limit: 10}, alice.MAC, other.MAC)
		must(t, removeAssociation(t.Context(), s, alice))
		wantPhones(t, s, hermes.PhoneQuery{Limit: 10}, alice.MAC, other.MAC)
		must(t, removeAssociation(t.Context(), s, bob))
		wantPhones(t, s, hermes.PhoneQuery{Limit: 10}, other.MAC)
	})
}

func phone(m, user string) hermes.Phone { return hermes.Phone{MAC: macAddr(m), User: addr(user)} }

func onLine(m, user string, line int) hermes.Phone {
	return hermes.Phone{MAC: macAddr(m), User: addr(user), Line: line}
}

// addPhone calls AddPhone for its error.
func addPhone(ctx context.Context, s hermes.Store, p hermes.Phone) error {
	return errorOf(s.AddPhone(ctx, p))
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
