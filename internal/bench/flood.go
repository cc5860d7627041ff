package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// The figures of SECURITY.md.
const (
	othersLimit = 50 * time.Millisecond  // p99 of user/get
	knownLimit  = 500 * time.Millisecond // a known user's slowest login
	memoryLimit = 100 << 20              // what resident memory may grow by
)

const (
	others      = 8                      // clients that call user/get
	othersPause = 20 * time.Millisecond  // between a client's calls
	knownPause  = 250 * time.Millisecond // between a known user's logins
	memoryPause = 50 * time.Millisecond  // between looks at the memory
	calm        = 3 * time.Second        // how long is measured without an attack
)

// floods measures without an attack, and under each.
func floods(ctx context.Context, w *world, s settings, stdout io.Writer) (good bool, err error) {
	good = true
	for _, f := range []struct {
		name     string
		from     func(int) string
		duration time.Duration
	}{
		{"no attack", nil, calm},
		{"from one address", oneAddress, s.duration},
		{"from many addresses", manyAddresses, s.duration},
	} {
		m, err := w.measure(ctx, f.from, s.rate, f.duration)
		if err != nil {
			return false, fmt.Errorf("%s: %w", f.name, err)
		}
		good = m.print(stdout, f.name) && good
	}
	return good, ctx.Err()
}

// measured is what was seen in the course of one flood.
type measured struct {
	attack       *attack
	calls        durations // of others
	logins       durations // of a known user
	before, most int64     // resident memory

	mu  sync.Mutex
	err error
}

// measure watches others, a known user and the memory while logins flood in from the addresses; from
// nil: none do.
func (w *world) measure(ctx context.Context, from func(int) string, rate int, duration time.Duration) (*measured, error) {
	m := &measured{attack: &attack{world: w, from: from}}
	var err error
	if m.before, err = w.rss(); err != nil {
		return nil, err
	}
	callers, err := w.callers(ctx)
	if err != nil {
		return nil, err
	}
	watching, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	for _, c := range callers {
		all.Go(func() {
			m.every(watching, othersPause, &m.calls, func() (time.Duration, error) {
				a, err := c.must(ctx, "user/get", "user", sipUser)
				return a.took, err
			})
		})
	}
	all.Go(func() {
		m.every(watching, knownPause, &m.logins, func() (time.Duration, error) { return w.known.login(ctx, knownUser, knownPassword) })
	})
	all.Go(func() {
		m.every(watching, memoryPause, nil, func() (_ time.Duration, err error) {
			now, err := w.rss()
			m.most = max(m.most, now)
			return 0, err
		})
	})
	if from != nil {
		m.attack.run(ctx, rate, duration)
	} else {
		<-time.After(duration)
	}
	stop()
	all.Wait()
	return m, m.err
}

// callers are others' sessions.
func (w *world) callers(ctx context.Context) (all []*client, err error) {
	for i := range others {
		c := w.client(fmt.Sprintf("192.0.2.%d", 10+i))
		if _, err := c.login(ctx, knownUser, knownPassword); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// every does something now and again until ctx ends, and keeps how long it took; an error ends it, too.
func (m *measured) every(ctx context.Context, pause time.Duration, into *durations, do func() (time.Duration, error)) {
	for ctx.Err() == nil {
		took, err := do()
		m.mu.Lock()
		if into != nil {
			*into = append(*into, took)
		}
		if err != nil && m.err == nil {
			m.err = err
		}
		failed := m.err != nil
		m.mu.Unlock()
		if failed {
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}
