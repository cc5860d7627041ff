package pgconn

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	firstDelay = 20 * time.Millisecond
	lastDelay  = 500 * time.Millisecond
)

// backoff spaces connects to a server that refuses them. After a failure one caller at a time tries, once a delay; the
// others wait for what becomes of it: they go on when it succeeds and fail with it when it fails. So
// nobody waits longer than a delay and a try, and a server that is back is found within lastDelay.
// The zero value is ready.
type backoff struct {
	mu      sync.Mutex
	fails   int           // failures since the last success
	next    time.Time     // when the next try may be made
	probing bool          // somebody tries
	last    error         // the last failure
	tried   int           // outcomes so far
	outcome chan struct{} // closed at the next outcome; nil while nobody waits
}

// turn says what a caller may do.
type turn struct {
	wait    time.Duration // 0: connect, or fail with err
	outcome <-chan struct{}
	tried   int // as backoff's, when the caller began to wait
	probe   bool
	err     error
}

// acquire returns when the caller may connect; probe is to be handed to release or abandon.
func (b *backoff) acquire(ctx context.Context) (probe bool, err error) {
	t := b.turn(-1)
	for t.wait > 0 {
		timer := time.NewTimer(t.wait)
		select {
		case <-timer.C:
		case <-t.outcome:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return false, errors.Join(ctx.Err(), b.failure())
		}
		t = b.turn(t.tried)
	}
	return t.probe, t.err
}

// failure is the last one, or nil where a success followed it.
func (b *backoff) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails == 0 {
		return nil
	}
	return b.last
}

// turn says what a caller may do who began to wait after the given number of outcomes; -1: it begins now.
func (b *backoff) turn(tried int) turn {
	b.mu.Lock()
	defer b.mu.Unlock()
	if tried < 0 {
		tried = b.tried
	}
	wait := max(time.Until(b.next), 0)
	switch {
	case b.fails == 0:
		return turn{}
	case tried != b.tried:
		return turn{err: fmt.Errorf("another's connect has just failed: %w", b.last)}
	case wait == 0 && !b.probing:
		b.probing = true
		return turn{probe: true}
	case b.outcome == nil:
		b.outcome = make(chan struct{})
	}
	if b.probing {
		wait = lastDelay // for the case that the probe is abandoned
	}
	return turn{wait: wait, outcome: b.outcome, tried: tried}
}

// release tells what became of a connect.
func (b *backoff) release(probe bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = b.probing && !probe
	switch {
	case err == nil:
		b.fails = 0
	case probe || b.fails == 0:
		b.fails++
		b.next = time.Now().Add(delay(b.fails, firstDelay, lastDelay))
		b.last = err
	default: // it began before the failure that is counted
		return
	}
	b.tried++
	if b.outcome != nil {
		close(b.outcome)
		b.outcome = nil
	}
}

// abandon gives the turn back without an outcome.
func (b *backoff) abandon(probe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = b.probing && !probe
}

// delay doubles from first to last and is shortened by up to a half, at random, so that those who
// failed together do not come again together. n counts from 1.
func delay(n int, first, last time.Duration) time.Duration {
	d := last
	if n < 16 {
		d = min(first<<(n-1), last)
	}
	return d - rand.N(d/2+1)
}
