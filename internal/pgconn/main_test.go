package pgconn

import (
	"context"
	"database/sql"
	"os"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// drivers are those that RunTx is tried on.
var drivers = map[string]func(t *testing.T, url string) *sql.DB{
	"pgdriver": func(t *testing.T, url string) *sql.DB { return open(t, Options{URL: url}) },
	"pgx": func(t *testing.T, url string) *sql.DB {
		db, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		db.SetMaxOpenConns(16)
		db.SetMaxIdleConns(16)
		t.Cleanup(func() { db.Close() })
		return db
	},
}

// eachDriver runs a test with a pool of each driver on a database of its own.
func eachDriver(t *testing.T, ddl string, test func(t *testing.T, db *sql.DB, side *pgtest.DB)) {
	for name, openDB := range drivers {
		t.Run(name, func(t *testing.T) {
			side := newDB(t, ddl)
			test(t, openDB(t, side.URL()), side)
		})
	}
}

func newDB(t *testing.T, ddl string) *pgtest.DB {
	db := pgtest.New(t, pgtest.Options{Empty: true})
	if ddl != "" {
		db.Exec(t, ddl)
	}
	return db
}

func open(t *testing.T, opts Options) *sql.DB {
	t.Helper()
	db, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func exec(ctx context.Context, tx Tx, query string, args ...any) error {
	_, err := tx.ExecContext(ctx, query, args...)
	return err
}

// settle waits until no statement of the pools runs in the database, so that what is not there by then never will be.
func settle(t *testing.T, db *pgtest.DB) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		busy := db.Value(t, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()`)
		if busy == "0" {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("waited 30 s for the server's statements to end")
		}
	}
}
