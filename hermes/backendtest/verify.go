package backendtest

import (
	"context"
	"sync"

	"github.com/hermes-voip/go-hermes/hermes"
)

func verifyCases() []testCase {
	return []testCase{
		{"name", "auth/list_users shows which backend has a user", func(k *kit) {
			if name := k.Backend.Name(); name == "" || name != k.Backend.Name() {
				k.Errorf("Name() = %q, want one name", name)
			}
		}},
		{"right", "the right password lets in, more than once", func(k *kit) {
			k.alice()
			k.lets("alice", right)
			k.lets("alice", right)
		}},
		{"wrong", "a wrong password lets nobody in, before and after the right one", func(k *kit) {
			k.alice()
			k.refuses("alice", "wrong password")
			k.lets("alice", right)
			k.refuses("alice", "wrong password")
		}},
		{"another's", "a password is one user's", func(k *kit) {
			k.alice()
			k.AddUser(k.T, "bob", "staple of another")
			k.refuses("alice", "staple of another")
			k.refuses("bob", right)
			k.lets("bob", "staple of another")
		}},
		{"unknown", "an unknown user is no error, which would tell", func(k *kit) {
			k.refuses("nobody", right)
			k.alice()
			k.refuses("nobody", right)
		}},
		{"has", "Has tells who is there", func(k *kit) {
			k.has("alice", false)
			k.alice()
			k.has("alice", true)
			k.has("nobody", false)
		}},
		{"cost", "an unknown user costs what a known one does", unknownCost},
		{"cancelled", "a backend that was not let finish cannot tell", cancelled},
		{"at once", "verdicts are not mixed up between callers", atOnce},
	}
}

func unknownCost(k *kit) {
	if k.Work == nil {
		k.Log("this backend's work is not counted here")
		return
	}
	k.alice()
	k.lets("alice", right) // what is done once only is done now
	known := k.Work(func() { k.refuses("alice", "wrong password") })
	unknown := k.Work(func() { k.refuses("nobody", "wrong password") })
	if known == 0 || known != unknown {
		k.Errorf("the work for a known user is %d and for an unknown one %d, want the same and some", known, unknown)
	}
}

func cancelled(k *kit) {
	k.alice()
	ctx, cancel := context.WithCancel(k.ctx)
	cancel()
	if ok, err := k.Backend.Verify(ctx, k.Store, "alice", hermes.NewSecret(right)); ok || err == nil {
		k.Errorf("Verify = %t, %v, want an error", ok, err)
	}
	if _, err := k.Backend.Has(ctx, k.Store, "alice"); err == nil {
		k.Error("Has: got no error, want one")
	}
	k.lets("alice", right)
}

func atOnce(k *kit) {
	k.alice()
	k.AddUser(k.T, "bob", "staple of another")
	asked := []struct {
		user, password string
		want           bool
	}{
		{"alice", right, true}, {"alice", "staple of another", false}, {"bob", right, false},
		{"bob", "staple of another", true}, {"nobody", right, false},
	}
	var group sync.WaitGroup
	for i := range 8 * len(asked) {
		a := asked[i%len(asked)]
		group.Go(func() {
			got, err := k.Backend.Verify(k.ctx, k.Store, a.user, hermes.NewSecret(a.password))
			if err != nil || got != a.want {
				k.Errorf("Verify(%q, %q) = %t, %v, want %t", a.user, a.password, got, err, a.want)
			}
		})
	}
	group.Wait()
}
