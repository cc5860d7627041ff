// Package backendtest is the suite that every hermes.Backend passes, and those that can be written
// besides. An embedder runs it on a backend of their own:
//
//	func TestBackend(t *testing.T) {
//		backendtest.Run(t, func(t *testing.T) backendtest.Fixture {
//			b := mybackend.New(t.TempDir())
//			return backendtest.Fixture{Backend: b, Store: memstore.New(), AddUser: …}
//		})
//	}
//
// Names and passwords come to a backend as the caller of auth/login wrote them, unchecked. What lets nobody
// in is (false, nil) here, also for input that no user can have: an error is for a backend that cannot tell.
package backendtest

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Fixture is a backend without users, and what the suite does to it that is not the Backend's to do.
type Fixture struct {
	Backend hermes.Backend
	// Store is handed to the backend; it has no credentials.
	Store hermes.Store
	// AddUser puts a user in by the backend's own means. An empty password is stored as such where that can be, and
	// as none where it cannot. Names are those that the API takes, without a colon, and start with no '#'.
	AddUser func(t *testing.T, user, password string)
	// PasswordMax is the longest password that the backend keeps, in bytes; 0: it has no limit.
	PasswordMax int
	// Work tells what the backend does meanwhile fn runs, in a unit of its own: round trips, memory hashed
	// through. It is the same for the same work. nil: the case about an unknown user's cost is not run.
	Work func(fn func()) uint64
}

// Run runs the suite. open gives a fresh Fixture at each call and cleans up with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) Fixture) {
	groups := []group{
		{"verify", verifyCases()},
		{"password", passwordCases()},
		{"name", nameCases()},
	}
	if _, ok := open(t).Backend.(hermes.WritableBackend); ok {
		groups = append(groups, group{"write", writeCases()})
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) { g.run(t, open) })
	}
}

type group struct {
	name  string
	cases []testCase
}

// testCase is one promise, with a backend of its own.
type testCase struct {
	name string
	why  string
	run  func(k *kit)
}

func (g group) run(t *testing.T, open func(t *testing.T) Fixture) {
	for _, c := range g.cases {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("the promise: %s", c.why)
				}
			})
			c.run(&kit{T: t, Fixture: open(t), ctx: t.Context()})
		})
	}
}
