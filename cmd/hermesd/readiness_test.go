package main

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestReadiness_Reason(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		checks, proceed := 0, make(chan error)
		r := &readiness{log: slog.New(slog.DiscardHandler), check: func(ctx context.Context) error {
			checks++
			select {
			case err := <-proceed:
				return err
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		answers := make(chan notReady, 100)
		ask := func(ctx context.Context, n int) {
			for range n {
				go func() { answers <- r.reason(ctx) }()
			}
			synctest.Wait()
		}
		leaving, leave := context.WithCancel(t.Context())
		ask(leaving, 1)
		ask(t.Context(), 50)
		leave()
		<-answers
		proceed <- notBootstrapped
		for range 50 {
			if got := <-answers; got != notBootstrapped {
				t.Errorf("a client that waited: %q, want %q", got, notBootstrapped)
			}
		}
		time.Sleep(readyFor - 1)
		ask(t.Context(), 50)
		for range 50 {
			if got := <-answers; got != notBootstrapped {
				t.Errorf("a client within %v: %q, want %q", readyFor, got, notBootstrapped)
			}
		}
		if checks != 1 {
			t.Errorf("%d checks for 101 clients within %v, want 1", checks, readyFor)
		}
		time.Sleep(time.Nanosecond)
		ask(t.Context(), 1)
		proceed <- nil
		if got := <-answers; got != "" {
			t.Errorf("a client after %v: %q, want that it is ready", readyFor, got)
		}
		time.Sleep(readyFor)
		begun := time.Now()
		if got := r.reason(t.Context()); got != databaseFailed || time.Since(begun) != readyTimeout {
			t.Errorf("a check that does not end: %q after %v, want %q after %v", got, time.Since(begun), databaseFailed, readyTimeout)
		}
		refreshed := make(chan notReady)
		for range 2 { // although the result of the check before is kept
			go func() { refreshed <- r.refresh(t.Context()) }()
			proceed <- nil
			if got := <-refreshed; got != "" {
				t.Errorf("refreshed: %q, want that it is ready", got)
			}
		}
		if checks != 5 {
			t.Errorf("%d checks, want 5", checks)
		}
	})
}
