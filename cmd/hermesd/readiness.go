package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

const (
	readyTimeout = 3 * time.Second // how long a check may take
	readyFor     = time.Second     // how long its result is kept
)

// readiness knows whether hermesd is ready. However many clients ask, one check runs at a time and
// at most one in readyFor.
type readiness struct {
	check func(context.Context) error
	log   *slog.Logger

	mu      sync.Mutex
	running chan struct{} // closed when the check that runs has ended; nil if none runs
	ended   time.Time     // when the last check ended, on the monotonic clock
	last    notReady      // its result
}

// reason returns the reason why hermesd is not ready, or "". It waits for a check that runs, or
// until ctx ends.
func (r *readiness) reason(ctx context.Context) notReady {
	r.mu.Lock()
	running := r.running
	if running == nil {
		if !r.ended.IsZero() && time.Since(r.ended) < readyFor {
			defer r.mu.Unlock()
			return r.last
		}
		running = make(chan struct{})
		r.running = running
		// The client that asked first may leave while others wait.
		go r.run(context.WithoutCancel(ctx))
	}
	r.mu.Unlock()
	select {
	case <-running:
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// refresh is reason, but uses no result of a check that began earlier.
func (r *readiness) refresh(ctx context.Context) notReady {
	r.mu.Lock()
	running := r.running
	r.mu.Unlock()
	if running != nil {
		select {
		case <-running:
		case <-ctx.Done():
		}
	}
	r.mu.Lock()
	r.ended = time.Time{}
	r.mu.Unlock()
	return r.reason(ctx)
}

// run checks, and logs a reason that differs from the last one. The reason is the notReady that the
// error wraps, or databaseFailed if it wraps none: the text of other errors is for the log only.
func (r *readiness) run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	err := r.check(ctx)
	var reason notReady
	if err != nil && !errors.As(err, &reason) {
		reason = databaseFailed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if reason != r.last {
		r.logReason(reason, err)
	}
	r.last, r.ended = reason, time.Now()
	close(r.running)
	r.running = nil
}

func (r *readiness) logReason(reason notReady, err error) {
	switch {
	case errors.Is(err, errStarting): // the startup logs it
	case reason == "":
		r.log.Info("ready")
	case reason == notBootstrapped:
		r.log.Warn("not bootstrapped: run hermesd bootstrap --user NAME")
	default:
		r.log.Warn("not ready", "reason", string(reason), "error", err)
	}
}
