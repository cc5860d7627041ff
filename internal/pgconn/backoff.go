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

// backoff limits the attempts to connect to a server while attempts fail. After a failure, one
// caller at a time makes an attempt, the probe, and a delay lies between two probes. The other
// callers wait for the result of the probe: they connect if it succeeds, and fail if it fails. So
// no caller waits for longer than a delay and a probe, and a server that is available again is
// noticed within lastDelay. A caller fails at once if others wait for its place in the pool.
//
// The zero value is ready to use.
type backoff struct {
	// crowded reports whether callers may wait for a place in the pool. While it does, a caller that
	// would wait for the next probe fails with the error of the last one. If nil, it never does.
	crowded func() bool

	mu        sync.Mutex
	failures  int           // since the last success
	nextProbe time.Time     // when the next probe may begin
	probing   bool          // whether a probe is under way
	lastErr   error         // the error of the last failure
	results   int           // how many results were recorded so far
	recorded  chan struct{} // closed when the next result is recorded; nil if no caller waits
}

// admission says whether a caller of acquire may connect.
type admission struct {
	wait     time.Duration   // how long to wait before asking again; 0 if the decision is made
	recorded <-chan struct{} // ends the wait early
	results  int             // backoff.results when the caller began to wait
	probe    bool            // the caller makes the probe
	err      error           // not nil if the caller must not connect
}

// acquire waits until the caller may connect. If it returns nil, the caller must pass probe to
// release or abandon.
func (b *backoff) acquire(ctx context.Context) (probe bool, err error) {
	const begin = -1
	a := b.admit(begin)
	for a.wait > 0 {
		timer := time.NewTimer(a.wait)
		select {
		case <-timer.C:
		case <-a.recorded:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return false, errors.Join(ctx.Err(), b.failure())
		}
		a = b.admit(a.results)
	}
	return a.probe, a.err
}

// failure returns the error of the last attempt, or nil if it succeeded.
func (b *backoff) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures == 0 {
		return nil
	}
	return b.lastErr
}

// admit decides about a caller that began to wait when there were the given number of results. A
// negative number means that it has not waited yet.
func (b *backoff) admit(results int) admission {
	b.mu.Lock()
	defer b.mu.Unlock()
	if results < 0 {
		results = b.results
	}
	wait := max(time.Until(b.nextProbe), 0)
	switch {
	case b.failures == 0:
		return admission{}
	case results != b.results:
		return admission{err: fmt.Errorf("another attempt to connect has just failed: %w", b.lastErr)}
	case wait == 0 && !b.probing:
		b.probing = true
		return admission{probe: true}
	case !b.probing && b.crowded != nil && b.crowded():
		return admission{err: fmt.Errorf("the last attempt to connect has failed: %w", b.lastErr)}
	}
	if b.recorded == nil {
		b.recorded = make(chan struct{})
	}
	if b.probing {
		wait = lastDelay // in case the probe is abandoned
	}
	return admission{wait: wait, recorded: b.recorded, results: results}
}

// release records the result of an attempt.
func (b *backoff) release(probe bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = b.probing && !probe
	switch {
	case err == nil:
		b.failures = 0
	case probe || b.failures == 0:
		b.failures++
		b.nextProbe = time.Now().Add(delay(b.failures, firstDelay, lastDelay))
		b.lastErr = err
	default:
		return // the attempt began before the failure that was recorded last
	}
	b.results++
	if b.recorded != nil {
		close(b.recorded)
		b.recorded = nil
	}
}

// abandon ends an attempt that has no result, because its caller gave up.
func (b *backoff) abandon(probe bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = b.probing && !probe
}

// delay returns the delay after the n-th failure, counted from 1. It doubles from first to last and
// is shortened at random by up to a half, so that clients that failed together do not try again
// together.
func delay(n int, first, last time.Duration) time.Duration {
	d := last
	if n < 16 {
		d = min(first<<(n-1), last)
	}
	return d - rand.N(d/2+1)
}
