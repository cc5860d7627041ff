package backendtest

import (
	"errors"

	"github.com/hermes-voip/go-hermes/hermes"
)

func writeCases() []testCase {
	return []testCase{
		{"life", "a user is added, changed and removed", func(k *kit) {
			k.apply(k.add("alice", right), nil)
			k.has("alice", true)
			k.lets("alice", right)
			k.apply(k.update("alice", "another battery"), nil)
			k.refuses("alice", right)
			k.lets("alice", "another battery")
			k.apply(k.writable().Remove("alice"), nil)
			k.refuses("alice", "another battery")
			k.has("alice", false)
			k.apply(k.add("alice", right), nil)
			k.lets("alice", right)
		}},
		{"causes", "what is wrong is told by bare causes, and changes nothing", causes},
		{"prepared", "preparing changes nothing: the transaction does", func(k *kit) {
			k.add("alice", right)
			k.has("alice", false)
			k.alice()
			k.update("alice", "another battery")
			k.writable().Remove("alice")
			k.lets("alice", right)
		}},
		{"again", "a change may be applied again after a rollback", again},
		{"other users", "a change is one user's", func(k *kit) {
			k.alice()
			k.AddUser(k.T, "bob", "staple of another")
			k.apply(k.update("bob", "another battery"), nil)
			k.lets("alice", right)
			k.apply(k.writable().Remove("bob"), nil)
			k.lets("alice", right)
		}},
		{"empty", "an empty password is refused or never lets in", func(k *kit) {
			change, err := k.writable().Add("alice", hermes.Secret{})
			if err == nil {
				k.apply(change, nil)
			}
			k.refuses("alice", "")
		}},
	}
}

func (k *kit) writable() hermes.WritableBackend { return k.Backend.(hermes.WritableBackend) }

func (k *kit) add(user, password string) hermes.Change {
	k.Helper()
	change, err := k.writable().Add(user, hermes.NewSecret(password))
	k.ok(err)
	return change
}

func (k *kit) update(user, password string) hermes.Change {
	k.Helper()
	change, err := k.writable().Update(user, hermes.NewSecret(password))
	k.ok(err)
	return change
}

// apply applies a change in a transaction and wants this error of it.
func (k *kit) apply(change hermes.Change, want error) {
	k.Helper()
	var got error
	k.ok(k.Store.Tx(k.ctx, func(s hermes.Store) error {
		got = change(k.ctx, s)
		return nil
	}))
	if got != want {
		k.Fatalf("got %v (%T), want %v", got, got, want)
	}
}

func causes(k *kit) {
	for _, change := range []hermes.Change{k.update("alice", right), k.writable().Remove("alice")} {
		k.apply(change, hermes.NotFound)
		k.is(change(k.ctx, k.Store), hermes.NotFound)
	}
	k.has("alice", false)
	k.alice()
	k.apply(k.add("alice", "another battery"), hermes.Exists)
	k.is(k.add("alice", "another battery")(k.ctx, k.Store), hermes.Exists)
	k.refuses("alice", "another battery")
	k.lets("alice", right)
	k.apply(k.update("Alice", "another battery"), hermes.NotFound)
	k.lets("alice", right)
}

// again rolls every change back and applies it a second time.
func again(k *kit) {
	errRollback := errors.New("rolled back")
	twice := func(change hermes.Change, between func()) {
		k.Helper()
		err := k.Store.Tx(k.ctx, func(s hermes.Store) error {
			k.ok(change(k.ctx, s))
			return errRollback
		})
		if err != errRollback {
			k.Fatalf("the transaction returned %v, want its function's own error", err)
		}
		between()
		k.apply(change, nil)
	}
	twice(k.add("alice", right), func() { k.has("alice", false) })
	k.lets("alice", right)
	twice(k.update("alice", "another battery"), func() { k.lets("alice", right) })
	k.lets("alice", "another battery")
	k.refuses("alice", right)
	twice(k.writable().Remove("alice"), func() { k.has("alice", true) })
	k.has("alice", false)
}
