package pgconn

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// errDown is an error of a test's own.
var errDown = errors.New("down")

// createNumbers creates the table x that most tests write to.
const createNumbers = "CREATE TABLE public.x (n int PRIMARY KEY)"

// drivers are the drivers that RunTx is tested with. Each function returns a new pool.
var drivers = map[string]func(t *testing.T, url string) *sql.DB{
	"pgdriver": func(t *testing.T, url string) *sql.DB { return mustOpen(t, Options{URL: url}) },
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

// eachDriver runs a test with a pool of each driver. Each pool has a new database, on which ddl was
// executed. The test also gets the database itself, whose methods use other connections.
func eachDriver(t *testing.T, ddl string, test func(t *testing.T, pool *sql.DB, db *pgtest.DB)) {
	for name, openPool := range drivers {
		t.Run(name, func(t *testing.T) {
			db := newDB(t, ddl)
			test(t, openPool(t, db.URL()), db)
		})
	}
}

// newDB returns a new database, on which ddl was executed.
func newDB(t *testing.T, ddl string) *pgtest.DB {
	db := pgtest.New(t, pgtest.Options{Empty: true})
	if ddl != "" {
		db.Exec(t, ddl)
	}
	return db
}

// mustOpen returns a pool that is closed when the test ends.
func mustOpen(t *testing.T, opts Options) *sql.DB {
	t.Helper()
	pool, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	return pool
}

// fillPool makes the pool hold n idle connections.
func fillPool(t *testing.T, pool *sql.DB, n int) {
	t.Helper()
	conns := make([]*sql.Conn, n)
	for i := range conns {
		var err error
		if conns[i], err = pool.Conn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range conns {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// exec executes a statement in a transaction.
func exec(ctx context.Context, c *sql.Conn, query string, args ...any) error {
	_, err := c.ExecContext(ctx, query, args...)
	return err
}

// insert returns a function for RunTx that inserts n into x.
func insert(n int) func(context.Context, *sql.Conn) error {
	return func(ctx context.Context, c *sql.Conn) error {
		return exec(ctx, c, "INSERT INTO public.x VALUES ($1)", n)
	}
}

// checkRows checks the number of rows in x.
func checkRows(t *testing.T, db *pgtest.DB, want string) {
	t.Helper()
	if got := db.Value(t, "SELECT count(*) FROM public.x"); got != want {
		t.Errorf("got %s rows, want %s", got, want)
	}
}

// waitUntilIdle waits until no statement or transaction of another connection is under way in the
// database, so that a row that is not there afterwards was not written.
func waitUntilIdle(t *testing.T, db *pgtest.DB) {
	t.Helper()
	timeout := time.After(60 * time.Second)
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		busy := db.Value(t, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()`)
		if busy == "0" {
			return
		}
		select {
		case <-ticker.C:
		case <-timeout:
			t.Fatal("statements are still running after 60 s")
		}
	}
}

// listen returns a listener at a free port of 127.0.0.1 that is closed when the test ends.
func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// errorResponse returns PostgreSQL's ErrorResponse message of severity FATAL.
func errorResponse(state, text string) []byte {
	body := "SFATAL\x00VFATAL\x00C" + state + "\x00M" + text + "\x00\x00"
	return append([]byte{'E', 0, 0, 0, byte(len(body) + 4)}, body...)
}
