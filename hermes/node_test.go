package hermes_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
)

// These tests hold for every node. They run on the calls of nodeSamples.

// forEachNode runs check as a subtest for each node, with the node's sample in a new env.
func forEachNode(t *testing.T, check func(t *testing.T, e *env, n hermes.Node, s nodeSample)) {
	t.Helper()
	for _, n := range hermes.Nodes() {
		t.Run(n.Path, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			check(t, e, n, mustSample(t, e, n))
		})
	}
}

func mustSample(t *testing.T, e *env, n hermes.Node) nodeSample {
	t.Helper()
	newSample, ok := nodeSamples()[n.Path]
	if !ok {
		t.Fatalf("%s has no sample: add one to hermes/node_samples_test.go", n.Path)
	}
	return newSample(t, e)
}

func nodeAt(t testing.TB, path string) hermes.Node {
	t.Helper()
	for _, n := range hermes.Nodes() {
		if n.Path == path {
			return n
		}
	}
	t.Fatalf("there is no node %q", path)
	return hermes.Node{}
}

func TestNode_Call(t *testing.T) {
	t.Parallel()
	forEachNode(t, func(t *testing.T, e *env, n hermes.Node, s nodeSample) {
		res, err := n.Call(t.Context(), e.client.As(s.actor), s.req)
		wantCause(t, err, "")
		if res == nil {
			t.Error("got no response")
		}
	})
}

// A server refuses HEAD for nodes that change something, so Changes must be true for those alone.
func TestNode_Changes(t *testing.T) {
	t.Parallel()
	forEachNode(t, func(t *testing.T, e *env, n hermes.Node, s nodeSample) {
		before := takeSnapshot(t, e.store, s.cred)
		_, err := n.Call(t.Context(), e.client.As(s.actor), s.req)
		wantCause(t, err, "")
		after := takeSnapshot(t, e.store, s.cred)
		if changed := !cmp.Equal(before, after, compareUnexported()); changed != n.Changes {
			t.Errorf("the call changed the store: %v, the table says %v", changed, n.Changes)
		}
	})
}

// A zero request gets a response or an *Error of the node with a detail.
func TestNode_Call_zeroRequest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		actor hermes.Actor
	}{
		{"the program", newEnv(t).client.Actor()},
		{"admin", hermes.Actor{
			Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "admin"},
			Access:    hermes.FullWrite, Remote: office,
		}},
		{"no access", hermes.Actor{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, n := range hermes.Nodes() {
				t.Run(n.Path, func(t *testing.T) {
					t.Parallel()
					res, err := n.Call(t.Context(), newEnv(t).client.As(tt.actor), n.New())
					if err == nil {
						if res == nil {
							t.Error("got neither a response nor an error")
						}
						return
					}
					var he *hermes.Error
					if !errors.As(err, &he) || he.Node != n.Path {
						t.Fatalf("got %v, want an *Error of the node", err)
					}
					if he.Detail == "" || strings.Contains(he.Detail, "%!") {
						t.Errorf("got the detail %q, want a sentence", he.Detail)
					}
				})
			}
		})
	}
}

// A context that is cancelled before the call changes nothing.
func TestNode_Call_contextCancelled(t *testing.T) {
	t.Parallel()
	forEachNode(t, func(t *testing.T, e *env, n hermes.Node, s nodeSample) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		before := takeSnapshot(t, e.store, s.cred)
		_, err := n.Call(ctx, e.client.As(s.actor), s.req)
		if _, usesNoStore := nodesWithoutStore()[n.Path]; (err == nil) != usesNoStore {
			t.Errorf("got the error %v; a node that calls no store method belongs in nodesWithoutStore", err)
		}
		wantEqual(t, takeSnapshot(t, e.store, s.cred), before)
	})
}
