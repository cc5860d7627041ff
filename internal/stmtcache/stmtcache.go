// Package stmtcache keeps prepared statements with the driver connection that prepared them.
//
// A prepared statement belongs to one connection, while a [sql.DB] is a pool of them. A
// [sql.Stmt] bridges that by preparing again on whichever connection it is given, and inside a
// transaction it takes a second connection to do so: a pool whose connections are all in
// transactions then waits for itself. [New] instead wraps the connector of a pool, so that each
// connection prepares a text when it first runs it with arguments, and reuses the statement from
// then on. Callers pass text and arguments to the ordinary methods of [sql.DB], [sql.Conn] and
// [sql.Tx].
//
// It is a package of its own because the pools of internal/pgconn and of hermes/sqlite both use it,
// and neither of these may compile the driver of the other.
package stmtcache

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// maxStatements is the number of statements that a connection keeps prepared.
const maxStatements = 256

// Options adapt the cache to a driver.
type Options struct {
	// Stale reports whether an error says that a prepared statement no longer fits the schema. The
	// statement is then dropped, prepared again and run once more. If preparing fails, because the
	// statement is part of a transaction, which has failed, the error is returned. If nil, no error
	// says so.
	Stale func(error) bool
	// Valid reports whether a connection can still be used. If nil, the driver alone knows.
	Valid func(driver.Conn) bool
	// CloseStatements closes the statements before their connection, for a driver that would leak
	// them.
	CloseStatements bool
}

// New returns a connector whose connections keep their statements prepared. The connections of c
// must implement the driver interfaces that take a context.
//
// The rows of a statement must be closed before the same text runs again on the same connection.
func New(c driver.Connector, opts Options) driver.Connector {
	return connector{Connector: c, opts: opts}
}

type connector struct {
	driver.Connector
	opts Options
}

// Connect implements [driver.Connector].
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	dc, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	dcc, ok := dc.(driverConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("driver connection %T, want one that takes contexts", dc), dc.Close())
	}
	return &conn{driverConn: dcc, opts: c.opts, statements: map[string]driver.Stmt{}}, nil
}

// Close implements [io.Closer] for [sql.DB.Close].
func (c connector) Close() error {
	if closer, ok := c.Connector.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// driverConn is what the connections of pgdriver and of modernc.org/sqlite have in common.
type driverConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// conn is a driver connection with its statements. database/sql uses it from one goroutine at a
// time.
type conn struct {
	driverConn
	opts       Options
	statements map[string]driver.Stmt
}

// Unwrap returns the connection of the driver.
func (c *conn) Unwrap() driver.Conn { return c.driverConn }

// Close implements [driver.Conn].
func (c *conn) Close() error {
	if c.opts.CloseStatements {
		for query := range c.statements {
			c.drop(query)
		}
	}
	return c.driverConn.Close()
}

// IsValid implements [driver.Validator].
func (c *conn) IsValid() bool {
	return c.driverConn.IsValid() && (c.opts.Valid == nil || c.opts.Valid(c.driverConn))
}

// QueryContext implements [driver.QueryerContext].
func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) == 0 {
		return c.driverConn.QueryContext(ctx, query, args)
	}
	return run(ctx, c, query, func(s driver.Stmt) (driver.Rows, error) {
		return s.(driver.StmtQueryContext).QueryContext(ctx, args)
	})
}

// ExecContext implements [driver.ExecerContext].
func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) == 0 {
		return c.driverConn.ExecContext(ctx, query, args)
	}
	return run(ctx, c, query, func(s driver.Stmt) (driver.Result, error) {
		return s.(driver.StmtExecContext).ExecContext(ctx, args)
	})
}

// run calls do with the prepared statement of query, and once more with a new one if that was
// stale. In a transaction the second try fails, because the transaction has failed; the error is
// then that of the first one.
func run[T any](ctx context.Context, c *conn, query string, do func(driver.Stmt) (T, error)) (result T, err error) {
	s, cached := c.statements[query]
	if !cached {
		if s, err = c.prepare(ctx, query); err != nil {
			return result, err
		}
	}
	result, err = do(s)
	if err == nil || !cached || c.opts.Stale == nil || !c.opts.Stale(err) {
		return result, err
	}
	c.drop(query)
	s, prepareErr := c.prepare(ctx, query)
	if prepareErr != nil {
		return result, err
	}
	return do(s)
}

// prepare prepares a statement and keeps it. Where there are too many it drops another one.
func (c *conn) prepare(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(c.statements) >= maxStatements {
		for other := range c.statements {
			c.drop(other)
			break
		}
	}
	c.statements[query] = s
	return s, nil
}

// drop closes a statement. An error of that is not worth a caller's attention: a connection that
// is broken shows it at its next use.
func (c *conn) drop(query string) {
	_ = c.statements[query].Close()
	delete(c.statements, query)
}
