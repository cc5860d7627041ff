package pgconn

import (
	"database/sql"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// TestRunTx_LostCommit loses the answer to COMMIT, or COMMIT itself.
func TestRunTx_LostCommit(t *testing.T) {
	for _, row := range []struct {
		name string
		cut  pgtest.Action
		rows string
		why  string
	}{
		{"before", pgtest.CutBefore, "0", "the server notices that the client is gone, and rolls back"},
		{"inside", pgtest.CutInside, "0", "the server has no whole statement, and rolls back"},
		{"silent", pgtest.CutSilent, "0", "the server does not notice, and its session is terminated"},
		{"after", pgtest.CutAfter, "1", "the server committed"},
	} {
		for driver, openPool := range drivers {
			t.Run(row.name+"/"+driver, func(t *testing.T) {
				pg := newDB(t, createNumbers)
				var commits atomic.Int64
				p := pgtest.NewProxy(t, pg, func(statement []byte) pgtest.Action {
					if pgtest.IsCommit(statement) && commits.Add(1) == 1 {
						return row.cut
					}
					return pgtest.Forward
				})
				err := RunTx(t.Context(), openPool(t, p.URL()), TxOptions{Batch: driver == "pgdriver"}, insert(1))
				if commits.Load() == 0 {
					t.Fatal("the proxy did not see COMMIT")
				}
				if (err == nil) != (row.rows == "1") || errors.Is(err, ErrOutcomeUnknown) {
					t.Errorf("got error %v, want one that says that there are %s rows: %s", err, row.rows, row.why)
				}
				waitUntilIdle(t, pg)
				checkRows(t, pg, row.rows)
			})
		}
	}
}

// TestRunner_resolve_OutcomeUnknown asks for the outcome of a transaction while the server is down.
func TestRunner_resolve_OutcomeUnknown(t *testing.T) {
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{})
	pg := cluster.New(t, pgtest.Options{Empty: true})
	pg.Exec(t, createNumbers)
	pool := mustOpen(t, Options{URL: pg.URL()})
	r := &runner{pool: pool, resolveTimeout: 100 * time.Millisecond}
	m := markAt(t, pool, "COMMIT")
	cluster.Stop(t, pgtest.Fast)
	err := r.resolve(t.Context(), m, errDown)
	if !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, errDown) {
		t.Errorf("got error %v, want ErrOutcomeUnknown and the cause", err)
	}
}

// TestRunTx_CommitRefused makes COMMIT itself fail, by a deferred constraint.
func TestRunTx_CommitRefused(t *testing.T) {
	ddl := "CREATE TABLE public.x (n int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO public.x VALUES (1)"
	eachDriver(t, ddl, func(t *testing.T, pool *sql.DB, pg *pgtest.DB) {
		err := RunTx(t.Context(), pool, TxOptions{}, insert(1))
		if State(err) != "23505" {
			t.Errorf("got error %v, want 23505", err)
		}
		checkRows(t, pg, "1")
	})
}

// markAt runs a transaction that writes, returns its mark, and ends the transaction with a
// statement.
func markAt(t *testing.T, pool *sql.DB, end string) mark {
	t.Helper()
	conn, m := beginWrite(t, pool)
	defer conn.Close()
	if err := exec(t.Context(), conn, end); err != nil {
		t.Fatal(err)
	}
	return m
}

// beginWrite returns a connection with a transaction that has written a row, and the transaction's
// mark.
func beginWrite(t *testing.T, pool *sql.DB) (*sql.Conn, mark) {
	t.Helper()
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{pool: pool, opts: TxOptions{Batch: true}.withDefaults()}
	m, err := r.begin(t.Context(), conn, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := exec(t.Context(), conn, "INSERT INTO public.x SELECT pg_current_xact_id()::text::int"); err != nil {
		t.Fatal(err)
	}
	return conn, m
}

// TestMark_statusQuery_AfterCrash asks for the status of transactions after the server crashed.
func TestMark_statusQuery_AfterCrash(t *testing.T) {
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{Settings: map[string]string{
		// With these settings only a commit writes the log to the disk.
		"wal_writer_delay": "10s", "autovacuum": "off", "bgwriter_lru_maxpages": "0", "checkpoint_timeout": "1d",
	}})
	pg := cluster.New(t, pgtest.Options{Empty: true})
	pg.Exec(t, createNumbers)
	pool := mustOpen(t, Options{URL: pg.URL()})
	status := func(m mark) string { return pg.Value(t, m.statusQuery()) }

	committed := markAt(t, pool, "COMMIT")
	rolledBack := markAt(t, pool, "ROLLBACK")
	cluster.Restart(t, pgtest.Immediate)
	if got := status(committed); got != "committed" {
		t.Errorf("after the first crash: a committed transaction is %s, want committed", got)
	}
	if got := status(rolledBack); got != "aborted" {
		t.Errorf("after the first crash: a transaction that was rolled back is %s, want aborted", got)
	}

	conn, flushed := beginWrite(t, pool)
	defer conn.Close()
	markAt(t, pool, "COMMIT") // writes the log to the disk, the other beginning too
	cluster.Restart(t, pgtest.Immediate)
	if got := status(flushed); got != "aborted" {
		t.Errorf("a transaction that was open at the crash, and the beginning of which is on the disk, is %s, want aborted", got)
	}

	lost := markAtCrash(t, pool, cluster)
	for id := uint64(0); id < lost.xid; {
		id, _ = strconv.ParseUint(pg.Value(t, "SELECT pg_current_xact_id()"), 10, 64)
	}
	raw := pg.Value(t, "SELECT pg_xact_status($1::text::xid8)", strconv.FormatUint(lost.xid, 10))
	if raw != "committed" {
		t.Fatalf("pg_xact_status is %s, want committed: the id was not assigned again, so that this test proves nothing", raw)
	}
	if got := status(lost); got != "aborted" {
		t.Errorf("a transaction that was open at the crash is %s, want aborted", got)
	}
	if got := status(committed); got != "committed" {
		t.Errorf("after the second crash: a committed transaction is %s, want committed", got)
	}
}

// markAtCrash crashes the server while a transaction is open, nothing of which is on the disk, and
// returns the mark of the transaction.
func markAtCrash(t *testing.T, pool *sql.DB, cluster *pgtest.Cluster) mark {
	t.Helper()
	conn, m := beginWrite(t, pool)
	defer conn.Close()
	cluster.Restart(t, pgtest.Immediate)
	return m
}
