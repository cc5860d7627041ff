package audit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
)

// step is a call, and the entry that it must leave.
type step struct {
	why   string
	node  string
	req   hermes.Request                                    // of the node, if run is nil
	run   func(ctx context.Context, c *hermes.Client) error // if req is nil
	cause hermes.Cause                                      // of the refusal; empty for a success
	want  []string                                          // as from lines; nil if there must be none
}

func (s step) call(ctx context.Context, c *hermes.Client) error {
	if s.run != nil {
		return s.run(ctx, c)
	}
	for _, n := range hermes.Nodes() {
		if n.Path == s.node {
			_, err := n.Call(ctx, c, s.req)
			return err
		}
	}
	return fmt.Errorf("there is no node %q", s.node)
}

// makesNone are the nodes that change something and never make an entry, each with the reason.
func makesNone() map[string]string {
	return map[string]string{
		"auth/login":  "logins are in the log",
		"auth/logout": "logins are in the log",
		"auth/ping":   "a renewed session is no change of a right",
	}
}

// TestStory makes the calls of the story one after the other. Each leaves the entry that it must
// leave, or none. Before a call that leaves one, it is made on a store that fails, and then in a
// transaction that is rolled back: these leave nothing.
func TestStory(t *testing.T) {
	onEachStore(t, func(t *testing.T, s hermes.Store) {
		c := newClient(t, s)
		seen := 0
		for _, step := range story(t, s) {
			name := step.node + ": " + step.why
			if step.want != nil {
				testUndone(t, s, step, seen)
			}
			if err := step.call(t.Context(), c); causeOf(err) != step.cause {
				t.Fatalf("%s: got %v, want the cause %q", name, err, step.cause)
			}
			all := entries(t, s)
			var got []string
			for _, e := range all[seen:] {
				got = append(got, lines(t, e)...)
			}
			if d := cmp.Diff(step.want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", name, d)
			}
			seen = len(all)
		}
	})
}

func causeOf(err error) hermes.Cause {
	var e *hermes.Error
	if errors.As(err, &e) {
		return e.Cause
	}
	if err != nil {
		return hermes.Cause(err.Error())
	}
	return ""
}

// testUndone makes the call of a step so that it fails, in three ways, and checks that there are
// still seen entries.
func testUndone(t *testing.T, s hermes.Store, step step, seen int) {
	t.Helper()
	errFault, errUndo := errors.New("disk"), errors.New("undo")
	for _, method := range []string{"AddAuditEntry", "Commit"} {
		failing := storetest.Intercept(s, func(called string) error {
			if called == method {
				return errFault
			}
			return nil
		})
		if err := step.call(t.Context(), newClient(t, failing)); !errors.Is(err, errFault) {
			t.Errorf("%s: %s: got %v where %s fails", step.node, step.why, err, method)
		}
	}
	err := newClient(t, s).Tx(t.Context(), func(c *hermes.Client) error {
		if err := step.call(t.Context(), c); err != nil {
			return err
		}
		return errUndo
	})
	if err != errUndo {
		t.Errorf("%s: %s: in a transaction: %v", step.node, step.why, err)
	}
	if n := len(entries(t, s)); n != seen {
		t.Errorf("%s: %s: %d entries of calls that were undone", step.node, step.why, n-seen)
	}
}

// TestStory_everyNode checks that the story has each node that changes something, with a call that
// leaves an entry, unless the node never makes one.
func TestStory_everyNode(t *testing.T) {
	made, called := map[string]bool{}, map[string]bool{}
	for _, step := range story(t, nil) {
		made[step.node] = made[step.node] || step.want != nil
		called[step.node] = true
		if step.want != nil && !strings.HasPrefix(step.want[0], step.node+" ") {
			t.Errorf("%s: %s: want an entry of the node", step.node, step.why)
		}
	}
	for _, n := range hermes.Nodes() {
		switch _, none := makesNone()[n.Path]; {
		case n.Changes && !none && !made[n.Path]:
			t.Errorf("%s: add a call to the story that leaves an entry, or a reason to makesNone", n.Path)
		case none && (made[n.Path] || !called[n.Path]):
			t.Errorf("%s: want calls in the story, none of which leaves an entry", n.Path)
		}
	}
}
