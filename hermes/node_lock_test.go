package hermes_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
)

// readsBeforeTx are the nodes that write after they have read outside of the transaction, with the
// reason why what they have read may change before they write.
func readsBeforeTx() map[string]string {
	return map[string]string{
		"auth/login":       "the password is verified before, since a hash takes long",
		"auth/logout":      "the cookie of a session never changes",
		"auth/authorize":   "the user is looked for again in the transaction",
		"auth/add_user":    "the change that adds the user fails if there is one",
		"auth/ping":        "the backends are asked before, since a directory may be slow",
		"auth/update_user": "the change that sets the password fails if there is no user",
	}
}

// A transaction that reads and then writes has locks. Package internal/test/locks tests whether
// they are the right ones.
func TestNode_Call_locks(t *testing.T) {
	t.Parallel()
	forEachNode(t, func(t *testing.T, e *env, n hermes.Node, s nodeSample) {
		l := &lockRecorder{}
		if _, err := n.Call(t.Context(), e.newClient(t, l.over(e.store)).As(s.actor), s.req); err != nil {
			t.Fatal(err)
		}
		reason := readsBeforeTx()[n.Path]
		if l.readsBefore != (reason != "") {
			t.Errorf("it writes after it has read outside of the transaction: %t; the reason in readsBeforeTx is %q: "+
				"read in the transaction, or give a reason", l.readsBefore, reason)
		}
		for _, fault := range l.faults {
			t.Error(fault)
		}
	})
}

// lockRecorder records the calls of a store that decide without a lock.
type lockRecorder struct {
	hasRead     bool // outside of a transaction
	readsBefore bool // a write followed
	faults      []string
}

// over returns a store over s whose calls are recorded.
func (l *lockRecorder) over(s hermes.Store) hermes.Store {
	outside := storetest.Intercept(s, func(method string) error {
		l.readsBefore = l.readsBefore || l.hasRead && isWrite(method)
		l.hasRead = l.hasRead || isRead(method)
		return nil
	})
	return lockedStore{Store: outside, inner: s, recorder: l}
}

// lockedStore is a store outside of a transaction.
type lockedStore struct {
	hermes.Store
	inner    hermes.Store // not recorded
	recorder *lockRecorder
}

// Tx records what fn does.
func (s lockedStore) Tx(ctx context.Context, opts *hermes.TxOptions, fn func(hermes.Store) error) error {
	locked := opts != nil && len(opts.Locks) > 0
	return s.inner.Tx(ctx, opts, func(tx hermes.Store) error {
		var methods []string
		return fn(storetest.Intercept(tx, func(method string) error {
			if isWrite(method) {
				s.recorder.readsBefore = s.recorder.readsBefore || s.recorder.hasRead
				if i := slices.IndexFunc(methods, isRead); i >= 0 && !locked {
					s.recorder.faults = append(s.recorder.faults, fmt.Sprintf(
						"the transaction calls %s and then %s: name locks for what it decides about", methods[i], method))
				}
			}
			methods = append(methods, method)
			return nil
		}))
	})
}

func isRead(method string) bool { return method != "Tx" && method != "Commit" && !isWrite(method) }

// isWrite reports whether a method of a store changes records.
func isWrite(method string) bool {
	verbs := []string{"Add", "Assign", "Hold", "Release", "Remove", "Rename", "Rotate", "Set", "Sweep", "Take", "Touch", "Trim", "Unhold"}
	return slices.ContainsFunc(verbs, func(verb string) bool { return strings.HasPrefix(method, verb) })
}
