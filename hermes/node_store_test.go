package hermes_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// errDisk is the error of a store that fails.
var errDisk = errors.New("disk on fire")

// wantStoreFailed checks that err is what a call returns over a store that fails with errDisk: an
// *Error with a fixed text, and the store's error inside.
func wantStoreFailed(t testing.TB, err error) {
	t.Helper()
	var e *hermes.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	response := hermes.Failed
	if e.Node == "alias/list" {
		response = hermes.OK // as in the original API
	}
	const detail = "the database did not carry it out; nothing was changed"
	if e.Response != response || e.Cause != hermes.StoreFailed || e.Detail != detail {
		t.Errorf("got %v, want %s/%s: %s", e, response, hermes.StoreFailed, detail)
	}
	if !errors.Is(err, errDisk) || !errors.Is(err, hermes.StoreFailed) {
		t.Errorf("errors.Is does not find the inner error or the cause in %v", err)
	}
	if strings.Contains(err.Error(), errDisk.Error()) {
		t.Errorf("the text %q contains the inner error", err)
	}
}

// nodesWithoutStore returns the nodes that do not call the store, each with the reason.
func nodesWithoutStore() map[string]string {
	return map[string]string{
		"user/generate_password": "the generated password is not stored",
		"auth/whoami":            "it is about the actor of the Client",
		"auth/challenge":         "a nonce is stored when it has been used",
	}
}

func TestNode_Call_storeFails(t *testing.T) {
	t.Parallel()
	forEachNode(t, func(t *testing.T, e *env, n hermes.Node, s nodeSample) {
		calls := &storeCalls{fail: func(int) error { return errDisk }}
		_, err := n.Call(t.Context(), e.newClient(t, calls.over(e.store)).As(s.actor), s.req)
		if _, usesNoStore := nodesWithoutStore()[n.Path]; usesNoStore {
			if err != nil || len(calls.names) != 0 {
				t.Errorf("got %v after the store calls %v, want no error and no calls", err, calls.names)
			}
			return
		}
		wantStoreFailed(t, err)
	})
}

func TestClient_outcomeUnknown(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	calls := &storeCalls{fail: func(int) error { return errors.Join(errDisk, hermes.ErrOutcomeUnknown) }}
	client := e.newClient(t, calls.over(e.store))
	_, err := client.PhoneRemove(t.Context(), hermes.PhoneRemoveRequest{MAC: phone1, User: alice})
	if he := wantCause(t, err, hermes.StoreFailed); !strings.HasPrefix(he.Detail, "outcome unknown") {
		t.Errorf("got the detail %q, want it to begin with %q", he.Detail, "outcome unknown")
	}
}

// disturbEachStoreCall calls a node with its sample in new envs, once for each call that the node
// makes to its store. before runs just before that store call, which fails with its error; it may
// also cancel the context of the call. check gets the name of the store call and the node's error.
// The store must be unchanged afterwards.
func disturbEachStoreCall(
	t *testing.T, n hermes.Node, before func(cancel func()) error, check func(storeCall string, err error),
) {
	t.Helper()
	for at := 1; ; at++ {
		e := newEnv(t)
		s := mustSample(t, e, n)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		calls := &storeCalls{fail: func(n int) error {
			if n != at {
				return nil
			}
			return before(cancel)
		}}
		snapshotBefore := takeSnapshot(t, e.store, s.cred)
		_, err := n.Call(ctx, e.newClient(t, calls.over(e.store)).As(s.actor), s.req)
		if len(calls.names) < at { // the node makes fewer calls: this one ran undisturbed
			_, usesNoStore := nodesWithoutStore()[n.Path]
			if err != nil || at == 1 && !usesNoStore {
				t.Errorf("undisturbed: got %v after %d store calls, want no error after one or more; "+
					"a node that calls no store method belongs in nodesWithoutStore", err, at-1)
			}
			return
		}
		storeCall := calls.names[at-1]
		check(storeCall, err)
		wantEqual(t, takeSnapshot(t, e.store, s.cred), snapshotBefore)
		if t.Failed() {
			t.Fatalf("failed with store call %d, %s, disturbed", at, storeCall)
		}
	}
}

// If any one store call fails, nothing is changed.
func TestNode_Call_oneStoreCallFails(t *testing.T) {
	t.Parallel()
	for _, n := range hermes.Nodes() {
		t.Run(n.Path, func(t *testing.T) {
			t.Parallel()
			fail := func(func()) error { return errDisk }
			disturbEachStoreCall(t, n, fail, func(storeCall string, err error) {
				if n.Path == "auth/login" && storeCall == "Credential" {
					// A backend's failure refuses the login as a wrong password does.
					if wantCause(t, err, hermes.Unauthorized); !errors.Is(err, errDisk) {
						t.Errorf("got %v, want the backend's error inside", err)
					}
					return
				}
				wantStoreFailed(t, err)
			})
		})
	}
}

// If the context is cancelled before any one store call, nothing is changed.
func TestNode_Call_contextCancelledBeforeStoreCall(t *testing.T) {
	t.Parallel()
	for _, n := range hermes.Nodes() {
		t.Run(n.Path, func(t *testing.T) {
			t.Parallel()
			cancelled := func(cancel func()) error { cancel(); return nil }
			disturbEachStoreCall(t, n, cancelled, func(storeCall string, err error) {
				if err == nil || n.Path != "auth/login" && !errors.Is(err, context.Canceled) {
					t.Errorf("cancelled before %s: got %v, want the context's error inside", storeCall, err)
				}
			})
		})
	}
}
