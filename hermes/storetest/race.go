package storetest

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

func raceCases() []testCase {
	return []testCase{
		{"remove_number", "of 32 that remove one number exactly one gets nil", func(k *kit) {
			k.oneWinner(32, hermes.NotFound, func(round int) error { return k.AddNumber(k.ctx, poolNumber("+47", 8, round)) },
				func(round, _ int) error { return k.RemoveNumber(k.ctx, poolNumber("+47", 8, round)) })
		}},
		{"add_number", "of 16 that add one number exactly one gets nil", func(k *kit) {
			k.oneWinner(16, hermes.Exists, unprepared, func(round, _ int) error { return k.AddNumber(k.ctx, poolNumber("+47", 8, round)) })
		}},
		{"add_user", "of 16 that add one user exactly one gets nil, also where half of them add a remote one", func(k *kit) {
			k.oneWinner(16, hermes.Exists, unprepared, func(round, i int) error {
				a := fmt.Sprintf("u%d@example.com", round)
				return k.AddUser(k.ctx, []hermes.User{localUser(a), remoteUser(a)}[i%2])
			})
		}},
		{"add_alias", "of 16 that add one alias exactly one gets nil, though the table has no unique key", func(k *kit) {
			k.oneWinner(16, hermes.Exists, unprepared, func(round, i int) error {
				return k.AddAlias(k.ctx, alias(fmt.Sprintf("a%d@example.com", round), fmt.Sprintf("u%d@example.com", i)))
			})
			k.aliasesOnce()
		}},
		{"add_alias_tx", "so it is in transactions", func(k *kit) {
			k.oneWinner(16, hermes.Exists, unprepared, func(round, i int) error {
				return k.Tx(k.ctx, func(s hermes.Store) error {
					return s.AddAlias(k.ctx, alias(fmt.Sprintf("a%d@example.com", round), fmt.Sprintf("u%d@example.com", i)))
				})
			})
			k.aliasesOnce()
		}},
		{"rotate", "of 16 that rotate one generation exactly one gets nil", func(k *kit) {
			k.ok(k.AddSession(k.ctx, session(1, backendUser("alice"))))
			k.oneWinner(16, hermes.NotFound, unprepared, func(round, _ int) error {
				return k.RotateSession(k.ctx, hash(1), int64(round), at(3), at(4))
			})
		}},
		{"take_nonce", "of 16 that take one nonce exactly one gets it", func(k *kit) {
			k.oneWinner(16, hermes.NotFound, func(round int) error {
				return k.AddNonce(k.ctx, hermes.Nonce{ID: nthHash(round), Key: "k1", Expires: at(5)})
			},
				func(round, _ int) error { return only(k.TakeNonce(k.ctx, nthHash(round))) })
		}},
		{"take_all", "32 workers empty a pool: each number once, none left, NotFound only then", func(k *kit) { k.takeAll(false) }},
		{"take_all_random", "so do random ones", func(k *kit) { k.takeAll(true) }},
		{"take_enough", "while there are numbers enough no taker is told NotFound, from the first to the last", takeEnough},
		{"counters", "no increment is lost that reads and then writes in a transaction", counters},
		{"ranges", "ranges that overlap and are added at once count each number once", ranges},
		{"whole", "who looks meanwhile sees a transaction whole or not at all", seenWhole},
	}
}

// together calls fn(0) to fn(n-1), each in a goroutine of its own that waits for all the others.
func together(n int, fn func(i int) error) []error {
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

// oneWinner has n workers go through the same rounds, each as fast as it can: those ahead of
// the others win, and are caught up with. It wants one nil of each round, and the bare cause for all others.
func (k *kit) oneWinner(n int, others hermes.Cause, prepare func(round int) error, fn func(round, i int) error) {
	k.Helper()
	rounds := rounds(k.T, 50)
	for round := range rounds {
		k.ok(prepare(round))
	}
	told := make([][]error, n)
	together(n, func(i int) error {
		for round := range rounds {
			told[i] = append(told[i], fn(round, i))
		}
		return nil
	})
	for round := range rounds {
		won := 0
		for i := range n {
			if told[i][round] == nil {
				won++
			} else {
				k.is(told[i][round], others)
			}
		}
		if won != 1 {
			k.Fatalf("round %d: %d of %d got nil, want 1", round, won, n)
		}
	}
}

func nthHash(n int) (h hermes.Hash) {
	binary.BigEndian.PutUint64(h[:], uint64(n))
	return h
}

func unprepared(int) error { return nil }

func (k *kit) aliasesOnce() {
	k.Helper()
	all := value(k, got(k.Aliases(k.ctx, hermes.AliasQuery{Limit: 1_000_000})))
	for i := range all[1:] {
		if all[i].Alias == all[i+1].Alias {
			k.Fatalf("two rows of one alias: %v and %v", all[i], all[i+1])
		}
	}
}

func (k *kit) takeAll(random bool) {
	k.Helper()
	const workers, size = 32, 400
	equal(k, got(k.AddNumbers(k.ctx, number("+4710000"), number("+4710399"))), size)
	taken := make([][]e164.Number, workers)
	errs := together(workers, func(i int) error {
		for {
			n, err := k.TakeNumber(k.ctx, pattern("+47*"), random)
			if err != nil {
				return err
			}
			taken[i] = append(taken[i], n)
		}
	})
	for _, err := range errs {
		k.is(err, hermes.NotFound)
	}
	all := slices.Concat(taken...)
	slices.SortFunc(all, e164.Number.Compare)
	equal(k, got(len(all), nil), size)
	equal(k, got(len(slices.Compact(all)), nil), size)
	k.pooled()
}

func takeEnough(k *kit) {
	const workers = 16
	for round := range rounds(k.T, 20) {
		first := poolNumber("+47", 8, round*100)
		last, _ := first.Offset(workers - 1)
		equal(k, got(k.AddNumbers(k.ctx, first, last)), workers)
		k.ok(together(workers, func(i int) error {
			return only(k.TakeNumber(k.ctx, hermes.Pattern{}, round%2 == 0 || i%2 == 0))
		})...)
		k.pooled()
	}
}

func counters(k *kit) {
	const workers, each = 8, 10
	start := servers("example.com")
	start.RPort = 1
	k.ok(k.SetServers(k.ctx, start))
	k.ok(together(workers, func(int) error {
		for range each {
			if err := k.Tx(k.ctx, k.increment); err != nil {
				return err
			}
		}
		return nil
	})...)
	start.RPort += workers * each
	equal(k, got(k.Servers(k.ctx, start.Domain)), start)
}

func (k *kit) increment(s hermes.Store) error {
	v, err := s.Servers(k.ctx, domain("example.com"))
	if err != nil {
		return err
	}
	runtime.Gosched()
	v.RPort++
	return s.SetServers(k.ctx, v)
}

func ranges(k *kit) {
	const workers = 8
	var mu sync.Mutex
	var sum int64
	k.ok(together(workers, func(i int) error {
		first, last := poolNumber("+47", 6, i*50), poolNumber("+47", 6, i*50+199)
		added, err := k.AddNumbers(k.ctx, first, last)
		mu.Lock()
		defer mu.Unlock()
		sum += added
		return err
	})...)
	const all = (workers-1)*50 + 200
	equal(k, got(sum, nil), all)
	equal(k, got(len(value(k, got(k.Numbers(k.ctx, hermes.NumberQuery{Limit: 1000})))), nil), all)
}

// seenWhole moves a number between pool and aliases, which have it in just one place.
func seenWhole(k *kit) {
	n, a := number("+4773500001"), alias("+4773500001@example.com", "alice@example.com")
	k.ok(k.AddNumber(k.ctx, n))
	k.ok(together(4, func(i int) error {
		for round := range rounds(k.T, 50) {
			if err := k.Tx(k.ctx, func(s hermes.Store) error {
				if i > 0 {
					return k.inOnePlace(s, n)
				}
				if round%2 == 0 {
					return firstOf(s.RemoveNumber(k.ctx, n), s.AddAlias(k.ctx, a))
				}
				return firstOf(s.RemoveAlias(k.ctx, a.Alias), s.AddNumber(k.ctx, n))
			}); err != nil {
				return err
			}
		}
		return nil
	})...)
}

func (k *kit) inOnePlace(s hermes.Store, n e164.Number) error {
	pooled, err := s.HasNumber(k.ctx, n)
	if err != nil {
		return err
	}
	runtime.Gosched()
	aliased, err := s.NumberAliased(k.ctx, n)
	if err == nil && pooled == aliased {
		err = fmt.Errorf("%s: in the pool %t, aliased %t", n, pooled, aliased)
	}
	return err
}
