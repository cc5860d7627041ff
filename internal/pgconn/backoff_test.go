package pgconn

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errDown = errors.New("down")

// TestBackoff has 50 callers connect, for 5 ms each, to a server that is down for a minute and then up.
func TestBackoff(t *testing.T) {
	const callers, try = 50, 5 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		var b backoff
		var tries int
		var longest time.Duration
		var connected []time.Time
		var mu sync.Mutex
		up := time.Now().Add(time.Minute)
		connect := func() bool {
			start := time.Now()
			probe, err := b.acquire(t.Context())
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				tries++
				mu.Unlock()
				time.Sleep(try)
				mu.Lock()
				if time.Now().Before(up) {
					err = errDown
				}
				b.release(probe, err)
			}
			longest = max(longest, time.Since(start))
			if err == nil {
				connected = append(connected, time.Now())
			}
			return err == nil
		}
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for !connect() {
				}
			})
		}
		wg.Wait()
		// A try takes its time and, after the first few, at least half of lastDelay before it.
		if most := callers + 10 + int(time.Minute/(lastDelay/2+try)) + callers; tries > most {
			t.Errorf("%d tries, wanted %d at most", tries, most)
		}
		if longest > lastDelay+2*try {
			t.Errorf("a caller was kept for %v, wanted a delay of %v and a try", longest, lastDelay)
		}
		if d := connected[0].Sub(up); d > lastDelay+2*try {
			t.Errorf("the server's return was found after %v, wanted %v at most", d, lastDelay)
		}
		if d := connected[callers-1].Sub(connected[0]); d > 2*try {
			t.Errorf("the last caller connected %v after the first, wanted them to be woken by it", d)
		}
	})
}

func TestBackoffCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b backoff
		b.release(false, errDown)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := b.acquire(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errDown) {
			t.Errorf("error %v, wanted the deadline's and what was waited for", err)
		}
		probe, err := b.acquire(t.Context())
		if !probe || err != nil {
			t.Fatalf("acquire: %v, %v, wanted the turn", probe, err)
		}
		b.abandon(probe)
		if probe, err := b.acquire(t.Context()); !probe || err != nil {
			t.Errorf("acquire: %v, %v, wanted the turn that was given back", probe, err)
		}
	})
}
