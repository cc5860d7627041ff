package storetest

import (
	"context"
	"runtime"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// testLock tests the locks of transactions. A store may let transactions wait for each other more
// often than their locks demand: one that has a single writer always does.
func testLock(t *testing.T, open openFunc) {
	user, pool := hermes.LockAddr(addr("alice@example.com")), hermes.LockPool()
	opts := func(locks ...hermes.Lock) []*hermes.TxOptions { return []*hermes.TxOptions{locked(locks...)} }
	tests := []struct {
		name          string
		first, second []*hermes.TxOptions // of a transaction, and then of those inside of it
	}{
		{"the same lock", opts(user), opts(user)},
		{"the lock shared by the first", opts(pool.AsShared()), opts(pool)},
		{"the lock shared by the second", opts(pool), opts(pool.AsShared())},
		{"one lock of several", opts(user, hermes.LockNumber(number("+4711"))), opts(hermes.LockAddr(addr("+4711@b.example")), pool)},
		{"a lock of an inner Tx", append(opts(pool.AsShared()), opts(user)...), opts(user)},
		{"a lock of an inner Tx, without others", []*hermes.TxOptions{nil, {}, locked(user)}, []*hermes.TxOptions{nil, locked(user)}},
		{"a lock that is taken again, shared", append(opts(user), opts(user.AsShared())...), opts(user.AsShared())},
		{"a shared lock that is taken again", append(opts(user.AsShared()), opts(user)...), opts(user.AsShared())},
		{"a lock that is named twice", opts(user, user, user.AsShared()), opts(user.AsShared(), user)},
	}
	for _, test := range tests {
		t.Run("a transaction waits for another that has "+test.name, func(t *testing.T) {
			testLockWaits(t, open(t).Store, test.first, test.second)
		})
	}
	t.Run("a transaction that fails or panics leaves its locks", func(t *testing.T) { testLockLeft(t, open(t).Store) })
	t.Run("transactions that name locks in different orders do not stop each other", func(t *testing.T) {
		testLockOrder(t, open(t).Store)
	})
	t.Run("no increment is lost under a lock of an inner Tx", func(t *testing.T) {
		testLockedIncrements(t, open(t).Store)
	})
}

// nestedTx runs fn in a transaction with the first of opts and one inside of it for each other.
func nestedTx(ctx context.Context, s hermes.Store, opts []*hermes.TxOptions, fn func(hermes.Store) error) error {
	return s.Tx(ctx, opts[0], func(tx hermes.Store) error {
		if len(opts) == 1 {
			return fn(tx)
		}
		return nestedTx(ctx, tx, opts[1:], fn)
	})
}

// testLockWaits has a transaction with the options second begin while one with the options first is
// open. The second must not run before the first has ended, and then must see what it wrote.
func testLockWaits(t *testing.T, s hermes.Store, first, second []*hermes.TxOptions) {
	n, ctx := number("+4799"), t.Context()
	begins, ran, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	must(t, nestedTx(ctx, s, first, func(tx hermes.Store) error {
		go func() {
			close(begins)
			seen := false
			err := nestedTx(ctx, s, second, func(tx hermes.Store) (err error) {
				close(ran)
				seen, err = hasNumber(ctx, tx, n)
				return err
			})
			if err == nil && !seen {
				err = errOwn
			}
			ended <- err
		}()
		<-begins
		// A store that does not make the second wait has time here to show it.
		for range 50 {
			runtime.Gosched()
			wantHasNumber(t, tx, n.String(), false)
			select {
			case <-ran:
				t.Fatal("the second transaction runs while the first is open")
			default:
			}
		}
		return addNumber(ctx, tx, n)
	}))
	if err := <-ended; err != nil {
		t.Fatalf("the second transaction: got %v, want it to see what the first wrote", err)
	}
}

func testLockLeft(t *testing.T, s hermes.Store) {
	lock := locked(hermes.LockAddr(addr("alice@example.com")))
	nothing := func(hermes.Store) error { return nil }
	wantError(t, s.Tx(t.Context(), lock, func(hermes.Store) error { return errOwn }), errOwn)
	must(t, s.Tx(t.Context(), lock, nothing))
	func() {
		defer func() { _ = recover() }()
		_ = s.Tx(t.Context(), lock, func(hermes.Store) error { panic("on purpose") })
	}()
	must(t, s.Tx(t.Context(), lock, nothing))
}

// testLockOrder runs transactions whose locks are the same, named in all orders, at the same time.
func testLockOrder(t *testing.T, s hermes.Store) {
	a, b, c := hermes.LockAddr(addr("a@example.com")), hermes.LockNumber(number("+4711")), hermes.LockPool()
	orders := [][]hermes.Lock{{a, b, c}, {a, c, b}, {b, a, c}, {b, c, a}, {c, a, b}, {c, b, a}}
	runs := make([]int, len(orders))
	n := Rounds(t, 20)
	errs := runConcurrently(len(orders), func(i int) error {
		for range n {
			err := s.Tx(t.Context(), locked(orders[i]...), func(tx hermes.Store) error {
				runs[i]++
				return errorOf(hasNumber(t.Context(), tx, number("+4711")))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	must(t, firstError(errs...))
	for _, got := range runs {
		wantEqual(t, got, nil, n)
	}
}

func testLockedIncrements(t *testing.T, s hermes.Store) {
	const workers, increments = 8, 10
	counter := servers("example.com")
	counter.RPort = 1
	must(t, s.SetServers(t.Context(), counter))
	inner := []*hermes.TxOptions{locked(hermes.LockPool().AsShared()), nil, locked(hermes.LockAccess())}
	errs := runConcurrently(workers, func(int) error {
		for range increments {
			err := nestedTx(t.Context(), s, inner, func(tx hermes.Store) error {
				v, err := tx.Servers(t.Context(), counter.Domain)
				if err != nil {
					return err
				}
				runtime.Gosched()
				v.RPort++
				return tx.SetServers(t.Context(), v)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	must(t, firstError(errs...))
	counter.RPort += workers * increments
	wantServers(t, s, counter)
}
