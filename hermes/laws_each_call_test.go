package hermes_test

import (
	"context"
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
)

func equal(a, b any) bool {
	return cmp.Equal(a, b, cmp.Exporter(func(reflect.Type) bool { return true }))
}

// eachCall runs a node once for each of its store's calls, with sabotage done before that call, until there
// is no such call. check is told which call it was.
func eachCall(t *testing.T, node string, sabotage func(cancel func()) error, check func(w *world, call string, err error)) {
	t.Helper()
	n := nodeAt(t, node)
	for at := 1; ; at++ {
		w := newWorld(t)
		s := samples()[node](w)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		sabotaged := &storeCalls{fail: func(n int) error {
			if n != at {
				return nil
			}
			return sabotage(cancel)
		}}
		before := snap(t, w.store, s.cred)
		_, err := n.Call(ctx, w.over(sabotaged.over(w.store)).As(s.actor), s.req)
		if len(sabotaged.names) < at {
			if err != nil || at == 1 && withoutStore()[node] == "" {
				t.Errorf("undisturbed: got %v after %d calls, want none after one or more", err, at-1)
			}
			return
		}
		call := sabotaged.names[at-1]
		check(w, call, err)
		if after := snap(t, w.store, s.cred); !equal(before, after) {
			t.Errorf("call %d, %s, went wrong and something was changed:\n%s", at, call, cmp.Diff(before, after, exporter()))
		}
	}
}

func exporter() cmp.Option { return cmp.Exporter(func(reflect.Type) bool { return true }) }

func nodeAt(t testing.TB, path string) hermes.Node {
	t.Helper()
	for _, n := range hermes.Nodes() {
		if n.Path == path {
			return n
		}
	}
	t.Fatalf("no node %q", path)
	return hermes.Node{}
}

// A fault at any one call of the store leaves nothing half done.
func TestOneCallFails(t *testing.T) {
	for _, n := range hermes.Nodes() {
		t.Run(n.Path, func(t *testing.T) {
			fail := func(func()) error { return errDisk }
			eachCall(t, n.Path, fail, func(w *world, call string, err error) {
				if n.Path == "auth/login" && call == "Credential" {
					// A backend that cannot tell lets nobody in, and says so in the log only.
					if refused(t, err, hermes.Unauthorized); !errors.Is(err, errDisk) {
						t.Errorf("the backend's fault is lost: %v", err)
					}
					return
				}
				wantDBFail(t, err)
			})
		})
	}
}

// A context that ends in the middle does the same.
func TestCancelledHalfway(t *testing.T) {
	for _, n := range hermes.Nodes() {
		t.Run(n.Path, func(t *testing.T) {
			hangUp := func(cancel func()) error { cancel(); return nil }
			eachCall(t, n.Path, hangUp, func(w *world, call string, err error) {
				if err == nil || n.Path != "auth/login" && !errors.Is(err, context.Canceled) {
					t.Errorf("cancelled before %s: got %v, want the context's error inside", call, err)
				}
			})
		})
	}
}
