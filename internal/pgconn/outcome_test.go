package pgconn

import (
	"database/sql"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// TestLostCommit loses the answer to COMMIT, or COMMIT itself.
func TestLostCommit(t *testing.T) {
	for _, row := range []struct {
		name string
		cut  cut
		rows string
		why  string
	}{
		{"before", cutBefore, "0", "the server sees its client go and rolls back"},
		{"silent", cutSilent, "0", "the server sees nothing, and is made to roll back"},
		{"after", cutAfter, "1", "the server committed"},
	} {
		for driver, openDB := range drivers {
			t.Run(row.name+"/"+driver, func(t *testing.T) {
				side := newDB(t, numbers)
				p, url := newProxy(t, side, row.cut)
				err := RunTx(t.Context(), openDB(t, url), TxOptions{}, insert(1))
				if p.fire() {
					t.Fatal("the proxy did not see COMMIT")
				}
				if (err == nil) != (row.rows == "1") || errors.Is(err, ErrOutcomeUnknown) {
					t.Errorf("error %v, wanted it to tell that %s rows are there: %s", err, row.rows, row.why)
				}
				settle(t, side)
				wantRows(t, side, row.rows)
			})
		}
	}
}

// TestOutcomeUnknown loses the server together with the answer.
func TestOutcomeUnknown(t *testing.T) {
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{})
	side := cluster.New(t, pgtest.Options{Empty: true})
	side.Exec(t, numbers)
	db := open(t, Options{URL: side.URL()})
	r := &runner[*sql.Conn, *sql.Tx]{pool: db, resolveTime: 100 * time.Millisecond}
	m := markOf(t, db, func(tx *sql.Tx) error { return tx.Commit() })
	cluster.Stop(t, pgtest.Fast)
	err := r.resolve(t.Context(), m, errDown)
	if !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, errDown) {
		t.Errorf("error %v, wanted ErrOutcomeUnknown and the cause", err)
	}
}

// TestDeferredConstraint has COMMIT itself be refused.
func TestDeferredConstraint(t *testing.T) {
	ddl := "CREATE TABLE x (n int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO x VALUES (1)"
	eachDriver(t, ddl, func(t *testing.T, db *sql.DB, side *pgtest.DB) {
		err := RunTx(t.Context(), db, TxOptions{}, insert(1))
		if State(err) != "23505" {
			t.Errorf("error %v, wanted 23505", err)
		}
		wantRows(t, side, "1")
	})
}

// markOf runs a transaction that writes up to its mark, and then end.
func markOf(t *testing.T, db *sql.DB, end func(*sql.Tx) error) mark {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := exec(t.Context(), tx, "INSERT INTO x SELECT count(*) FROM x"); err != nil {
		t.Fatal(err)
	}
	m, err := readMark(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	if err := end(tx); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestStatusAfterCrash asks, after a server's crash, for transactions from before.
func TestStatusAfterCrash(t *testing.T) {
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{Settings: map[string]string{
		// Nothing but a commit writes the log to the disk.
		"wal_writer_delay": "10s", "autovacuum": "off", "bgwriter_lru_maxpages": "0", "checkpoint_timeout": "1d",
	}})
	side := cluster.New(t, pgtest.Options{Empty: true})
	side.Exec(t, numbers)
	db := open(t, Options{URL: side.URL()})
	status := func(m mark) string { return side.Value(t, m.statusQuery()) }

	committed := markOf(t, db, func(tx *sql.Tx) error { return tx.Commit() })
	rolledBack := markOf(t, db, func(tx *sql.Tx) error { return tx.Rollback() })
	cluster.Restart(t, pgtest.Immediate)
	if c, r := status(committed), status(rolledBack); c != "committed" || r != "aborted" {
		t.Errorf("after the first crash: %s, %s, wanted committed, aborted", c, r)
	}

	cutOff := markAtCrash(t, db, cluster)
	for id := uint64(0); id < cutOff.xid; {
		id, _ = strconv.ParseUint(side.Value(t, "SELECT pg_current_xact_id()"), 10, 64)
	}
	raw := side.Value(t, "SELECT pg_xact_status($1::text::xid8)", strconv.FormatUint(cutOff.xid, 10))
	if raw != "committed" {
		t.Fatalf("pg_xact_status says %s: nobody got the number again, and the test proves nothing", raw)
	}
	if got := status(cutOff); got != "aborted" {
		t.Errorf("a transaction cut off by the crash is %s, wanted aborted", got)
	}
	if c := status(committed); c != "committed" {
		t.Errorf("after the second crash: %s, wanted committed", c)
	}
}

// markAtCrash crashes the server while a transaction is open of which nothing is on the disk.
func markAtCrash(t *testing.T, db *sql.DB, cluster *pgtest.Cluster) mark {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := exec(t.Context(), tx, "INSERT INTO x VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	m, err := readMark(t.Context(), tx)
	if err != nil {
		t.Fatal(err)
	}
	cluster.Restart(t, pgtest.Immediate)
	return m
}
