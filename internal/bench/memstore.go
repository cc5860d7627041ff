package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/sip"
)

func memoryStore() benchmark {
	return benchmark{
		name:  "memstore",
		about: "the memory store",
		rows: []row{
			{number: "13", what: "memory store, get of a user", floor: "get of a bare map", unit: inSeconds, goal: atMost(2)},
			{number: "13", what: "memory store, page of 100 users", unit: inSeconds, goal: within(10 * time.Microsecond)},
			{number: "13", what: "memory store, empty Client.Tx", unit: inSeconds, goal: within(time.Microsecond)},
			{number: "13", what: "memory store, 1,000,000 numbers added one by one in one Client.Tx", unit: inSeconds, goal: within(4 * time.Second)},
		},
		open: func(ctx context.Context, b *bench) (measure, error) {
			m, err := b.newMemoryBench(ctx)
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context) ([]sample, error) { return m.measure(ctx, b) }, nil
		},
	}
}

// memoryBench is a filled memory store beside a map with the same keys.
type memoryBench struct {
	store  *memstore.Store
	client *hermes.Client
	users  map[sip.Addr]*hermes.User
	keys   []sip.Addr // some of the keys at random
}

func (b *bench) newMemoryBench(ctx context.Context) (*memoryBench, error) {
	m := &memoryBench{store: memstore.New(domains()...), users: map[sip.Addr]*hermes.User{}, keys: make([]sip.Addr, 1<<16)}
	for i := range b.rows {
		u := hermes.User{Address: userAddress(i), Type: hermes.Local, DisplayName: displayName(i, b.rows)}
		if err := m.store.AddUser(ctx, u); err != nil {
			return nil, err
		}
		m.users[u.Address] = &u
	}
	for i := range m.keys {
		m.keys[i] = userAddress(rand.IntN(b.rows))
	}
	var err error
	m.client, err = b.client(m.store)
	return m, err
}

func (m *memoryBench) measure(ctx context.Context, b *bench) ([]sample, error) {
	get, err := b.both(
		func() (sample, error) {
			return b.eachCall(func(i int) error {
				if m.users[m.keys[i%len(m.keys)]] == nil {
					return errors.New("a user is missing")
				}
				return nil
			})
		},
		func() (sample, error) {
			return b.eachCall(func(i int) error {
				_, err := m.store.User(ctx, m.keys[i%len(m.keys)])
				return err
			})
		})
	if err != nil {
		return nil, err
	}
	page, err := b.eachCall(func(i int) error {
		_, err := m.store.Users(ctx, hermes.UserQuery{After: m.keys[i%len(m.keys)], Limit: pageSize})
		return err
	})
	if err != nil {
		return nil, err
	}
	empty, err := b.eachCall(func(int) error { return m.client.Tx(ctx, func(*hermes.Client) error { return nil }) })
	if err != nil {
		return nil, err
	}
	added, err := once(ctx, func() error { return b.addInOneTx(ctx) })
	added.memory = memory{} // of all calls together
	return []sample{get, page, empty, added}, err
}

// addInOneTx adds as many numbers as there are rows to a store of its own.
func (b *bench) addInOneTx(ctx context.Context) error {
	c, err := b.client(memstore.New(domains()...))
	if err != nil {
		return err
	}
	return c.Tx(ctx, func(c *hermes.Client) error {
		for i := range b.rows {
			if _, err := c.NumberAdd(ctx, hermes.NumberAddRequest{Number: poolNumber(i)}); err != nil {
				return fmt.Errorf("number %d: %w", i, err)
			}
		}
		return nil
	})
}

// eachCall returns the mean time of a call of f, which is too short to be measured alone, and the
// memory that it allocates. f is given the number of the call.
func (b *bench) eachCall(f func(i int) error) (s sample, err error) {
	const batch = 1000
	runtime.GC()
	n, before := 0, allocatedBytes()
	start := time.Now()
	for time.Since(start) < b.slice()/3 {
		for range batch {
			if err := f(n); err != nil {
				return s, err
			}
			n++
		}
	}
	s.hermes = time.Since(start).Seconds() / float64(n)
	s.memory = memory{bytes: float64(allocatedBytes()-before) / float64(n), perCall: true, measured: true}
	return s, nil
}
