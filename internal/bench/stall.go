package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

const (
	slowestRead  = 250 * time.Millisecond
	stallReaders = 4
	takers       = 12
)

// engines are the stores that are measured beside each other.
func engines() []string { return []string{"PostgreSQL", "SQLite"} }

func stalls() benchmark {
	bm := benchmark{
		name:  "stall",
		about: "the slowest read while ranges of numbers are added and numbers are claimed",
	}
	for _, engine := range engines() {
		bm.rows = append(bm.rows, row{
			number: "18", what: engine + ", slowest read while two ranges are added and 12 goroutines claim numbers",
			unit: inSeconds, goal: within(slowestRead),
		})
	}
	bm.open = func(ctx context.Context, b *bench) (measure, error) {
		clients, err := b.openBoth(ctx, b.rows)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) (samples []sample, err error) {
			for _, c := range clients {
				s, err := b.measureStall(ctx, c)
				if err != nil {
					return nil, err
				}
				samples = append(samples, s)
			}
			return samples, nil
		}, nil
	}
	return bm
}

// openBoth returns Clients over stores of both engines with n rows, which may be written to.
func (b *bench) openBoth(ctx context.Context, n int) ([]*hermes.Client, error) {
	d, err := b.filledCopy(ctx, n)
	if err != nil {
		return nil, err
	}
	onPostgres, err := b.openStore(ctx, d)
	if err != nil {
		return nil, err
	}
	path, err := b.filledSQLite(ctx, n)
	if err != nil {
		return nil, err
	}
	if path, err = b.copySQLite(path); err != nil {
		return nil, err
	}
	embedded, err := b.openSQLite(ctx, path)
	return []*hermes.Client{onPostgres, embedded}, err
}

// measureStall measures reads alone, and then until two ranges have been added.
func (b *bench) measureStall(ctx context.Context, c *hermes.Client) (sample, error) {
	alone, err := hammer(ctx, stallReaders, b.slice(), func(ctx context.Context, worker int) error { return b.readSomething(ctx, c, worker) })
	if err != nil {
		return sample{}, err
	}
	var added atomic.Bool
	var during load
	var claimed int
	var readErr, takeErr, addErr error
	var running sync.WaitGroup
	running.Go(func() {
		defer added.Store(true)
		for i := range 2 {
			first := b.rows * (1 + 2*b.round + i)
			if addErr = addRange(ctx, c, poolNumber(first), poolNumber(first+b.rows-1)); addErr != nil {
				return
			}
		}
	})
	running.Go(func() {
		var l load
		l, takeErr = workers(ctx, takers, func(int) bool { return !added.Load() }, func(ctx context.Context, _ int) error {
			_, err := c.NumberClaim(ctx, hermes.NumberClaimRequest{})
			if errors.Is(err, hermes.Empty) {
				return nil
			}
			return err
		})
		claimed = l.calls
	})
	during, readErr = workers(ctx, stallReaders, func(int) bool { return !added.Load() },
		func(ctx context.Context, worker int) error { return b.readSomething(ctx, c, worker) })
	running.Wait()
	return sample{
		hermes: during.times.quantile(1).Seconds(),
		note: fmt.Sprintf("%d reads in %s, 99th percentile %s; alone slowest %s, 99th percentile %s; %d numbers claimed",
			during.calls, during.elapsed.Round(time.Millisecond), ms(during.times.quantile(0.99)),
			ms(alone.times.quantile(1)), ms(alone.times.quantile(0.99)), claimed),
	}, errors.Join(readErr, takeErr, addErr)
}

// readSomething reads a user, a page of users or a number, by the number of the goroutine.
func (b *bench) readSomething(ctx context.Context, c *hermes.Client, worker int) error {
	switch i := rand.IntN(b.rows); worker % 4 {
	case 0:
		_, err := countUsers(ctx, c, hermes.UserListRequest{Limit: pageSize, After: userToken(i)})
		return err
	case 1:
		_, err := c.NumberTest(ctx, hermes.NumberTestRequest{Number: poolNumber(i)})
		if errors.Is(err, hermes.NotFound) {
			return nil
		}
		return err
	default:
		_, err := c.UserGet(ctx, hermes.UserGetRequest{User: userAddress(i)})
		return err
	}
}
