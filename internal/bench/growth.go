package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/hermes-voip/go-hermes/hermes"
)

// growthLimit is how much longer a call may take with a hundred times the rows.
const growthLimit = 2

// growingCall is a call of which the time is measured by the number of rows.
type growingCall struct {
	name string
	// bounded is false for what reads a whole table on SQLite, where there is no index for it.
	bounded bool
	// indexed is set for what runs on PostgreSQL alone, with the indexes that doctor names.
	indexed bool
	writes  bool
	// call returns the call for a store with that many rows.
	call func(rows int) func(ctx context.Context, c *hermes.Client) error
}

// growingCalls returns the calls that run on an engine.
func growingCalls(engine string) []growingCall {
	calls := []growingCall{
		{name: "point read", bounded: true, call: getAnyUser},
		{name: "page of 100", bounded: true, call: getAnyPage},
		{name: "claim", bounded: true, writes: true, call: claimNumber(false)},
		{name: "random claim", bounded: true, writes: true, call: claimNumber(true)},
		{name: "10 random numbers", bounded: true, call: func(int) func(context.Context, *hermes.Client) error { return listRandom }},
	}
	for _, s := range searches() {
		calls = append(calls, growingCall{name: s.name, bounded: s.bounded, call: s.call})
		if !s.bounded && engine == "PostgreSQL" {
			calls = append(calls, growingCall{name: s.name + withIndexes, bounded: true, indexed: true, call: s.call})
		}
	}
	return calls
}

func getAnyUser(rows int) func(ctx context.Context, c *hermes.Client) error {
	return func(ctx context.Context, c *hermes.Client) error {
		_, err := c.UserGet(ctx, hermes.UserGetRequest{User: userAddress(rand.IntN(rows))})
		return err
	}
}

func getAnyPage(rows int) func(ctx context.Context, c *hermes.Client) error {
	return func(ctx context.Context, c *hermes.Client) error {
		_, err := countUsers(ctx, c, hermes.UserListRequest{Limit: pageSize, After: userToken(rand.IntN(rows))})
		return err
	}
}

func claimNumber(random bool) func(int) func(ctx context.Context, c *hermes.Client) error {
	return func(int) func(ctx context.Context, c *hermes.Client) error {
		return func(ctx context.Context, c *hermes.Client) error {
			_, err := c.NumberClaim(ctx, hermes.NumberClaimRequest{Random: random})
			return err
		}
	}
}

// call returns a call that searches.
func (s search) call(rows int) func(ctx context.Context, c *hermes.Client) error {
	want := s.matches(rows)
	return func(ctx context.Context, c *hermes.Client) error { return searchUsers(ctx, c, s, want) }
}

// growthSizes are a hundredth, a tenth and all of the rows.
func (b *bench) growthSizes() []int { return []int{b.rows / 100, b.rows / 10, b.rows} }

func growths() benchmark {
	bm := benchmark{
		name:  "growth",
		about: "the time of calls by the number of rows, on PostgreSQL and SQLite",
	}
	for _, engine := range engines() {
		for _, c := range growingCalls(engine) {
			r := row{number: "20", what: fmt.Sprintf("%s, %s", engine, c.name), floor: "with a hundredth of the rows", unit: inSeconds, goal: atMost(growthLimit)}
			if engine == "PostgreSQL" {
				r.number = "" // the list has SQLite only
			} else if !c.bounded {
				r.goal = noGoal()
			}
			bm.rows = append(bm.rows, r)
		}
	}
	bm.open = func(ctx context.Context, b *bench) (measure, error) {
		g := &growthBench{bench: b, times: map[string][]float64{}}
		for _, n := range b.growthSizes() {
			clients, err := b.openBoth(ctx, n)
			if err != nil {
				return nil, err
			}
			g.clients = append(g.clients, clients)
			indexed, err := b.openIndexed(ctx, n)
			if err != nil {
				return nil, err
			}
			g.indexed = append(g.indexed, indexed)
		}
		return g.measure, nil
	}
	return bm
}

// growthBench has Clients by size and engine.
type growthBench struct {
	*bench
	clients [][]*hermes.Client
	indexed []*hermes.Client     // by size, over databases of filledIndexed
	times   map[string][]float64 // of all rounds
}

func (g *growthBench) measure(ctx context.Context) (samples []sample, err error) {
	g.growth = nil
	for e, engine := range engines() {
		for _, c := range growingCalls(engine) {
			curve := curve{engine: engine, call: c.name, rows: g.growthSizes()}
			var now []float64
			for i, n := range g.growthSizes() {
				client := g.clients[i][e]
				if c.indexed {
					client = g.indexed[i]
				}
				s, err := g.timeCall(ctx, client, c, n)
				if err != nil {
					return nil, fmt.Errorf("%s, %s, %d rows: %w", engine, c.name, n, err)
				}
				id := fmt.Sprint(engine, c.name, n)
				g.times[id] = append(g.times[id], s)
				now = append(now, s)
				curve.times = append(curve.times, median(g.times[id]))
			}
			g.growth = append(g.growth, curve)
			samples = append(samples, sample{floor: now[0], hermes: now[len(now)-1]})
		}
	}
	return samples, nil
}

// timeCall returns the median time of a call. Calls that take numbers take a few of them only.
func (g *growthBench) timeCall(ctx context.Context, client *hermes.Client, c growingCall, rows int) (float64, error) {
	one := c.call(rows)
	call := func() error { return one(ctx, client) }
	if !c.writes {
		s, err := g.timed(ctx, call)
		return s.hermes, err
	}
	l, err := repeat(ctx, 1, max(5, min(rows/100, g.mostClaims())), func(context.Context, int) error { return call() })
	return l.times.quantile(0.5).Seconds(), err
}

// mostClaims is how many numbers are taken at most to time a claim.
func (b *bench) mostClaims() int {
	if b.quick {
		return 20
	}
	return 200
}
