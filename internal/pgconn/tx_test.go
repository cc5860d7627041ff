package pgconn

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

func TestRunTx_Commits(t *testing.T) {
	eachDriver(t, createNumbers, func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		if err := RunTx(t.Context(), pool, TxOptions{}, insert(1)); err != nil {
			t.Fatal(err)
		}
		checkRows(t, pg, "1")
	})
}

func TestRunTx_Options(t *testing.T) {
	eachDriver(t, createNumbers, func(t *testing.T, pool *sql.DB, _ *pgtest.DB) {
		for _, row := range []struct {
			opts            TxOptions
			level, readOnly string
		}{
			{TxOptions{}, "read committed", "off"},
			{TxOptions{Isolation: sql.LevelSerializable}, "serializable", "off"},
			{TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, "repeatable read", "on"},
		} {
			var level, readOnly string
			err := RunTx(t.Context(), pool, row.opts, func(ctx context.Context, c *sql.Conn) error {
				return c.QueryRowContext(ctx, "SELECT current_setting('transaction_isolation'), "+
					"current_setting('transaction_read_only')").Scan(&level, &readOnly)
			})
			if err != nil || level != row.level || readOnly != row.readOnly {
				t.Errorf("%+v: got isolation %s, read only %s, error %v, want %s, %s",
					row.opts, level, readOnly, err, row.level, row.readOnly)
			}
		}
	})
}

func TestRunTx_ErrorRollsBack(t *testing.T) {
	eachDriver(t, createNumbers, func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		err := RunTx(t.Context(), pool, TxOptions{}, func(ctx context.Context, c *sql.Conn) error {
			return errors.Join(insert(1)(ctx, c), errDown)
		})
		if !errors.Is(err, errDown) {
			t.Errorf("got error %v, want that of fn", err)
		}
		checkRows(t, pg, "0")
	})
}

// TestRunTx_Last checks that the statements of TxOptions.Last are part of the transaction.
func TestRunTx_Last(t *testing.T) {
	eachDriver(t, createNumbers, func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		for i, row := range []struct{ why, last, state, rows string }{
			{"none", "", "", "1"},
			{"the last of them fails", "INSERT INTO public.x VALUES (10); INSERT INTO public.x VALUES (2 / 0)", "22012", "1"},
			{"all of them are committed", "INSERT INTO public.x VALUES (10); INSERT INTO public.x VALUES ('11')", "", "4"},
		} {
			n := 0
			err := RunTx(t.Context(), pool, TxOptions{Last: func() string { return row.last }}, func(ctx context.Context, c *sql.Conn) error {
				n++
				return insert(i)(ctx, c)
			})
			if State(err) != row.state || (err == nil) != (row.state == "") || n != 1 {
				t.Errorf("%s: %d runs, error %v, want 1 and state %q", row.why, n, err, row.state)
			}
			checkRows(t, pg, row.rows)
		}
	})
}

func TestRunTx_PanicRollsBack(t *testing.T) {
	eachDriver(t, createNumbers, func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		defer func() {
			if got := recover(); got != "panic of fn" {
				t.Errorf("recovered %v, want the panic of fn", got)
			}
			checkRows(t, pg, "0")
			if n := pool.Stats().InUse; n != 0 {
				t.Errorf("%d connections are in use after the panic, want 0", n)
			}
		}()
		_ = RunTx(t.Context(), pool, TxOptions{}, func(ctx context.Context, c *sql.Conn) error {
			if err := insert(1)(ctx, c); err != nil {
				t.Error(err)
			}
			panic("panic of fn")
		})
	})
}

// TestRunTx_IgnoredError uses an fn that ignores that a statement failed. PostgreSQL then answers
// COMMIT with ROLLBACK, which pgdriver does not notice.
func TestRunTx_IgnoredError(t *testing.T) {
	eachDriver(t, createNumbers, func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		err := RunTx(t.Context(), pool, TxOptions{}, func(ctx context.Context, c *sql.Conn) error {
			if err := insert(1)(ctx, c); err != nil {
				return err
			}
			_ = exec(ctx, c, "SELECT 1/0")
			return nil
		})
		if State(err) != "25P02" {
			t.Errorf("got error %v, want 25P02", err)
		}
		checkRows(t, pg, "0")
	})
}

// TestRunTx_Cancelled cancels the context between two statements, during a statement, by a deadline
// during a statement, and before BEGIN.
func TestRunTx_Cancelled(t *testing.T) {
	eachDriver(t, createNumbers, func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		fillPool(t, pool, 1)
		for name, fn := range map[string]func(ctx, caller context.Context, cancel func(), c *sql.Conn) error{
			"between": func(ctx, _ context.Context, cancel func(), c *sql.Conn) error {
				cancel()
				return insert(1)(ctx, c)
			},
			"during": func(ctx, caller context.Context, cancel func(), c *sql.Conn) error {
				go func() {
					for caller.Err() == nil && pg.Value(t, advisoryWaits) == "0" {
					}
					cancel()
				}()
				return insertAfter(ctx, caller, t, pg, c, 2)
			},
			"deadline": func(ctx, caller context.Context, _ func(), c *sql.Conn) error {
				return insertAfter(ctx, caller, t, pg, c, 3)
			},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			err := RunTx(ctx, pool, TxOptions{}, func(txCtx context.Context, c *sql.Conn) error {
				return fn(txCtx, ctx, cancel, c)
			})
			if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
				t.Errorf("%s: got error %v, want that of the context, %v", name, err, ctx.Err())
			}
			cancel()
			if err := RunTx(ctx, pool, TxOptions{}, insert(4)); !errors.Is(err, ctx.Err()) {
				t.Errorf("%s: got error %v for a context that is done, want %v", name, err, ctx.Err())
			}
		}
		waitUntilIdle(t, pg)
		checkRows(t, pg, "0")
		if n := pool.Stats().OpenConnections; n != 1 {
			t.Errorf("got %d connections, want 1: a cancelled caller must not cost a connection", n)
		}
	})
}

const advisoryWaits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()"

// insertAfter inserts n into x by a statement that does not end on the server before end does.
func insertAfter(ctx, end context.Context, t *testing.T, pg *pgtest.DB, c *sql.Conn, n int) error {
	t.Helper()
	holder, err := mustOpen(t, Options{URL: pg.URL()}).Conn(t.Context())
	if err != nil {
		return err
	}
	if _, err := holder.ExecContext(t.Context(), "SELECT pg_advisory_lock(1)"); err != nil {
		return err
	}
	released := make(chan struct{})
	context.AfterFunc(end, func() {
		defer close(released)
		_, _ = holder.ExecContext(t.Context(), "SELECT pg_advisory_unlock(1)")
		_ = holder.Close()
	})
	err = exec(ctx, c, "INSERT INTO public.x SELECT $1::int FROM (SELECT pg_advisory_xact_lock_shared(1)) AS held", n)
	<-released
	return err
}

func TestRunTx_Timeout(t *testing.T) {
	eachDriver(t, createNumbers, func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		opts := TxOptions{Timeout: 50 * time.Millisecond}
		err := RunTx(t.Context(), pool, opts, func(ctx context.Context, c *sql.Conn) error {
			return insertAfter(ctx, ctx, t, pg, c, 1)
		})
		if err == nil {
			t.Error("got no error, want one, because fn exceeded its timeout")
		}
		waitUntilIdle(t, pg)
		checkRows(t, pg, "0")
	})
}

// TestRunTx_Contention runs 32 concurrent transactions that read a row, wait for longer than the
// pauses between the first attempts, and write the row, increased by one.
func TestRunTx_Contention(t *testing.T) {
	slowly := func(ctx context.Context, c *sql.Conn) error {
		return errors.Join(exec(ctx, c, "SELECT n, pg_sleep(0.02) FROM public.x"), increment(ctx, c))
	}
	eachDriver(t, "CREATE TABLE public.x (n int); INSERT INTO public.x VALUES (0)", func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				if err := RunTx(t.Context(), pool, serializable(`public."x"`), slowly); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := pg.Value(t, "SELECT n FROM public.x"); n != "32" {
			t.Errorf("n = %s after 32 increments, want 32", n)
		}
	})
}

// increment reads the row of x and writes it, increased by one.
func increment(ctx context.Context, c *sql.Conn) error {
	var n int
	if err := c.QueryRowContext(ctx, "SELECT n FROM public.x").Scan(&n); err != nil {
		return err
	}
	return exec(ctx, c, "UPDATE public.x SET n = $1", n+1)
}

// TestRunTx_GivesUp changes the row between the read and the write of fn, in each attempt.
func TestRunTx_GivesUp(t *testing.T) {
	eachDriver(t, "CREATE TABLE public.x (n int); INSERT INTO public.x VALUES (0)", func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		runs := 0
		err := RunTx(t.Context(), pool, TxOptions{Isolation: sql.LevelSerializable, Tries: 4}, func(ctx context.Context, c *sql.Conn) error {
			runs++
			if err := exec(ctx, c, "SELECT n FROM public.x"); err != nil {
				return err
			}
			pg.Exec(t, "UPDATE public.x SET n = -1")
			return increment(ctx, c)
		})
		if State(err) != "40001" || runs != 4 || !strings.Contains(err.Error(), "4 times") {
			t.Errorf("got %d runs, error %v, want 40001 after 4 runs", runs, err)
		}
	})
}

func serializable(lockTable string) TxOptions {
	return TxOptions{Isolation: sql.LevelSerializable, LockTable: lockTable}
}

// TestRunTx_LockTable checks that the fourth attempt locks the table alone, before the snapshot is
// taken.
func TestRunTx_LockTable(t *testing.T) {
	eachDriver(t, "CREATE TABLE public.x (n int); INSERT INTO public.x VALUES (0)", func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		var locks []string
		err := RunTx(t.Context(), pool, serializable("public.x"), func(ctx context.Context, c *sql.Conn) error {
			locks = append(locks, pg.Value(t, "SELECT min(mode) FROM pg_locks WHERE relation = 'x'::regclass"))
			if len(locks) <= 3 {
				if err := exec(ctx, c, "SELECT n FROM public.x"); err != nil {
					return err
				}
				pg.Exec(t, "UPDATE public.x SET n = n + 1")
			}
			return increment(ctx, c)
		})
		want := []string{"RowShareLock", "RowShareLock", "RowShareLock", "ExclusiveLock"}
		if n := pg.Value(t, "SELECT n FROM public.x"); err != nil || !slices.Equal(locks, want) || n != "4" {
			t.Errorf("got the locks %v, n = %s, error %v, want %v and n = 4", locks, n, err, want)
		}
	})
}

// TestRunTx_Locks runs 32 concurrent READ COMMITTED transactions that read a row and write the row,
// increased by one, under a lock.
func TestRunTx_Locks(t *testing.T) {
	for _, batch := range []bool{false, true} {
		eachDriver(t, "CREATE TABLE public.x (n int); INSERT INTO public.x VALUES (0)", func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
			if _, ok := pool.Driver().(*stdlib.Driver); ok && batch {
				return // pgx has no batches
			}
			opts := TxOptions{Locks: "pg_advisory_xact_lock(7), pg_advisory_xact_lock_shared(8)", Batch: batch}
			var wg sync.WaitGroup
			for range 32 {
				wg.Go(func() {
					if err := RunTx(t.Context(), pool, opts, increment); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if n := pg.Value(t, "SELECT n FROM public.x"); n != "32" {
				t.Errorf("batch %v: n = %s after 32 increments, want 32", batch, n)
			}
		})
	}
}

// TestRunTx_LockFails checks that a lock that cannot be had fails the transaction, and leaves a
// connection that works.
func TestRunTx_LockFails(t *testing.T) {
	pg := newDB(t, createNumbers)
	pool := mustOpen(t, Options{URL: pg.URL(), MaxOpen: 1})
	opts := TxOptions{Locks: "pg_advisory_xact_lock(1/0)", Batch: true}
	if err := RunTx(t.Context(), pool, opts, insert(1)); State(err) != "22012" {
		t.Errorf("got error %v, want the server's 22012", err)
	}
	if err := RunTx(t.Context(), pool, TxOptions{Batch: true}, insert(2)); err != nil {
		t.Error(err)
	}
	checkRows(t, pg, "1")
}

func TestRunTx_BeginRetried(t *testing.T) {
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{})
	for name, openPool := range drivers {
		t.Run(name, func(t *testing.T) {
			pg := cluster.New(t, pgtest.Options{Empty: true})
			pg.Exec(t, createNumbers)
			pool := openPool(t, pg.URL())
			fillPool(t, pool, 8)
			cluster.Restart(t, pgtest.Immediate)
			for n := range 8 {
				if err := RunTx(t.Context(), pool, TxOptions{}, insert(n)); err != nil {
					t.Errorf("transaction %d after the restart: %v", n, err)
				}
			}
		})
	}
}

// TestRunTx_BeginErrors checks by the number of attempts which errors of the server make RunTx try
// again.
func TestRunTx_BeginErrors(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		state    string
		attempts int
		why      string
	}{
		{"57P03", 3, "the server is starting"},
		{"53300", 3, "too many clients"},
		{"28P01", 1, "a wrong password stays wrong"},
		{"3D000", 1, "the database does not exist"},
	} {
		ln := listen(t)
		attempts := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				nc, err := ln.Accept()
				if err != nil {
					return
				}
				attempts++
				_, _ = nc.Read(make([]byte, 1024))
				_, _ = nc.Write(errorResponse(row.state, "no"))
				nc.Close()
			}
		}()
		pool := mustOpen(t, Options{URL: "postgres://u@" + ln.Addr().String() + "/d"})
		err := RunTx(t.Context(), pool, TxOptions{Tries: 3}, insert(1))
		ln.Close()
		<-done
		if State(err) != row.state || attempts != row.attempts {
			t.Errorf("%s: got %d attempts, error %v, want %d: %s", row.state, attempts, err, row.attempts, row.why)
		}
	}
}
