package pgconn

import (
	"context"
	"database/sql"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestOpen_StaleStatement changes the type of a column that prepared statements return.
func TestOpen_StaleStatement(t *testing.T) {
	side := newDB(t, "CREATE TABLE public.x (n int); INSERT INTO public.x VALUES (1)")
	db := mustOpen(t, Options{URL: side.URL(), MaxOpen: 1})
	const query = "SELECT n FROM public.x WHERE n::text <> $1"
	read := func(ctx context.Context, from interface {
		QueryRowContext(context.Context, string, ...any) *sql.Row
	}) (n string, err error) {
		return n, from.QueryRowContext(ctx, query, "").Scan(&n)
	}
	t.Run("outside a transaction the statement runs again", func(t *testing.T) {
		for _, kind := range []string{"bigint", "text", "int USING n::int"} {
			if n, err := read(t.Context(), db); err != nil || n != "1" {
				t.Fatalf("before the change: %q, %v", n, err)
			}
			side.Exec(t, "ALTER TABLE public.x ALTER n TYPE "+kind)
			if n, err := read(t.Context(), db); err != nil || n != "1" {
				t.Errorf("after a change to %s: %q, %v; want 1", kind, n, err)
			}
		}
	})
	t.Run("inside one the transaction runs again", func(t *testing.T) {
		if _, err := read(t.Context(), db); err != nil {
			t.Fatal(err)
		}
		side.Exec(t, "ALTER TABLE public.x ALTER n TYPE bigint")
		runs := 0
		err := RunTx(t.Context(), db, TxOptions{}, func(ctx context.Context, c *sql.Conn) error {
			runs++
			_, err := read(ctx, c)
			return err
		})
		if err != nil || runs != 2 {
			t.Errorf("%d runs, %v; want 2", runs, err)
		}
	})
}

// TestOpen_LateAnswers has prepared statements of many callers pass their deadlines, and looks
// for an answer that belongs to another caller.
func TestOpen_LateAnswers(t *testing.T) {
	db := mustOpen(t, Options{URL: newDB(t, "").URL(), MaxOpen: 4})
	var late, wrong atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(2 * time.Second)
	for w := range 16 {
		wg.Go(func() {
			for i := 0; time.Now().Before(end); i++ {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				want, wait := strconv.Itoa(w)+"-"+strconv.Itoa(i), 0.0
				if i%5 == 0 {
					wait = 0.03
				}
				var got string
				err := db.QueryRowContext(ctx, "SELECT $1::text FROM pg_sleep($2::float8)", want, wait).Scan(&got)
				cancel()
				if err != nil {
					late.Add(1)
				} else if got != want {
					wrong.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if late.Load() == 0 || wrong.Load() > 0 {
		t.Errorf("%d statements passed their deadline and %d answers were another caller's; want some and none", late.Load(), wrong.Load())
	}
}
