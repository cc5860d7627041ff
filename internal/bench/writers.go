package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/postgres"
	"github.com/hermes-voip/go-hermes/sip"
)

// addScript adds a user with the next name, to both tables where neither has it.
const addScript = `WITH name AS (SELECT 'f' || lpad(nextval('bench_names')::text, 9, '0') AS username, '` + domainName + `' AS domain),
	new AS (SELECT * FROM name AS n WHERE
		NOT EXISTS (SELECT 1 FROM hermes.users AS h WHERE h.username = n.username AND h.domain = n.domain)
		AND NOT EXISTS (SELECT 1 FROM subscriber AS s WHERE s.username = n.username AND s.domain = n.domain)),
	own AS (INSERT INTO hermes.users (username, domain, type, sealed, authid, registrar, r_port, proxy, p_port, dialplan,
			displayname, folded, linetext, email, rpid, permittedcalls)
		SELECT username, domain, 'local', '\x01020304050607080910111213141516171819202122232425262728293031323334353637383940'::bytea,
			username, 'sip.example.com', 5060, 'sip.example.com', 5060, '', username, username, username, '', '', '' FROM new
		ON CONFLICT DO NOTHING RETURNING 1),
	account AS (INSERT INTO subscriber (username, domain, password, ha1, ha1b)
		SELECT username, domain, '', '0123456789abcdef0123456789abcdef', '0123456789abcdef0123456789abcdef' FROM new
		ON CONFLICT DO NOTHING RETURNING 1)
	SELECT (SELECT count(*) FROM own) + (SELECT count(*) FROM account);`

func userAdd() benchmark {
	add := func(goroutines int, least float64) row {
		return row{
			number: "3", what: fmt.Sprintf("Client.UserAdd, names in order, %d goroutines", goroutines),
			floor: "pgbench, one CTE over both tables", unit: perSecond, goal: atLeast(least),
		}
	}
	return benchmark{
		name:  "useradd",
		about: "Client.UserAdd on PostgreSQL",
		rows:  []row{add(16, 0.45), add(64, 0.7)},
		open: func(ctx context.Context, b *bench) (measure, error) {
			d, err := b.filledCopy(ctx, b.rows)
			if err != nil {
				return nil, err
			}
			if err := execSQL(ctx, d.url, "CREATE SEQUENCE bench_names"); err != nil {
				return nil, err
			}
			c, err := b.openStore(ctx, d)
			if err != nil {
				return nil, err
			}
			w := &writers{n: b.rows}
			return func(ctx context.Context) (samples []sample, err error) {
				for _, goroutines := range []int{16, 64} {
					s, err := b.both(
						figure(func() (float64, error) { return b.pgbench(ctx, d, addScript, goroutines) }),
						func() (sample, error) {
							l, err := hammer(ctx, goroutines, b.slice(), func(ctx context.Context, _ int) error { return w.addUser(ctx, c) })
							return l.sample(), err
						})
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

// writers makes calls that write, each with the next name.
type writers struct {
	n    int // rows of the filled database
	next atomic.Int64
}

func (w *writers) addUser(ctx context.Context, c *hermes.Client) error {
	a := sip.Unchecked(fmt.Sprintf("w%09d", w.next.Add(1)), domainName)
	_, err := c.UserAdd(ctx, hermes.UserAddRequest{User: a})
	return err
}

// assignNumber gives the next user a number. There are as many users as numbers.
func (w *writers) assignNumber(ctx context.Context, c *hermes.Client) error {
	a := userAddress(int(w.next.Add(1)-1) % w.n)
	_, err := c.NumberAssign(ctx, hermes.NumberAssignRequest{User: a})
	return err
}

func (w *writers) addAlias(ctx context.Context, c *hermes.Client) error {
	i := w.next.Add(1)
	_, err := c.AliasAdd(ctx, hermes.AliasAddRequest{
		Alias: sip.Unchecked(fmt.Sprintf("w%09d", i), domainName), Destination: userAddress(int(i) % w.n),
	})
	return err
}

// The goals of concurrent writers.
const (
	slowestWrite = 150 * time.Millisecond // the 99th percentile of 64 goroutines
	mostRetries  = 0.01                   // of a call
)

// writeKinds are the calls that are measured.
func (w *writers) kinds() []writeKind {
	return []writeKind{
		{"user/add", w.addUser}, {"number/assign", w.assignNumber}, {"alias/add", w.addAlias},
	}
}

// mixed makes the three kinds of calls in turn.
func (w *writers) mixed() writeKind {
	var calls atomic.Int64
	return writeKind{"mixed writes", func(ctx context.Context, c *hermes.Client) error {
		kinds := w.kinds()
		return kinds[int(calls.Add(1))%len(kinds)].call(ctx, c)
	}}
}

type writeKind struct {
	node string
	call func(context.Context, *hermes.Client) error
}

func concurrentWriters() benchmark {
	bm := benchmark{
		name:  "writers",
		about: "writers on PostgreSQL, 4, 16 and 64 at once, each call with the next name",
	}
	for _, k := range (&writers{}).kinds() {
		bm.rows = append(bm.rows,
			row{number: "17", what: k.node + ", 16 goroutines", floor: "4 goroutines", unit: perSecond, goal: atLeast(1)},
			row{number: "17", what: k.node + ", 64 goroutines", floor: "4 goroutines", unit: perSecond, goal: atLeast(1)},
			row{number: "17", what: k.node + ", 64 goroutines, 99th percentile", unit: inSeconds, goal: within(slowestWrite)},
			row{number: "17", what: k.node + ", 64 goroutines, retries of a call", unit: plain, goal: atMost(mostRetries)})
	}
	bm.open = func(ctx context.Context, b *bench) (measure, error) {
		d, err := b.filledCopy(ctx, b.rows)
		if err != nil {
			return nil, err
		}
		w := &writers{n: b.rows}
		return func(ctx context.Context) (samples []sample, err error) {
			for _, k := range w.kinds() {
				s, err := b.measureWriters(ctx, d, k)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", k.node, err)
				}
				samples = append(samples, s...)
			}
			return samples, nil
		}, nil
	}
	return bm
}

// measureWriters returns the samples of the rows of a kind.
func (b *bench) measureWriters(ctx context.Context, d database, k writeKind) ([]sample, error) {
	counts := []int{4, 16, 64}
	loads := map[int]load{}
	retries := 0.0
	for i := range counts {
		n := counts[(i+b.round)%len(counts)]
		l, retriesOfCall, err := b.writeLoad(ctx, d, n, k, nil)
		if err != nil {
			return nil, err
		}
		loads[n] = l
		if n == 64 {
			retries = retriesOfCall
		}
	}
	four := loads[4].rate()
	sixteen, all := loads[16].sample(), loads[64].sample()
	sixteen.floor, all.floor = four, four
	return []sample{sixteen, all, {hermes: loads[64].times.quantile(0.99).Seconds()}, {hermes: retries}}, nil
}

// writeLoad measures n writers with a store of their own, and how often a call was tried again: as
// every call succeeds, that is how many transactions were rolled back. Unless it is nil, beside is
// called with the same store again and again meanwhile.
func (b *bench) writeLoad(ctx context.Context, d database, n int, k writeKind,
	beside func(context.Context, *hermes.Client) error) (l load, retries float64, err error) {
	before, err := countRollbacks(ctx, d)
	if err != nil {
		return l, 0, err
	}
	store, err := postgres.Open(ctx, d.url, nil)
	if err != nil {
		return l, 0, err
	}
	l, calls, err := b.write(ctx, store, n, k, beside)
	// A connection reports its transactions when it is closed, at the latest.
	_ = store.Close()
	if err != nil {
		return l, 0, err
	}
	after, err := countRollbacks(ctx, d)
	return l, float64(after-before) / float64(calls), err
}

// write measures n writers, and returns how many calls they made with those before.
func (b *bench) write(ctx context.Context, store hermes.Store, n int, k writeKind,
	beside func(context.Context, *hermes.Client) error) (l load, calls int, err error) {
	c, err := b.client(store)
	if err != nil {
		return l, 0, err
	}
	call := func(ctx context.Context, _ int) error { return k.call(ctx, c) }
	// The first calls connect.
	first, err := repeat(ctx, n, 2, call)
	if err != nil {
		return l, 0, err
	}
	measure := func() error {
		l, err = hammer(ctx, n, b.slice(), call)
		return err
	}
	if beside == nil {
		err = measure()
	} else {
		err = during(ctx, func(ctx context.Context) error { return beside(ctx, c) }, measure)
	}
	return l, first.calls + l.calls, err
}

// countRollbacks waits until all other connections to the database are closed.
func countRollbacks(ctx context.Context, d database) (n int64, err error) {
	conn, err := pgx.Connect(ctx, d.url)
	if err != nil {
		return 0, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for {
		others := 0
		err := conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`).Scan(&others)
		if err != nil {
			return 0, err
		}
		if others == 0 {
			break
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return n, conn.QueryRow(ctx, "SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()").Scan(&n)
}
