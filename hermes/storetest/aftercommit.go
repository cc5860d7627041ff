package storetest

import (
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// calls records what was called, in order.
type calls []string

// later returns a function that records a name.
func (c *calls) later(name string) func() { return func() { *c = append(*c, name) } }

func (c *calls) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(*c, want) {
		t.Fatalf("called: %q, want %q", []string(*c), want)
	}
}

func testAfterCommit(t *testing.T, open openFunc) {
	t.Run("outside of a transaction the function is called at once", func(t *testing.T) {
		var c calls
		open(t).Store.AfterCommit(c.later("a"))
		c.want(t, "a")
	})
	t.Run("functions are called in order after the outermost commit, and may use the store", func(t *testing.T) {
		testAfterNestedCommit(t, open(t).Store)
	})
	t.Run("no function is called after a rollback or a panic", func(t *testing.T) { testAfterRollback(t, open(t).Store) })
	t.Run("of several runs only what the last one asked for is called", func(t *testing.T) {
		testAfterSecondRun(t, open(t).Store)
	})
	t.Run("nothing is called for a transaction that has ended", func(t *testing.T) {
		s := open(t).Store
		var c calls
		var ended hermes.Store
		must(t, s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			ended = tx
			return nil
		}))
		ended.AfterCommit(c.later("a"))
		must(t, s.Tx(t.Context(), nil, func(hermes.Store) error { return nil }))
		c.want(t)
	})
}

func testAfterNestedCommit(t *testing.T, s hermes.Store) {
	ctx := t.Context()
	var c calls
	must(t, s.Tx(ctx, nil, func(outer hermes.Store) error {
		outer.AfterCommit(func() {
			// The transaction has ended: the store can be read and written.
			wantHasNumber(t, s, "+4711", true)
			mustAddNumber(t, s, "+4712")
			c = append(c, "a")
		})
		must(t, outer.Tx(ctx, nil, func(inner hermes.Store) error {
			inner.AfterCommit(c.later("b"))
			mustAddNumber(t, inner, "+4711")
			return nil
		}))
		outer.AfterCommit(c.later("c"))
		c.want(t)
		return nil
	}))
	c.want(t, "a", "b", "c")
	wantPool(t, s, "+4711", "+4712")
}

func testAfterRollback(t *testing.T, s hermes.Store) {
	ctx := t.Context()
	var c calls
	wantError(t, s.Tx(ctx, nil, func(outer hermes.Store) error {
		must(t, outer.Tx(ctx, nil, func(inner hermes.Store) error {
			inner.AfterCommit(c.later("rollback"))
			return nil
		}))
		return errOwn
	}), errOwn)
	func() {
		defer func() { _ = recover() }()
		_ = s.Tx(ctx, nil, func(tx hermes.Store) error {
			tx.AfterCommit(c.later("panic"))
			panic("on purpose")
		})
	}()
	must(t, s.Tx(ctx, nil, func(hermes.Store) error { return nil }))
	c.want(t)
}

// conflict is what PostgreSQL returns where a transaction has to run again.
type conflict struct{}

func (conflict) Error() string    { return "conflict" }
func (conflict) SQLState() string { return "40001" }

func testAfterSecondRun(t *testing.T, s hermes.Store) {
	var c calls
	runs := 0
	err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
		if runs++; runs == 1 {
			tx.AfterCommit(c.later("first"))
			return conflict{}
		}
		tx.AfterCommit(c.later("last"))
		return nil
	})
	if runs == 1 {
		wantError(t, err, conflict{}) // a store that never runs fn again
		c.want(t)
		return
	}
	must(t, err)
	c.want(t, "last")
}
