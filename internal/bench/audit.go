package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

const (
	sealPause  = 4 * time.Second // between two seals at most, as hermesd waits
	sealSlices = 2               // for each of the two figures, in turn
)

// sealedWriters measures what the sealer of the audit trail costs those who write.
func sealedWriters() benchmark {
	bm := benchmark{
		name:  "audit",
		about: "alias/add by 16 goroutines with and without a sealer of the audit trail, on PostgreSQL and SQLite",
	}
	for _, engine := range engines() {
		bm.rows = append(bm.rows, row{
			what: engine + ", alias/add, 16 goroutines, while the audit trail is sealed every 3 s", floor: "without a sealer",
			unit: perSecond, goal: atLeast(0.95),
		})
	}
	bm.open = func(ctx context.Context, b *bench) (measure, error) {
		clients, err := b.openBoth(ctx, b.rows)
		if err != nil {
			return nil, err
		}
		w := &writers{n: b.rows}
		return func(ctx context.Context) (samples []sample, err error) {
			for _, c := range clients {
				s, err := b.measureSealed(ctx, c, w)
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

// measureSealed measures writers with and without a sealer in turn.
func (b *bench) measureSealed(ctx context.Context, c *hermes.Client, w *writers) (s sample, err error) {
	var with, without load
	add := func(sum *load) func() error {
		return func() error {
			l, err := hammer(ctx, 16, 4*b.slice(), func(ctx context.Context, _ int) error { return w.addAlias(ctx, c) })
			sum.calls, sum.elapsed, sum.memory = sum.calls+l.calls, sum.elapsed+l.elapsed, l.memory
			return err
		}
	}
	sealed := 0
	for range sealSlices {
		// What the writers without a sealer leave is sealed before the others begin.
		if _, err := c.SealAudit(ctx); err != nil {
			return s, err
		}
		if err := during(ctx, func(ctx context.Context) error {
			n, err := c.SealAudit(ctx)
			sealed += n
			time.Sleep(min(sealPause, b.slice()))
			return err
		}, add(&with)); err != nil {
			return s, err
		}
		if err := add(&without)(); err != nil {
			return s, err
		}
	}
	s = with.sample()
	s.floor, s.note = without.rate(), fmt.Sprintf("%d entries sealed meanwhile", sealed)
	return s, nil
}
