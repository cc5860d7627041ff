// Package backendtest tests implementations of [hermes.Backend] and [hermes.WritableBackend].
//
// [Run] runs the suite on a backend:
//
//	func TestBackend(t *testing.T) {
//		backendtest.Run(t, func(t *testing.T) backendtest.Fixture {
//			b := mybackend.New(t.TempDir())
//			return backendtest.Fixture{Backend: b, Store: memstore.New(), AddUser: …}
//		})
//	}
//
// A backend gets the name and the password of a login as the client sent them, without any check.
// The suite requires that Verify returns false and no error for a wrong password, for an unknown
// user, and for a name or a password that no user can have. An error means that the backend cannot
// know, for example because its directory is down.
package backendtest

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Fixture is a backend without users, with functions for what a Backend has no methods for.
type Fixture struct {
	Backend hermes.Backend
	// Store is passed to the methods of the backend. It has no credentials.
	Store hermes.Store
	// AddUser adds a user by the means of the backend. If the password is empty, it adds the user
	// with an empty password if the backend can hold one, and else without a password. The names
	// are of those that the API accepts, contain no colon and do not begin with '#'.
	AddUser func(t *testing.T, user, password string)
	// PasswordMax is the length in bytes of the longest password that the backend accepts. Zero
	// means that there is no limit.
	PasswordMax int
	// Work calls fn and returns how much work the backend does during the call, in any unit:
	// round trips, for example, or memory that is hashed. It must return the same for the same
	// calls. If nil, the test that an unknown user takes as much work as a known one is skipped.
	Work func(fn func()) uint64
}

// openFunc returns a fixture that the test does not share. It cleans up with t.Cleanup.
type openFunc = func(t *testing.T) Fixture

// Run runs the suite. It calls open for each test; open must return a new Fixture each time and
// clean up with t.Cleanup. No two tests run at the same time. If the backend is a
// [hermes.WritableBackend], its further methods are tested, too.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	t.Run("Name", func(t *testing.T) { testName(t, open) })
	t.Run("Verify", func(t *testing.T) { testVerify(t, open) })
	t.Run("user names", func(t *testing.T) { testUserNames(t, open) })
	t.Run("passwords", func(t *testing.T) { testPasswords(t, open) })
	t.Run("Has", func(t *testing.T) { testHas(t, open) })
	if _, ok := open(t).Backend.(hermes.WritableBackend); ok {
		t.Run("changes", func(t *testing.T) { testChanges(t, open) })
	}
}

// Passwords of the users alice and bob, and the one that tests change a password to.
const (
	alicePassword = "correct horse battery"
	bobPassword   = "staple of another"
	newPassword   = "another battery"
)

func addAlice(t *testing.T, f Fixture) {
	t.Helper()
	f.AddUser(t, "alice", alicePassword)
}

func addBob(t *testing.T, f Fixture) {
	t.Helper()
	f.AddUser(t, "bob", bobPassword)
}

// wantVerify calls Verify, which must return want and no error.
func wantVerify(t *testing.T, f Fixture, user, password string, want bool) {
	t.Helper()
	got, err := f.Backend.Verify(t.Context(), f.Store, user, hermes.NewSecret(password))
	if err != nil {
		t.Fatalf("Verify(%.80q, %.80q): got the error %v, want none", user, password, err)
	}
	if got != want {
		t.Errorf("Verify(%.80q, %.80q) = %t, want %t", user, password, got, want)
	}
}

func wantAccepted(t *testing.T, f Fixture, user, password string) {
	t.Helper()
	wantVerify(t, f, user, password, true)
}

func wantRejected(t *testing.T, f Fixture, user, password string) {
	t.Helper()
	wantVerify(t, f, user, password, false)
}

// wantHas calls Has, which must return want and no error.
func wantHas(t *testing.T, f Fixture, user string, want bool) {
	t.Helper()
	got, err := f.Backend.Has(t.Context(), f.Store, user)
	if err != nil || got != want {
		t.Errorf("Has(%.80q) = %t, %v, want %t", user, got, err, want)
	}
}
