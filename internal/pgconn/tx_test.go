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

const numbers = "CREATE TABLE x (n int PRIMARY KEY)"

func insert(n int) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error { return exec(ctx, tx, "INSERT INTO x VALUES ($1)", n) }
}

func wantRows(t *testing.T, side *pgtest.DB, want string) {
	t.Helper()
	if got := side.Value(t, "SELECT count(*) FROM x"); got != want {
		t.Errorf("%s rows, wanted %s", got, want)
	}
}

func TestTxSticks(t *testing.T) {
	eachDriver(t, numbers, func(t *testing.T, db *sql.DB, side *pgtest.DB) {
		if err := RunTx(t.Context(), db, TxOptions{}, insert(1)); err != nil {
			t.Fatal(err)
		}
		wantRows(t, side, "1")
	})
}

func TestTxIsolation(t *testing.T) {
	eachDriver(t, numbers, func(t *testing.T, db *sql.DB, _ *pgtest.DB) {
		for _, row := range []struct {
			opts            TxOptions
			level, readOnly string
		}{
			{TxOptions{}, "serializable", "off"},
			{TxOptions{Isolation: sql.LevelReadCommitted}, "read committed", "off"},
			{TxOptions{ReadOnly: true}, "serializable", "on"},
		} {
			var level, readOnly string
			err := RunTx(t.Context(), db, row.opts, func(ctx context.Context, tx *sql.Tx) error {
				return tx.QueryRowContext(ctx, "SELECT current_setting('transaction_isolation'), "+
					"current_setting('transaction_read_only')").Scan(&level, &readOnly)
			})
			if err != nil || level != row.level || readOnly != row.readOnly {
				t.Errorf("%+v: %s, read only %s, %v", row.opts, level, readOnly, err)
			}
		}
	})
}

// TestTxServesBun has bun write in the transaction and its transaction be the one that is rolled back.
func TestTxServesBun(t *testing.T) {
	eachDriver(t, numbers, func(t *testing.T, sqlDB *sql.DB, side *pgtest.DB) {
		type row struct {
			bun.BaseModel `bun:"table:x"`
			N             int
		}
		db := bun.NewDB(sqlDB, pgdialect.New())
		add := func(n int, then error) error {
			return RunTx(t.Context(), db, TxOptions{Gate: "x"}, func(ctx context.Context, tx bun.Tx) error {
				if _, err := tx.NewInsert().Model(&row{N: n}).Exec(ctx); err != nil {
					return err
				}
				return then
			})
		}
		if err := add(1, nil); err != nil {
			t.Error(err)
		}
		if err := add(2, errDown); err != errDown {
			t.Errorf("error %v, wanted fn's", err)
		}
		wantRows(t, side, "1")
	})
}

func TestTxErrorRollsBack(t *testing.T) {
	eachDriver(t, numbers, func(t *testing.T, db *sql.DB, side *pgtest.DB) {
		err := RunTx(t.Context(), db, TxOptions{}, func(ctx context.Context, tx *sql.Tx) error {
			return errors.Join(insert(1)(ctx, tx), errDown)
		})
		if !errors.Is(err, errDown) {
			t.Errorf("error %v, wanted fn's", err)
		}
		wantRows(t, side, "0")
	})
}

func TestTxPanicRollsBack(t *testing.T) {
	eachDriver(t, numbers, func(t *testing.T, db *sql.DB, side *pgtest.DB) {
		defer func() {
			if got := recover(); got != "at the disco" {
				t.Errorf("recovered %v, wanted fn's panic", got)
			}
			wantRows(t, side, "0")
			if n := db.Stats().InUse; n != 0 {
				t.Errorf("%d connections in use after the panic", n)
			}
		}()
		_ = RunTx(t.Context(), db, TxOptions{}, func(ctx context.Context, tx *sql.Tx) error {
			if err := insert(1)(ctx, tx); err != nil {
				t.Error(err)
			}
			panic("at the disco")
		})
	})
}

// TestTxCommitOfAborted has fn overlook that a statement failed: PostgreSQL answers COMMIT with ROLLBACK, which
// pgdriver does not look at.
func TestTxCommitOfAborted(t *testing.T) {
	eachDriver(t, numbers, func(t *testing.T, db *sql.DB, side *pgtest.DB) {
		err := RunTx(t.Context(), db, TxOptions{}, func(ctx context.Context, tx *sql.Tx) error {
			if err := insert(1)(ctx, tx); err != nil {
				return err
			}
			_ = exec(ctx, tx, "SELECT 1/0")
			return nil
		})
		if State(err) != "25P02" {
			t.Errorf("error %v, wanted 25P02", err)
		}
		wantRows(t, side, "0")
	})
}

// TestTxCancelled cancels before BEGIN, between two statements, during one, and by a deadline during one.
func TestTxCancelled(t *testing.T) {
	eachDriver(t, numbers, func(t *testing.T, db *sql.DB, side *pgtest.DB) {
		fill(t, db, 1)
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
			err := RunTx(ctx, db, TxOptions{}, func(own context.Context, tx *sql.Tx) error { return fn(own, cancel, tx) })
			if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
				t.Errorf("%s: error %v, wanted the context's, %v", name, err, ctx.Err())
			}
			cancel()
			if err := RunTx(ctx, db, TxOptions{}, insert(4)); !errors.Is(err, ctx.Err()) {
				t.Errorf("%s: a transaction begins though its caller left: %v", name, err)
			}
		}
		settle(t, side)
		wantRows(t, side, "0")
		if n := db.Stats().OpenConnections; n != 1 {
			t.Errorf("%d connections, wanted the one that all of them used: a cancelled caller costs none", n)
		}
	})
}

// TestTxTimeout has fn run longer than it may.
func TestTxTimeout(t *testing.T) {
	eachDriver(t, numbers, func(t *testing.T, db *sql.DB, side *pgtest.DB) {
		opts := TxOptions{Timeout: 50 * time.Millisecond}
		err := RunTx(t.Context(), db, opts, func(ctx context.Context, tx *sql.Tx) error {
			return exec(ctx, tx, "INSERT INTO x SELECT 1 FROM pg_sleep(0.3)")
		})
		if err == nil {
			t.Error("no error")
		}
		settle(t, side)
		wantRows(t, side, "0")
	})
}

// TestTxContention has 32 goroutines read a row, think for longer than the pauses between their first tries, and write it
// back increased by one.
func TestTxContention(t *testing.T) {
	slowly := func(ctx context.Context, tx *sql.Tx) error {
		return errors.Join(exec(ctx, tx, "SELECT n, pg_sleep(0.02) FROM x"), increment(ctx, tx))
	}
	eachDriver(t, "CREATE TABLE x (n int); INSERT INTO x VALUES (0)", func(t *testing.T, db *sql.DB, side *pgtest.DB) {
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				if err := RunTx(t.Context(), db, TxOptions{Gate: `public."x"`}, slowly); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := side.Value(t, "SELECT n FROM x"); n != "32" {
			t.Errorf("n = %s after 32 increments", n)
		}
	})
}

func increment(ctx context.Context, tx *sql.Tx) error {
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT n FROM x").Scan(&n); err != nil {
		return err
	}
	return exec(ctx, tx, "UPDATE x SET n = $1", n+1)
}

// TestTxGivesUp has a rival change the row between fn's read and its write, every time.
func TestTxGivesUp(t *testing.T) {
	eachDriver(t, "CREATE TABLE x (n int); INSERT INTO x VALUES (0)", func(t *testing.T, db *sql.DB, side *pgtest.DB) {
		runs := 0
		err := RunTx(t.Context(), db, TxOptions{Tries: 4}, func(ctx context.Context, tx *sql.Tx) error {
			runs++
			if err := exec(ctx, tx, "SELECT n FROM x"); err != nil {
				return err
			}
			side.Exec(t, "UPDATE x SET n = -1")
			return increment(ctx, tx)
		})
		if State(err) != "40001" || runs != 4 || !strings.Contains(err.Error(), "4 times") {
			t.Errorf("%d runs, error %v, wanted 40001 after 4", runs, err)
		}
	})
}

// TestTxGateIsLockedFirst looks at when the lock is taken and that it comes before the snapshot.
func TestTxGateIsLockedFirst(t *testing.T) {
	eachDriver(t, "CREATE TABLE x (n int); INSERT INTO x VALUES (0)", func(t *testing.T, db *sql.DB, side *pgtest.DB) {
		locks := ""
		err := RunTx(t.Context(), db, TxOptions{Gate: "x"}, func(ctx context.Context, tx *sql.Tx) error {
			n := side.Value(t, "SELECT count(*) FROM pg_locks WHERE relation = 'x'::regclass AND mode = 'ExclusiveLock'")
			locks += n
			if n == "0" {
				if err := exec(ctx, tx, "SELECT n FROM x"); err != nil {
					return err
				}
				side.Exec(t, "UPDATE x SET n = n + 1")
			}
			return increment(ctx, tx)
		})
		if n := side.Value(t, "SELECT n FROM x"); err != nil || locks != "0001" || n != "4" {
			t.Errorf("locks %s, n = %s, error %v, wanted three free tries and one behind the gate, from n = 3", locks, n, err)
		}
	})
}

func TestTxBeginIsRetried(t *testing.T) {
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{})
	for name, openDB := range drivers {
		t.Run(name, func(t *testing.T) {
			side := cluster.New(t, pgtest.Options{Empty: true})
			side.Exec(t, numbers)
			db := openDB(t, side.URL())
			fill(t, db, 8)
			cluster.Restart(t, pgtest.Immediate)
			for n := range 8 {
				if err := RunTx(t.Context(), db, TxOptions{}, insert(n)); err != nil {
					t.Errorf("transaction %d after the restart: %v", n, err)
				}
			}
		})
	}
}

// TestTxBeginFails tells the failures that pass from those that do not, by the number of connects.
func TestTxBeginFails(t *testing.T) {
	for _, row := range []struct {
		state string
		tries int
		why   string
	}{
		{"57P03", 3, "the server starts"},
		{"53300", 3, "too many clients"},
		{"28P01", 1, "a wrong password stays wrong"},
		{"3D000", 1, "no such database"},
	} {
		ln := listen(t)
		connects := 0
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				nc, err := ln.Accept()
				if err != nil {
					return
				}
				connects++
				_, _ = nc.Read(make([]byte, 1024))
				_, _ = nc.Write(fatal(row.state, "no"))
				nc.Close()
			}
		}()
		db := open(t, Options{URL: "postgres://u@" + ln.Addr().String() + "/d"})
		err := RunTx(t.Context(), db, TxOptions{Tries: 3}, insert(1))
		ln.Close()
		<-done
		if State(err) != row.state || connects != row.tries {
			t.Errorf("%s: %d connects, error %v, wanted %d: %s", row.state, connects, err, row.tries, row.why)
		}
	}
}

func TestDelay(t *testing.T) {
	for n := range 100 {
		d := delay(n+1, firstPause, lastPause)
		if d < firstPause/2 || d > lastPause {
			t.Errorf("delay %d is %v", n+1, d)
		}
	}
}
