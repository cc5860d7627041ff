package pgconn

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

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
			{TxOptions{}, "serializable", "off"},
			{TxOptions{Isolation: sql.LevelReadCommitted}, "read committed", "off"},
			{TxOptions{ReadOnly: true}, "serializable", "on"},
		} {
			var level, readOnly string
			err := RunTx(t.Context(), pool, row.opts, func(ctx context.Context, tx *sql.Tx) error {
				return tx.QueryRowContext(ctx, "SELECT current_setting('transaction_isolation'), "+
					"current_setting('transaction_read_only')").Scan(&level, &readOnly)
			})
			if err != nil || level != row.level || readOnly != row.readOnly {
				t.Errorf("%+v: got isolation %s, read only %s, error %v, want %s, %s",
					row.opts, level, readOnly, err, row.level, row.readOnly)
			}
		}
	})
}

// TestRunTx_Bun checks that RunTx accepts a *bun.DB, and that the transaction that bun writes in is
// the one that is committed or rolled back.
func TestRunTx_Bun(t *testing.T) {
	eachDriver(t, createNumbers, func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		type row struct {
			bun.BaseModel `bun:"table:x"`
			N             int
		}
		db := bun.NewDB(pool, pgdialect.New())
		insertRow := func(n int, result error) error {
			return RunTx(t.Context(), db, TxOptions{LockTable: "x"}, func(ctx context.Context, tx bun.Tx) error {
				if _, err := tx.NewInsert().Model(&row{N: n}).Exec(ctx); err != nil {
					return err
				}
				return result
			})
		}
		if err := insertRow(1, nil); err != nil {
			t.Error(err)
		}
		if err := insertRow(2, errDown); err != errDown {
			t.Errorf("got error %v, want that of fn", err)
		}
		checkRows(t, pg, "1")
	})
}

func TestRunTx_ErrorRollsBack(t *testing.T) {
	eachDriver(t, createNumbers, func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		err := RunTx(t.Context(), pool, TxOptions{}, func(ctx context.Context, tx *sql.Tx) error {
			return errors.Join(insert(1)(ctx, tx), errDown)
		})
		if !errors.Is(err, errDown) {
			t.Errorf("got error %v, want that of fn", err)
		}
		checkRows(t, pg, "0")
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
		_ = RunTx(t.Context(), pool, TxOptions{}, func(ctx context.Context, tx *sql.Tx) error {
			if err := insert(1)(ctx, tx); err != nil {
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
		err := RunTx(t.Context(), pool, TxOptions{}, func(ctx context.Context, tx *sql.Tx) error {
			if err := insert(1)(ctx, tx); err != nil {
				return err
			}
			_ = exec(ctx, tx, "SELECT 1/0")
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
		for name, fn := range map[string]func(ctx context.Context, cancel func(), tx *sql.Tx) error{
			"between": func(ctx context.Context, cancel func(), tx *sql.Tx) error {
				cancel()
				return insert(1)(ctx, tx)
			},
			"during": func(ctx context.Context, cancel func(), tx *sql.Tx) error {
				time.AfterFunc(20*time.Millisecond, cancel)
				return exec(ctx, tx, "INSERT INTO x SELECT 2 FROM pg_sleep(0.1)")
			},
			"deadline": func(ctx context.Context, _ func(), tx *sql.Tx) error {
				return exec(ctx, tx, "INSERT INTO x SELECT 3 FROM pg_sleep(0.3)")
			},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			err := RunTx(ctx, pool, TxOptions{}, func(txCtx context.Context, tx *sql.Tx) error {
				return fn(txCtx, cancel, tx)
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

func TestRunTx_Timeout(t *testing.T) {
	eachDriver(t, createNumbers, func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		opts := TxOptions{Timeout: 50 * time.Millisecond}
		err := RunTx(t.Context(), pool, opts, func(ctx context.Context, tx *sql.Tx) error {
			return exec(ctx, tx, "INSERT INTO x SELECT 1 FROM pg_sleep(0.3)")
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
	slowly := func(ctx context.Context, tx *sql.Tx) error {
		return errors.Join(exec(ctx, tx, "SELECT n, pg_sleep(0.02) FROM x"), increment(ctx, tx))
	}
	eachDriver(t, "CREATE TABLE x (n int); INSERT INTO x VALUES (0)", func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				if err := RunTx(t.Context(), pool, TxOptions{LockTable: `public."x"`}, slowly); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := pg.Value(t, "SELECT n FROM x"); n != "32" {
			t.Errorf("n = %s after 32 increments, want 32", n)
		}
	})
}

// increment reads the row of x and writes it, increased by one.
func increment(ctx context.Context, tx *sql.Tx) error {
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT n FROM x").Scan(&n); err != nil {
		return err
	}
	return exec(ctx, tx, "UPDATE x SET n = $1", n+1)
}

// TestRunTx_GivesUp changes the row between the read and the write of fn, in each attempt.
func TestRunTx_GivesUp(t *testing.T) {
	eachDriver(t, "CREATE TABLE x (n int); INSERT INTO x VALUES (0)", func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		runs := 0
		err := RunTx(t.Context(), pool, TxOptions{Tries: 4}, func(ctx context.Context, tx *sql.Tx) error {
			runs++
			if err := exec(ctx, tx, "SELECT n FROM x"); err != nil {
				return err
			}
			pg.Exec(t, "UPDATE x SET n = -1")
			return increment(ctx, tx)
		})
		if State(err) != "40001" || runs != 4 || !strings.Contains(err.Error(), "4 times") {
			t.Errorf("got %d runs, error %v, want 40001 after 4 runs", runs, err)
		}
	})
}

// TestRunTx_LockTable checks that the table is locked from the fourth attempt on, and before the
// snapshot is taken.
func TestRunTx_LockTable(t *testing.T) {
	eachDriver(t, "CREATE TABLE x (n int); INSERT INTO x VALUES (0)", func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		locks := ""
		err := RunTx(t.Context(), pool, TxOptions{LockTable: "x"}, func(ctx context.Context, tx *sql.Tx) error {
			n := pg.Value(t, "SELECT count(*) FROM pg_locks WHERE relation = 'x'::regclass AND mode = 'ExclusiveLock'")
			locks += n
			if n == "0" {
				if err := exec(ctx, tx, "SELECT n FROM x"); err != nil {
					return err
				}
				pg.Exec(t, "UPDATE x SET n = n + 1")
			}
			return increment(ctx, tx)
		})
		if n := pg.Value(t, "SELECT n FROM x"); err != nil || locks != "0001" || n != "4" {
			t.Errorf("got locks %s, n = %s, error %v, want three attempts without the lock, one with it, and n = 4",
				locks, n, err)
		}
	})
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
