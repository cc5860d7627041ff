package stmtcache

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"testing"
)

var errStale = errors.New("stale")

// fakeConnector makes connections that count what is asked of them.
type fakeConnector struct {
	prepared, unprepared, closed int
	stale                        int  // how many runs of a prepared statement fail
	failed                       bool // preparing fails
}

func (c *fakeConnector) Connect(context.Context) (driver.Conn, error) { return fakeConn{c}, nil }

func (c *fakeConnector) Driver() driver.Driver { return nil }

type fakeConn struct{ *fakeConnector }

func (c fakeConn) Prepare(string) (driver.Stmt, error) { return nil, errors.New("not used") }

func (c fakeConn) PrepareContext(context.Context, string) (driver.Stmt, error) {
	if c.failed {
		return nil, errors.New("the transaction has failed")
	}
	c.prepared++
	return fakeStmt(c), nil
}

func (c fakeConn) Begin() (driver.Tx, error)                                    { return fakeTx{}, nil }
func (c fakeConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return fakeTx{}, nil }
func (c fakeConn) Ping(context.Context) error                                   { return nil }
func (c fakeConn) ResetSession(context.Context) error                           { return nil }
func (c fakeConn) IsValid() bool                                                { return true }
func (c fakeConn) Close() error                                                 { return nil }

func (c fakeConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	c.unprepared++
	return driver.RowsAffected(1), nil
}

func (c fakeConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	c.unprepared++
	return fakeRows{}, nil
}

type fakeTx struct{}

func (fakeTx) Commit() error   { return nil }
func (fakeTx) Rollback() error { return nil }

type fakeRows struct{}

func (fakeRows) Columns() []string         { return nil }
func (fakeRows) Close() error              { return nil }
func (fakeRows) Next([]driver.Value) error { return io.EOF }

type fakeStmt struct{ *fakeConnector }

func (s fakeStmt) Close() error                               { s.closed++; return nil }
func (s fakeStmt) NumInput() int                              { return -1 }
func (s fakeStmt) Exec([]driver.Value) (driver.Result, error) { return nil, errors.New("not used") }
func (s fakeStmt) Query([]driver.Value) (driver.Rows, error)  { return nil, errors.New("not used") }

func (s fakeStmt) run() error {
	if s.stale > 0 {
		s.stale--
		return errStale
	}
	return nil
}

func (s fakeStmt) ExecContext(context.Context, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(1), s.run()
}

func (s fakeStmt) QueryContext(context.Context, []driver.NamedValue) (driver.Rows, error) {
	return fakeRows{}, s.run()
}

// open returns a pool of one connection.
func open(t *testing.T, opts Options) (*sql.DB, *fakeConnector) {
	t.Helper()
	c := &fakeConnector{}
	db := sql.OpenDB(New(c, opts))
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db, c
}

func mustExec(t *testing.T, db interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}, query string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	isStale := func(err error) bool { return errors.Is(err, errStale) }
	t.Run("a text is prepared once", func(t *testing.T) {
		db, c := open(t, Options{})
		for range 5 {
			mustExec(t, db, "a", 1)
			rows, err := db.QueryContext(t.Context(), "b", 1)
			if err != nil {
				t.Fatal(err)
			}
			rows.Close()
		}
		if c.prepared != 2 || c.unprepared != 0 {
			t.Errorf("%d prepared and %d runs unprepared, want 2 and 0", c.prepared, c.unprepared)
		}
	})
	t.Run("a text without arguments, which may be several statements, is not prepared", func(t *testing.T) {
		db, c := open(t, Options{})
		mustExec(t, db, "a; b")
		if c.prepared != 0 || c.unprepared != 1 {
			t.Errorf("%d prepared and %d runs unprepared, want 0 and 1", c.prepared, c.unprepared)
		}
	})
	t.Run("the number of statements is bounded", func(t *testing.T) {
		db, c := open(t, Options{})
		for i := range maxStatements + 10 {
			mustExec(t, db, fmt.Sprint(i), 1)
		}
		if c.closed != 10 {
			t.Errorf("%d closed, want 10", c.closed)
		}
	})
	t.Run("a stale statement is prepared again", func(t *testing.T) {
		db, c := open(t, Options{Stale: isStale})
		mustExec(t, db, "a", 1)
		c.stale = 1
		mustExec(t, db, "a", 1)
		if c.prepared != 2 || c.closed != 1 {
			t.Errorf("%d prepared and %d closed, want 2 and 1", c.prepared, c.closed)
		}
	})
	t.Run("a new statement that fails is not tried again", func(t *testing.T) {
		db, c := open(t, Options{Stale: isStale})
		c.stale = 2
		if _, err := db.ExecContext(t.Context(), "a", 1); !errors.Is(err, errStale) {
			t.Errorf("error %v, want the driver's", err)
		}
	})
	t.Run("in a transaction, which has failed, a stale statement fails, and is dropped", func(t *testing.T) {
		db, c := open(t, Options{Stale: isStale})
		mustExec(t, db, "a", 1)
		c.stale, c.failed = 1, true
		if _, err := db.ExecContext(t.Context(), "a", 1); !errors.Is(err, errStale) {
			t.Errorf("error %v, want that of the statement", err)
		}
		c.failed = false
		mustExec(t, db, "a", 1)
		if c.prepared != 2 {
			t.Errorf("%d prepared, want 2", c.prepared)
		}
	})
	for _, row := range []struct {
		why  string
		opts Options
		want int
	}{
		{"statements are left to their connection", Options{}, 0},
		{"statements are closed before their connection", Options{CloseStatements: true}, 1},
	} {
		t.Run(row.why, func(t *testing.T) {
			db, c := open(t, row.opts)
			mustExec(t, db, "a", 1)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			if c.closed != row.want {
				t.Errorf("%d closed, want %d", c.closed, row.want)
			}
		})
	}
}
