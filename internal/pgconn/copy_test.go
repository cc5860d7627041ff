package pgconn

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/uptrace/bun/driver/pgdriver"
)

func TestCopyTo(t *testing.T) {
	pool := mustOpen(t, Options{URL: newDB(t, "").URL(), Plain: true, MaxOpen: 1})
	for range 2 {
		var b strings.Builder
		err := CopyTo(t.Context(), pool, &b, "SELECT $1::text, g FROM generate_series(1, $2) AS g", `it's $1\`, int64(2))
		if want := "it's $1\\\\\t1\nit's $1\\\\\t2\n"; err != nil || b.String() != want {
			t.Errorf("got %q, %v; want %q", b.String(), err, want)
		}
		err = CopyTo(t.Context(), pool, &b, "SELECT 1 / (g - 2) FROM generate_series(1, 3) AS g")
		var e pgdriver.Error
		if !errors.As(err, &e) || e.Field('C') != "22012" {
			t.Errorf("a statement that fails halfway: %v, want division by zero", err)
		}
	}
}

func TestCopyTo_cancelled(t *testing.T) {
	db := newDB(t, "")
	pool := mustOpen(t, Options{URL: db.URL(), Plain: true, MaxOpen: 1})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- CopyTo(ctx, pool, new(strings.Builder), "SELECT pg_sleep(600)") }()
	for db.Value(t, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()") == "0" {
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that the context was cancelled", err)
	}
	var b strings.Builder
	if err := CopyTo(t.Context(), pool, &b, "SELECT 1"); err != nil || b.String() != "1\n" {
		t.Errorf("afterwards: %q, %v", b.String(), err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errDown }

func TestCopyTo_writerFails(t *testing.T) {
	pool := mustOpen(t, Options{URL: newDB(t, "").URL(), Plain: true, MaxOpen: 1})
	if err := CopyTo(t.Context(), pool, failingWriter{}, "SELECT 1"); !errors.Is(err, errDown) {
		t.Errorf("got %v, want the writer's error", err)
	}
}
