package hermes_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// eachNode runs a law on every node, in a world of its own.
func eachNode(t *testing.T, law func(w *world, n hermes.Node, s sample)) {
	t.Helper()
	all := samples()
	for _, n := range hermes.Nodes() {
		t.Run(n.Path, func(t *testing.T) {
			make, ok := all[n.Path]
			if !ok {
				t.Fatal("no sample: want one in samples_test.go")
			}
			w := newWorld(t)
			law(w, n, make(w))
		})
	}
}

func TestEveryNodeAnswers(t *testing.T) {
	eachNode(t, func(w *world, n hermes.Node, s sample) {
		if res := ok(w.T, got(n.Call(w.Context(), w.As(s.actor), s.req))); res == nil {
			t.Error("no response value")
		}
	})
}

// Whether a node changes something is what decides over HEAD, so it must be true.
func TestOnlyNodesThatSaySoChangeAnything(t *testing.T) {
	eachNode(t, func(w *world, n hermes.Node, s sample) {
		before := snap(w.T, w.store, s.cred)
		ok(w.T, got(n.Call(w.Context(), w.As(s.actor), s.req)))
		after := snap(w.T, w.store, s.cred)
		if changed := !equal(before, after); changed != n.Changes {
			w.Errorf("the sample changed the store: %v, the table says %v", changed, n.Changes)
		}
	})
}

func TestZeroRequest(t *testing.T) {
	for _, n := range hermes.Nodes() {
		for who, c := range map[string]func(*world) *hermes.Client{
			"the program": func(w *world) *hermes.Client { return w.Client },
			"an admin": func(w *world) *hermes.Client {
				return w.As(hermes.Actor{Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "admin"}, Access: hermes.FullWrite, Remote: office})
			},
			"nobody": func(w *world) *hermes.Client { return w.As(hermes.Actor{}) },
		} {
			t.Run(n.Path+" by "+who, func(t *testing.T) {
				w := newWorld(t)
				res, err := n.Call(t.Context(), c(w), n.New())
				var e *hermes.Error
				switch {
				case err == nil && res == nil:
					t.Error("neither an answer nor an error")
				case err != nil && (!errors.As(err, &e) || e.Node != n.Path):
					t.Errorf("got %v, want an *Error of the node", err)
				case e != nil && (e.Detail == "" || strings.Contains(e.Detail, "%!")):
					t.Errorf("detail %q: want a sentence", e.Detail)
				}
			})
		}
	}
}

var errDisk = errors.New("disk on fire")

const detailDBFail = "the database did not carry it out; nothing was changed"

// wantDBFail wants the fixed words outside and the store's words inside.
func wantDBFail(t testing.TB, err error) {
	t.Helper()
	var e *hermes.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	want := hermes.Failed
	if e.Node == "alias/list" {
		want = hermes.OK // as the original API answers there
	}
	if e.Response != want || e.Cause != hermes.StoreFailed || e.Detail != detailDBFail {
		t.Errorf("got %v, want %s/dbfail: %s", e, want, detailDBFail)
	}
	if !errors.Is(err, errDisk) || !errors.Is(err, hermes.StoreFailed) {
		t.Errorf("errors.Is does not find the inner error, or the cause, in %v", err)
	}
	if strings.Contains(err.Error(), errDisk.Error()) {
		t.Errorf("the text has the inner error: %s", err)
	}
}

// withoutStore need no database, so that its failure is nothing to them.
func withoutStore() map[string]string {
	return map[string]string{"user/generate_password": "a password is made up and kept nowhere"}
}

func TestEveryCallFails(t *testing.T) {
	eachNode(t, func(w *world, n hermes.Node, s sample) {
		broken := &storeCalls{fail: func(int) error { return errDisk }}
		_, err := n.Call(w.Context(), w.over(broken.over(w.store)).As(s.actor), s.req)
		if withoutStore()[n.Path] != "" {
			if err != nil || len(broken.names) != 0 {
				w.Errorf("got %v after the calls %v, want neither", err, broken.names)
			}
			return
		}
		wantDBFail(w.T, err)
	})
}

func TestOutcomeUnknown(t *testing.T) {
	w := newWorld(t)
	lost := &storeCalls{fail: func(int) error { return errors.Join(errDisk, hermes.ErrOutcomeUnknown) }}
	_, err := w.over(lost.over(w.store)).PhoneRemove(t.Context(), hermes.PhoneRemoveRequest{MAC: phone1, User: alice})
	if e := refused(t, err, hermes.StoreFailed); !strings.HasPrefix(e.Detail, "outcome unknown") {
		t.Errorf("detail %q: want it to begin with outcome unknown", e.Detail)
	}
}

func TestCancelledBefore(t *testing.T) {
	eachNode(t, func(w *world, n hermes.Node, s sample) {
		ctx, cancel := context.WithCancel(w.Context())
		cancel()
		before := snap(w.T, w.store, s.cred)
		_, err := n.Call(ctx, w.As(s.actor), s.req)
		if (err == nil) != (withoutStore()[n.Path] != "") {
			w.Errorf("got the error %v", err)
		}
		same(w.T, snap(w.T, w.store, s.cred), before)
	})
}
