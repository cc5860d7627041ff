package pgconn

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestBackoff_acquire lets 50 callers connect to a server that is down for a minute and then up.
// Each attempt takes 5 ms.
func TestBackoff_acquire(t *testing.T) {
	t.Parallel()
	const callers, attempt = 50, 5 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		var b backoff
		up := time.Now().Add(time.Minute)
		var mu sync.Mutex // guards the variables below
		var attempts int
		var longest time.Duration
		var connected []time.Time

		connect := func() bool {
			start := time.Now()
			probe, err := b.acquire(t.Context())
			if err == nil {
				time.Sleep(attempt)
				if time.Now().Before(up) {
					err = errDown
				}
				b.release(probe, err)
				mu.Lock()
				attempts++
				mu.Unlock()
			}
			mu.Lock()
			defer mu.Unlock()
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

		// A probe takes its time and, after the first few, at least half of lastDelay before it.
		if most := callers + 10 + int(time.Minute/(lastDelay/2+attempt)) + callers; attempts > most {
			t.Errorf("got %d attempts, want at most %d", attempts, most)
		}
		if longest > lastDelay+2*attempt {
			t.Errorf("a caller waited for %v, want at most a delay of %v and an attempt", longest, lastDelay)
		}
		if d := connected[0].Sub(up); d > lastDelay+2*attempt {
			t.Errorf("the first caller connected %v after the server was up, want at most %v", d, lastDelay)
		}
		if d := connected[callers-1].Sub(connected[0]); d > 2*attempt {
			t.Errorf("the last caller connected %v after the first, want the first to wake the others", d)
		}
	})
}

// TestBackoff_acquire_CallerGivesUp checks that a caller that stops waiting, or abandons its probe,
// does not keep others from making the probe.
func TestBackoff_acquire_CallerGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b backoff
		b.release(false, errDown)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := b.acquire(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, errDown) {
			t.Errorf("got error %v, want the deadline's and the last failure", err)
		}
		probe, err := b.acquire(t.Context())
		if !probe || err != nil {
			t.Fatalf("got probe %v, error %v, want the probe", probe, err)
		}
		b.abandon(probe)
		if probe, err := b.acquire(t.Context()); !probe || err != nil {
			t.Errorf("after abandon: got probe %v, error %v, want the probe", probe, err)
		}
	})
}

func TestDelay(t *testing.T) {
	t.Parallel()
	for n := range 100 {
		d := delay(n+1, firstPause, lastPause)
		if d < firstPause/2 || d > lastPause {
			t.Errorf("delay %d is %v, want %v to %v", n+1, d, firstPause/2, lastPause)
		}
	}
}
