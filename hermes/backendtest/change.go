package backendtest

import (
	"errors"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func testChanges(t *testing.T, open openFunc) {
	t.Run("a user is added, updated, removed and added again", func(t *testing.T) {
		f := open(t)
		wantApplied(t, f, mustAdd(t, f, "alice", alicePassword), nil)
		wantHas(t, f, "alice", true)
		wantAccepted(t, f, "alice", alicePassword)
		wantApplied(t, f, mustUpdate(t, f, "alice", newPassword), nil)
		wantRejected(t, f, "alice", alicePassword)
		wantAccepted(t, f, "alice", newPassword)
		wantApplied(t, f, writable(f).Remove("alice"), nil)
		wantRejected(t, f, "alice", newPassword)
		wantHas(t, f, "alice", false)
		wantApplied(t, f, mustAdd(t, f, "alice", alicePassword), nil)
		wantAccepted(t, f, "alice", alicePassword)
	})
	t.Run("a failed change returns a cause and changes nothing", func(t *testing.T) { testCauses(t, open(t)) })
	t.Run("a change has no effect before it is applied", func(t *testing.T) {
		f := open(t)
		mustAdd(t, f, "alice", alicePassword)
		wantHas(t, f, "alice", false)
		addAlice(t, f)
		mustUpdate(t, f, "alice", newPassword)
		writable(f).Remove("alice")
		wantAccepted(t, f, "alice", alicePassword)
	})
	t.Run("a change can be applied again after a rollback", func(t *testing.T) { testRollback(t, open(t)) })
	t.Run("a change has no effect on other users", func(t *testing.T) {
		f := open(t)
		addAlice(t, f)
		addBob(t, f)
		wantApplied(t, f, mustUpdate(t, f, "bob", newPassword), nil)
		wantAccepted(t, f, "alice", alicePassword)
		wantApplied(t, f, writable(f).Remove("bob"), nil)
		wantAccepted(t, f, "alice", alicePassword)
	})
	t.Run("an empty password is an error or is never accepted", func(t *testing.T) {
		f := open(t)
		change, err := writable(f).Add("alice", hermes.Secret{})
		if err == nil {
			wantApplied(t, f, change, nil)
		}
		wantRejected(t, f, "alice", "")
	})
}

func writable(f Fixture) hermes.WritableBackend { return f.Backend.(hermes.WritableBackend) }

func mustAdd(t *testing.T, f Fixture, user, password string) hermes.Change {
	t.Helper()
	change, err := writable(f).Add(user, hermes.NewSecret(password))
	if err != nil {
		t.Fatalf("Add(%q): got the error %v, want none", user, err)
	}
	return change
}

func mustUpdate(t *testing.T, f Fixture, user, password string) hermes.Change {
	t.Helper()
	change, err := writable(f).Update(user, hermes.NewSecret(password))
	if err != nil {
		t.Fatalf("Update(%q): got the error %v, want none", user, err)
	}
	return change
}

// wantApplied applies a change in a transaction. The change must return want itself, which callers
// compare with ==.
func wantApplied(t *testing.T, f Fixture, change hermes.Change, want error) {
	t.Helper()
	var got error
	err := f.Store.Tx(t.Context(), nil, func(s hermes.Store) error {
		got = change(t.Context(), s)
		return nil
	})
	if err != nil {
		t.Fatalf("the transaction returned %v", err)
	}
	if got != want {
		t.Fatalf("the change returned %v (%T), want %v", got, got, want)
	}
}

func testCauses(t *testing.T, f Fixture) {
	// wantCause applies a change in a transaction, and once more without one.
	wantCause := func(change hermes.Change, want hermes.Cause) {
		t.Helper()
		wantApplied(t, f, change, want)
		if err := change(t.Context(), f.Store); err != error(want) {
			t.Fatalf("without a transaction the change returned %v (%T), want %v", err, err, want)
		}
	}
	wantCause(mustUpdate(t, f, "alice", alicePassword), hermes.NotFound)
	wantCause(writable(f).Remove("alice"), hermes.NotFound)
	wantHas(t, f, "alice", false)
	addAlice(t, f)
	wantCause(mustAdd(t, f, "alice", newPassword), hermes.Exists)
	wantRejected(t, f, "alice", newPassword)
	wantAccepted(t, f, "alice", alicePassword)
	wantApplied(t, f, mustUpdate(t, f, "Alice", newPassword), hermes.NotFound)
	wantAccepted(t, f, "alice", alicePassword)
}

func testRollback(t *testing.T, f Fixture) {
	mustRollBack := func(change hermes.Change) {
		t.Helper()
		errRollback := errors.New("rolled back")
		err := f.Store.Tx(t.Context(), nil, func(s hermes.Store) error {
			if err := change(t.Context(), s); err != nil {
				t.Fatalf("the change returned %v, want no error", err)
			}
			return errRollback
		})
		if err != errRollback {
			t.Fatalf("the transaction returned %v, want the error of its function", err)
		}
	}
	add := mustAdd(t, f, "alice", alicePassword)
	mustRollBack(add)
	wantHas(t, f, "alice", false)
	wantApplied(t, f, add, nil)
	wantAccepted(t, f, "alice", alicePassword)

	update := mustUpdate(t, f, "alice", newPassword)
	mustRollBack(update)
	wantAccepted(t, f, "alice", alicePassword)
	wantApplied(t, f, update, nil)
	wantAccepted(t, f, "alice", newPassword)
	wantRejected(t, f, "alice", alicePassword)

	remove := writable(f).Remove("alice")
	mustRollBack(remove)
	wantHas(t, f, "alice", true)
	wantApplied(t, f, remove, nil)
	wantHas(t, f, "alice", false)
}
