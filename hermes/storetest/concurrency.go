package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

// testConcurrency tests single calls that run at the same time; testIsolation tests transactions.
func testConcurrency(t *testing.T, open openFunc) {
	t.Run("one of 32 that remove a number succeeds", func(t *testing.T) { testRaceRemoveNumber(t, open(t).Store) })
	t.Run("one of 16 that add a number succeeds", func(t *testing.T) { testRaceAddNumber(t, open(t).Store) })
	t.Run("one of 16 that add a user succeeds, of either type", func(t *testing.T) { testRaceAddUser(t, open(t).Store) })
	t.Run("one of 16 that add an alias succeeds", func(t *testing.T) { testRaceAddAlias(t, open(t).Store) })
	t.Run("one of 16 that add an alias in a transaction succeeds", func(t *testing.T) {
		testRaceAddAliasInTx(t, open(t).Store)
	})
	t.Run("one of 16 that rotate a generation succeeds", func(t *testing.T) { testRaceRotateSession(t, open(t).Store) })
	t.Run("one of 16 that use a nonce succeeds", func(t *testing.T) { testRaceAddNonce(t, open(t).Store) })
	t.Run("32 takers empty a pool, and no number is taken twice or left", func(t *testing.T) {
		testTakeWholePool(t, open(t).Store, false)
	})
	t.Run("32 random takers empty a pool, and no number is taken twice or left", func(t *testing.T) {
		testTakeWholePool(t, open(t).Store, true)
	})
	t.Run("every one of 16 takers of 16 numbers gets one", func(t *testing.T) { testTakeOneEach(t, open(t).Store) })
	t.Run("24 takers within several scopes empty a pool, and no number is taken twice or left", func(t *testing.T) {
		s := open(t).Store
		testTakeScoped(t, s, func(scope hermes.Scope, random bool) (e164.Number, error) {
			return s.TakeNumber(t.Context(), hermes.TakeQuery{Scope: scope, Random: random})
		})
	})
	t.Run("24 that assign within several scopes empty a pool, and no number is assigned twice or left", func(t *testing.T) {
		s := open(t).Store
		testTakeScoped(t, s, func(scope hermes.Scope, random bool) (e164.Number, error) {
			q := hermes.AssignQuery{Scope: scope, Random: random, Domain: domain("example.com"), Destination: addr("alice@example.com")}
			n, _, err := s.AssignAny(t.Context(), q)
			return n, err
		})
	})
	t.Run("takers take nothing that is not within their scopes", func(t *testing.T) { testTakeScopedNever(t, open(t).Store) })
	t.Run("a number of several ranges added at once is counted once", func(t *testing.T) {
		s := open(t).Store
		testRaceAddNumbers(t, s, s.AddNumbers, 50, 200)
	})
	t.Run("a number of several large ranges added at once is counted once", func(t *testing.T) {
		s := open(t).Store
		testRaceAddNumbers(t, s, s.AddNumbers, 500, 2000)
	})
	t.Run("a number of several large ranges added at once in bulk transactions is counted once", func(t *testing.T) {
		s := open(t).Store
		add := func(ctx context.Context, first, last e164.Number) (int64, error) {
			return addNumbersInBulk(ctx, s, first, last, nil)
		}
		testRaceAddNumbers(t, s, add, 500, 2000)
	})
	t.Run("a number that becomes an alias's while ranges are added is not in the pool", func(t *testing.T) {
		testRaceAddNumbersAddAlias(t, open(t).Store)
	})
	t.Run("a number that becomes a user's while numbers are assigned is not assigned", func(t *testing.T) {
		testRaceAddUserAssign(t, open(t).Store)
	})
}

// runConcurrently calls fn(0) to fn(n-1) in n goroutines that begin together, and returns their
// errors.
func runConcurrently(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			errs[i] = fn(i)
		})
	}
	done.Wait()
	return errs
}

// wantOneWinner runs call in n workers. Each worker does all rounds as fast as it can, so that a
// worker that is ahead wins rounds until others catch up. Of each round exactly one call must
// return nil, and the others the bare cause.
func wantOneWinner(t *testing.T, n, rounds int, cause hermes.Cause, call func(round, worker int) error) {
	t.Helper()
	errs := make([][]error, n)
	runConcurrently(n, func(worker int) error {
		for round := range rounds {
			errs[worker] = append(errs[worker], call(round, worker))
		}
		return nil
	})
	for round := range rounds {
		winners := 0
		for worker := range n {
			if errs[worker][round] == nil {
				winners++
				continue
			}
			wantCause(t, errs[worker][round], cause)
		}
		if winners != 1 {
			t.Fatalf("round %d: %d of %d calls returned nil, want 1", round, winners, n)
		}
	}
}

func testRaceRemoveNumber(t *testing.T, s hermes.Store) {
	n := Rounds(t, 50)
	for round := range n {
		must(t, addNumber(t.Context(), s, nthNumber("+47", 8, round)))
	}
	wantOneWinner(t, 32, n, hermes.NotFound, func(round, _ int) error {
		return removeNumber(t.Context(), s, nthNumber("+47", 8, round))
	})
}

func testRaceAddNumber(t *testing.T, s hermes.Store) {
	wantOneWinner(t, 16, Rounds(t, 50), hermes.Exists, func(round, _ int) error {
		return addNumber(t.Context(), s, nthNumber("+47", 8, round))
	})
}

func testRaceAddUser(t *testing.T, s hermes.Store) {
	wantOneWinner(t, 16, Rounds(t, 50), hermes.Exists, func(round, worker int) error {
		u := localUser(nthAddr("u%d@example.com", round).String())
		if worker%2 == 1 {
			u = remoteUser(u.Address.String())
		}
		return s.AddUser(t.Context(), u)
	})
}

// The table of aliases has no unique key.
func testRaceAddAlias(t *testing.T, s hermes.Store) {
	wantOneWinner(t, 16, Rounds(t, 50), hermes.Exists, func(round, worker int) error {
		return addAlias(t.Context(), s, aliasOfWorker(round, worker))
	})
	wantDistinctAliases(t, s)
}

func testRaceAddAliasInTx(t *testing.T, s hermes.Store) {
	wantOneWinner(t, 16, Rounds(t, 50), hermes.Exists, func(round, worker int) error {
		return s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			return addAlias(t.Context(), tx, aliasOfWorker(round, worker))
		})
	})
	wantDistinctAliases(t, s)
}

// aliasOfWorker returns an alias whose address is the round's and whose destination is the
// worker's.
func aliasOfWorker(round, worker int) hermes.Alias {
	return hermes.Alias{Alias: nthAddr("a%d@example.com", round), Destination: nthAddr("u%d@example.com", worker)}
}

// wantDistinctAliases checks that no alias address has two rows.
func wantDistinctAliases(t *testing.T, s hermes.Store) {
	t.Helper()
	all, err := s.Aliases(t.Context(), hermes.AliasQuery{Limit: 1_000_000})
	must(t, err)
	for i := range all[1:] {
		if all[i].Alias == all[i+1].Alias {
			t.Fatalf("an alias has two rows: %v and %v", all[i], all[i+1])
		}
	}
}

func testRaceRotateSession(t *testing.T, s hermes.Store) {
	v := session(1, userPrincipal("alice"))
	mustAddSession(t, s, v)
	wantOneWinner(t, 16, Rounds(t, 50), hermes.NotFound, func(round, _ int) error {
		before := v
		before.Gen = int64(round)
		return s.RotateSession(t.Context(), rotated(before))
	})
}

func testRaceAddNonce(t *testing.T, s hermes.Store) {
	wantOneWinner(t, 16, Rounds(t, 50), hermes.Exists, func(round, _ int) error {
		return s.AddNonce(t.Context(), nonce(round))
	})
}

func testTakeWholePool(t *testing.T, s hermes.Store, random bool) {
	const workers, size = 32, 400
	mustAddNumbers(t, s, "+4710000", "+4710399", size)
	taken := make([][]e164.Number, workers)
	errs := runConcurrently(workers, func(i int) error {
		for {
			n, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Match: pattern("+47*"), Random: random})
			if err != nil {
				return err
			}
			taken[i] = append(taken[i], n)
		}
	})
	for _, err := range errs {
		wantCause(t, err, hermes.NotFound)
	}
	all := slices.Concat(taken...)
	slices.SortFunc(all, e164.Number.Compare)
	wantEqual(t, len(all), nil, size)
	wantEqual(t, len(slices.Compact(all)), nil, size)
	wantPool(t, s)
}

// testTakeOneEach has takers in order and at random, together and alone.
func testTakeOneEach(t *testing.T, s hermes.Store) {
	const workers = 16
	for round := range Rounds(t, 20) {
		first := nthNumber("+47", 8, round*100)
		last, _ := first.Offset(workers - 1)
		mustAddNumbers(t, s, first.String(), last.String(), workers)
		errs := runConcurrently(workers, func(i int) error {
			return errorOf(s.TakeNumber(t.Context(), hermes.TakeQuery{Random: round%2 == 0 || i%2 == 0}))
		})
		must(t, firstError(errs...))
		wantPool(t, s)
	}
}

// testRaceAddNumbers adds ranges by add, of which each has numbers in common with those that begin
// up to size numbers before and after it.
func testRaceAddNumbers(
	t *testing.T, s hermes.Store, add func(ctx context.Context, first, last e164.Number) (int64, error), step, size int,
) {
	t.Helper()
	const workers = 8
	added := make([]int64, workers)
	errs := runConcurrently(workers, func(i int) (err error) {
		added[i], err = add(t.Context(), nthNumber("+47", 6, i*step), nthNumber("+47", 6, i*step+size-1))
		return err
	})
	must(t, firstError(errs...))
	var sum int64
	for _, n := range added {
		sum += n
	}
	want := (workers-1)*step + size
	wantEqual(t, sum, nil, int64(want))
	pool, err := s.Numbers(t.Context(), hermes.NumberQuery{Limit: 10_000})
	wantEqual(t, len(pool), err, want)
}

func testRaceAddNumbersAddAlias(t *testing.T, s hermes.Store) {
	const workers, size = 4, 2000
	for round := range Rounds(t, 5) {
		prefix := fmt.Sprintf("+47%03d", round)
		aliased, added := make([][]e164.Number, workers), int64(0)
		var done atomic.Bool
		errs := runConcurrently(workers+1, func(worker int) (err error) {
			if worker == workers {
				defer done.Store(true)
				added, err = s.AddNumbers(t.Context(), nthNumber(prefix, 4, 0), nthNumber(prefix, 4, size-1))
				return err
			}
			for i := worker; i < size && (i == worker || !done.Load()); i += workers {
				n := nthNumber(prefix, 4, size-1-i)
				aliased[worker] = append(aliased[worker], n)
				if err := addAlias(t.Context(), s, alias(n.String()+"@example.com", "alice@example.com")); err != nil {
					return err
				}
			}
			return nil
		})
		must(t, firstError(errs...))
		want := map[e164.Number]bool{}
		for i := range size {
			want[nthNumber(prefix, 4, i)] = true
		}
		for _, n := range slices.Concat(aliased...) {
			delete(want, n)
		}
		pool, err := s.Numbers(t.Context(), hermes.NumberQuery{Match: pattern(prefix + "*"), Limit: 10_000})
		must(t, err)
		for _, n := range pool {
			if !want[n] {
				t.Fatalf("round %d: %s is in the pool and an alias", round, n)
			}
		}
		wantEqual(t, len(pool), nil, len(want))
		if added < int64(len(pool)) || added > size {
			t.Fatalf("round %d: %d numbers were added, and %d are in the pool", round, added, len(pool))
		}
	}
}

// testRaceAddUserAssign adds users whose user names are the numbers of the pool, in order, while
// the first free numbers are assigned.
func testRaceAddUserAssign(t *testing.T, s hermes.Store) {
	const adders, assigners = 3, 3
	must(t, s.SetServers(t.Context(), servers("example.com")))
	size := Rounds(t, 200)
	mustAddNumbers(t, s, nthNumber("+47", 8, 0).String(), nthNumber("+47", 8, size-1).String(), int64(size))
	q := hermes.AssignQuery{Domain: domain("example.com"), Destination: addr("alice@example.com")}
	errs := runConcurrently(adders+assigners, func(worker int) (err error) {
		for i := worker; err == nil && worker < adders && i < size; i += adders {
			u := localUser(nthNumber("+47", 8, i).String() + "@example.com")
			if _, err = s.AddLocalUser(t.Context(), u); err == error(hermes.Exists) {
				err = nil // it was assigned before
			}
		}
		for err == nil && worker >= adders {
			_, _, err = s.AssignAny(t.Context(), q)
		}
		if err == error(hermes.NotFound) {
			return nil
		}
		return err
	})
	must(t, firstError(errs...))
	aliases, err := s.Aliases(t.Context(), hermes.AliasQuery{Limit: 10_000})
	must(t, err)
	for _, a := range aliases {
		if _, err := s.User(t.Context(), a.Alias); err != error(hermes.NotFound) {
			t.Errorf("%s was assigned, and is a user", a.Alias)
		}
	}
}
