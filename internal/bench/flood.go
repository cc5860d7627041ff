package main

import (
	"context"
	"sync"
	"time"
)

func lookupsDuringFlood() benchmark {
	return benchmark{
		name:  "flood",
		about: "user/get over HTTP while wrong logins come in from many addresses, on PostgreSQL",
		rows: []row{{
			number: "12", what: "user/get over HTTP, 16 connections, during 1,000 wrong logins a second", floor: "without wrong logins",
			unit: perSecond, goal: atLeast(0.5),
		}},
		open: func(ctx context.Context, b *bench) (measure, error) {
			s, admin, err := b.startFilled(ctx)
			if err != nil {
				return nil, err
			}
			spec, err := admin.loadOf(readers, b.slice(), userTargets(admin, b.rows)...)
			if err != nil {
				return nil, err
			}
			return func(ctx context.Context) ([]sample, error) {
				// Always in this order: what a flood leaves behind would slow the floor down.
				f, err := b.httpLoad(ctx, s, spec)()
				if err != nil {
					return nil, err
				}
				out, err := b.loadDuringFlood(ctx, s, spec)
				out.floor = f.hermes
				return []sample{out}, err
			}, nil
		},
	}
}

// loadDuringFlood sends requests while wrong logins come in. It begins when the first of these have
// been answered.
func (b *bench) loadDuringFlood(ctx context.Context, s *server, spec loadSpec) (out sample, err error) {
	flooding, stop := context.WithCancel(ctx)
	defer stop()
	kind := floodKind{address: manyAddresses, request: wrongLogin}
	f := &flood{floodKind: kind, client: s.client(""), classes: map[string]int{}}
	var running sync.WaitGroup
	running.Go(func() { f.run(flooding, b.rate, time.Hour) })
	if err = f.waitForAnswer(ctx); err == nil {
		out, err = b.httpLoad(ctx, s, spec)()
	}
	stop()
	running.Wait()
	out.note = f.String()
	return out, err
}

// waitForAnswer waits until a login has been answered.
func (f *flood) waitForAnswer(ctx context.Context) error {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		f.mu.Lock()
		answered := len(f.classes)
		f.mu.Unlock()
		if answered > 0 {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
