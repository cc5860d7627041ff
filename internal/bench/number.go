package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

// rangeInsert adds a range of numbers by the simplest statement.
const rangeInsert = `INSERT INTO hermes.numbers (number) SELECT '+' || n FROM generate_series(%s::bigint, %s::bigint) AS n
	ON CONFLICT DO NOTHING`

func numberRange() benchmark {
	const floor = "INSERT … SELECT generate_series … ON CONFLICT DO NOTHING"
	return benchmark{
		name:  "range",
		about: "number/add_range, as many numbers as there are rows",
		rows: []row{
			{number: "4", what: "number/add_range", floor: floor, unit: inSeconds, goal: atMost(0.35)},
			{number: "4", what: "number/add_range again, all are there", floor: floor + ", again", unit: inSeconds, goal: atMost(0.06)},
		},
		open: func(ctx context.Context, b *bench) (measure, error) {
			empty, err := b.newDatabase(ctx, b.newName("empty"), bytewise)
			if err != nil {
				return nil, err
			}
			if err := b.prepare(ctx, empty); err != nil {
				return nil, err
			}
			first, last := poolNumber(0), poolNumber(b.rows-1)
			statement := fmt.Sprintf(rangeInsert, first.String()[1:], last.String()[1:])
			return func(ctx context.Context) ([]sample, error) {
				floor, err := b.copyOf(ctx, empty)
				if err != nil {
					return nil, err
				}
				d, err := b.copyOf(ctx, empty)
				if err != nil {
					return nil, err
				}
				c, err := b.openStore(ctx, d)
				if err != nil {
					return nil, err
				}
				var samples []sample
				for range 2 {
					s, err := b.both(
						func() (sample, error) { return once(ctx, func() error { return execSQL(ctx, floor.url, statement) }) },
						func() (sample, error) { return once(ctx, func() error { return addRange(ctx, c, first, last) }) })
					if err != nil {
						return nil, err
					}
					samples = append(samples, s)
				}
				return samples, nil
			}, nil
		},
	}
}

func addRange(ctx context.Context, c *hermes.Client, first, last e164.Number) error {
	_, err := c.NumberAddRange(ctx, hermes.NumberAddRangeRequest{Start: first, End: last})
	return err
}

// once returns the time of one call.
func once(ctx context.Context, f func() error) (sample, error) {
	l, err := repeat(ctx, 1, 1, func(context.Context, int) error { return f() })
	return sample{hermes: l.elapsed.Seconds(), memory: l.memory}, err
}

// claimers is how many take numbers at once.
const claimers = 32

func claims() benchmark {
	claim := func(what string, least float64) row {
		return row{
			number: "5", what: "Client.NumberClaim, 32 goroutines" + what, floor: "DELETE … RETURNING, each its own number",
			unit: perSecond, goal: atLeast(least),
		}
	}
	return benchmark{
		name:  "claim",
		about: "Client.NumberClaim on PostgreSQL; every number is checked to be given once",
		rows: []row{
			claim("", 0.6), claim(", nine tenths of the pool are in use as aliases", 0.4), claim(", behind an old snapshot", 0.4),
			claim(", nine tenths of the pool are held or cooling", 0.4),
		},
		open: func(ctx context.Context, b *bench) (measure, error) {
			return func(ctx context.Context) (samples []sample, err error) {
				for _, situation := range []func(context.Context, *bench, *claimBench) error{
					func(context.Context, *bench, *claimBench) error { return nil }, useNumbers, holdSnapshot, reserveNumbers,
				} {
					s, err := b.measureClaims(ctx, situation)
					if err != nil {
						return nil, err
					}
					samples = append(samples, s)
				}
				return samples, nil
			}, nil
		},
	}
}

// measureClaims makes a pool and a situation, and measures both sides in it.
func (b *bench) measureClaims(ctx context.Context, situation func(context.Context, *bench, *claimBench) error) (s sample, err error) {
	mark := len(b.cleanups)
	defer b.unwind(mark)
	cb, err := b.newClaimBench(ctx)
	if err != nil {
		return s, err
	}
	if err := situation(ctx, b, cb); err != nil {
		return s, err
	}
	return b.both(figure(func() (float64, error) { return cb.floor(ctx, b) }), func() (sample, error) { return cb.hermes(ctx, b) })
}

// claimBench is a pool of which the floor takes the last twentieth, a number of one's own each.
// Hermes takes half of another twentieth, which is what useNumbers leaves.
type claimBench struct {
	database
	client *hermes.Client

	mu    sync.Mutex
	taken map[e164.Number]bool
}

func (b *bench) newClaimBench(ctx context.Context) (*claimBench, error) {
	d, err := b.filledCopy(ctx, b.rows)
	if err != nil {
		return nil, err
	}
	c, err := b.openStore(ctx, d)
	return &claimBench{database: d, client: c, taken: map[e164.Number]bool{}}, err
}

// share is how many numbers each claimer may take.
func (b *bench) share() int { return b.rows / 40 / claimers }

// floor runs clients of pgbench, which count from a number of their own.
func (cb *claimBench) floor(ctx context.Context, b *bench) (float64, error) {
	script := fmt.Sprintf("\\set n :n + 1\n\\set v %d + :client_id * %d + :n\n", 10_000_000+b.rows-b.rows/20-1, b.share()) +
		"DELETE FROM hermes.numbers WHERE number = '+' || (4700000000 + :v)::text RETURNING number;"
	return b.pgbench(ctx, cb.database, script, claimers, "-D", "n=0", "-t", fmt.Sprint(min(b.share(), 1000)))
}

// hermes claims for the slice, and checks that no number is given twice.
func (cb *claimBench) hermes(ctx context.Context, b *bench) (sample, error) {
	start := time.Now()
	more := func(calls int) bool { return calls < b.share() && time.Since(start) < b.slice() }
	l, err := workers(ctx, claimers, more, func(ctx context.Context, _ int) error {
		res, err := cb.client.NumberClaim(ctx, hermes.NumberClaimRequest{})
		if err != nil {
			return err
		}
		cb.mu.Lock()
		defer cb.mu.Unlock()
		if cb.taken[res.Number] {
			return fmt.Errorf("the number %s was given twice", res.Number)
		}
		cb.taken[res.Number] = true
		return nil
	})
	return l.sample(), err
}

// useNumbers makes aliases of the first nine tenths of the pool, as other tools do, so that they
// cannot be claimed. The first claim has to find out; those that are measured come after it.
func useNumbers(ctx context.Context, _ *bench, cb *claimBench) error {
	err := execSQL(ctx, cb.url, "INSERT INTO dbaliases (alias_username, alias_domain, username, domain) "+
		"SELECT number, '"+domainName+"', 'u0000000', '"+domainName+"' FROM hermes.numbers "+
		"WHERE number <= (SELECT number FROM hermes.numbers ORDER BY number OFFSET (SELECT count(*) * 9 / 10 - 1 FROM hermes.numbers) LIMIT 1)",
		"ANALYZE dbaliases")
	if err != nil {
		return err
	}
	_, err = cb.client.NumberClaim(ctx, hermes.NumberClaimRequest{})
	return err
}

// holdSnapshot lets numbers be claimed while a snapshot is kept that still sees them, so that they
// cannot be removed from the table and its index.
func holdSnapshot(ctx context.Context, b *bench, cb *claimBench) error {
	err := b.inOpenTransaction(ctx, cb.database, "REPEATABLE READ", "SELECT count(*) FROM hermes.numbers")
	if err != nil {
		return err
	}
	return execSQL(ctx, cb.url, fmt.Sprintf(
		"DELETE FROM hermes.numbers WHERE number IN (SELECT number FROM hermes.numbers ORDER BY number LIMIT %d)", b.rows/10))
}

// reserveNumbers makes the first nine tenths of the pool held or cooling.
func reserveNumbers(ctx context.Context, _ *bench, cb *claimBench) error {
	return reserveTenths(ctx, cb.database)
}

func reserveTenths(ctx context.Context, d database) error {
	return execSQL(ctx, d.url, "WITH gone AS (DELETE FROM hermes.numbers WHERE number <= (SELECT number FROM hermes.numbers "+
		"ORDER BY number OFFSET (SELECT count(*) * 9 / 10 - 1 FROM hermes.numbers) LIMIT 1) RETURNING number) "+
		"INSERT INTO hermes.reserved_numbers SELECT number, now() + '1 day', CASE WHEN number LIKE '%0' THEN 'user' ELSE '' END, 'u' FROM gone",
		"VACUUM ANALYZE hermes.numbers", "VACUUM ANALYZE hermes.reserved_numbers")
}

func reservedLists() benchmark {
	return benchmark{
		name:  "reserved",
		about: "number/list limit=100 on PostgreSQL, with and without numbers that are held or cooling",
		rows: []row{{
			number: "5", what: "number/list limit=100, nine tenths of the pool are held or cooling", floor: "the same, with a free pool",
			unit: inSeconds, goal: atMost(1.5),
		}},
		open: func(ctx context.Context, b *bench) (measure, error) {
			var lists []func() (sample, error)
			for _, prepare := range []func(context.Context, database) error{
				func(context.Context, database) error { return nil }, reserveTenths,
			} {
				d, err := b.filledCopy(ctx, b.rows)
				if err == nil {
					err = prepare(ctx, d)
				}
				if err != nil {
					return nil, err
				}
				c, err := b.openStore(ctx, d)
				if err != nil {
					return nil, err
				}
				lists = append(lists, func() (sample, error) {
					return b.timed(ctx, func() error { return listPage(ctx, c) })
				})
			}
			return func(context.Context) ([]sample, error) {
				s, err := b.both(lists[0], lists[1])
				return []sample{s}, err
			}, nil
		},
	}
}

func listPage(ctx context.Context, c *hermes.Client) error {
	const limit = 100
	res, err := c.NumberList(ctx, hermes.NumberListRequest{Limit: limit})
	if err != nil {
		return err
	}
	numbers, err := res.List.Collect()
	if err == nil && len(numbers) != limit {
		err = fmt.Errorf("%d numbers, want %d", len(numbers), limit)
	}
	return err
}

// inOpenTransaction runs a statement in a transaction that stays open until the clean-up.
func (b *bench) inOpenTransaction(ctx context.Context, d database, isolation, statement string) error {
	conn, err := pgx.Connect(ctx, d.url)
	if err != nil {
		return err
	}
	b.onClose(func() { _ = conn.Close(context.WithoutCancel(ctx)) })
	if _, err := conn.Exec(ctx, "BEGIN ISOLATION LEVEL "+isolation); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return err
}

func randomNumbers() benchmark {
	return benchmark{
		name:  "random",
		about: "number/list random=1 limit=10 on PostgreSQL",
		rows: []row{{
			number: "6", what: "number/list random=1 limit=10", floor: "ORDER BY random() LIMIT 10", unit: inSeconds, goal: atMost(0.01),
		}},
		open: func(ctx context.Context, b *bench) (measure, error) {
			d, err := b.filled(ctx, b.rows, bytewise)
			if err != nil {
				return nil, err
			}
			pool, err := b.openPool(ctx, d, 1)
			if err != nil {
				return nil, err
			}
			c, err := b.openStore(ctx, d)
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context) ([]sample, error) {
				s, err := b.both(
					func() (sample, error) {
						return b.timed(ctx, func() error {
							_, err := pool.Exec(ctx, "SELECT number FROM hermes.numbers ORDER BY random() LIMIT 10")
							return err
						})
					},
					func() (sample, error) { return b.timed(ctx, func() error { return listRandom(ctx, c) }) })
				return []sample{s}, err
			}, nil
		},
	}
}

func listRandom(ctx context.Context, c *hermes.Client) error {
	const limit = 10
	res, err := c.NumberList(ctx, hermes.NumberListRequest{Random: true, Limit: limit})
	if err != nil {
		return err
	}
	numbers, err := res.List.Collect()
	if err == nil && len(numbers) != limit {
		err = fmt.Errorf("%d random numbers, want %d", len(numbers), limit)
	}
	return err
}
