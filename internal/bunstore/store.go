package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
)

var _ hermes.Store = (*Store)(nil)

// Conn is what statements run on: a *sql.DB, *sql.Conn or *sql.Tx.
type Conn interface {
	bun.IConn
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// TxOptions says what a transaction is for.
type TxOptions struct {
	// Isolation is sql.LevelSerializable, or sql.LevelReadCommitted for what does not decide by
	// what it has read. A database may give more than is asked for.
	Isolation sql.IsolationLevel
	// Bulk is set for work on many rows, which takes long.
	Bulk bool
	// Auth is set for sessions and what they depend on.
	Auth bool
}

// Gate is the table that every transaction but a bulk one locks with its first write, in PostgreSQL, as writers do.
// Who locks it in EXCLUSIVE mode has all other writers wait, and cannot lose to one.
const Gate = "hermes.migrations"

// RunTx runs fn in one transaction: what fn did sticks when it returns nil, and nothing of it
// otherwise, a panic included. fn's own error is returned as it is. Where fn's error, or the commit's, tells
// that the database could not put the transaction into an order with others, fn may run again. The context
// given to fn is the one for its statements.
type RunTx func(ctx context.Context, opts TxOptions, fn func(ctx context.Context, c Conn) error) error

// Options are what a store is made of.
type Options struct {
	// Dialect is pgdialect's or sqlitedialect's.
	Dialect schema.Dialect
	// Reads is where a statement outside a transaction goes.
	Reads Conn
	// LongReads is where pages of many rows go; nil: Reads.
	LongReads Conn
	// AuthReads is where reads of sessions, and of what they depend on, go; nil: Reads.
	AuthReads Conn
	// RunTx runs every write.
	RunTx RunTx
	// KamailioSchema is the PostgreSQL schema of Kamailio's tables; empty: public. SQLite has none.
	KamailioSchema string
}

// Store is a hermes.Store over SQL. It is safe for concurrent use, except for one that Tx gave.
type Store struct {
	*core
	conn Conn
	tx   *transaction // nil outside a transaction
	auth bool         // what comes is of sessions and what they depend on
}

type core struct {
	opts   Options
	engine engine
	layout atomic.Pointer[layout]
}

// transaction is what is known about the one that a Store runs in.
type transaction struct {
	ctx    context.Context // for its statements
	failed error           // the first failure of a statement: nothing is kept after it
	gate   string          // stands before the first statement that writes
	over   bool
}

var errOver = errors.New("the transaction is over")

// New makes a store and looks at the tables that are there; none need be.
func New(ctx context.Context, opts Options) (*Store, error) {
	for _, c := range []*Conn{&opts.LongReads, &opts.AuthReads} {
		if *c == nil {
			*c = opts.Reads
		}
	}
	c := &core{opts: opts, engine: newEngine(opts.Dialect, opts.KamailioSchema)}
	c.layout.Store(c.engine.layout(false))
	s := &Store{core: c, conn: opts.Reads}
	_, err := s.look(ctx)
	return s, err
}

// on returns s with other connections for what is outside a transaction.
func (s *Store) on(c Conn, auth bool) *Store {
	if s.tx != nil {
		return s
	}
	return &Store{core: s.core, conn: c, auth: auth}
}

// authenticating is s for sessions and what they depend on.
func (s *Store) authenticating() *Store { return s.on(s.opts.AuthReads, true) }

// long is s for a page of that many rows.
func (s *Store) long(rows int) *Store {
	if rows < longPage {
		return s
	}
	return s.on(s.opts.LongReads, s.auth)
}

// Tx implements hermes.Store.
func (s *Store) Tx(ctx context.Context, fn func(hermes.Store) error) error {
	return s.write(ctx, TxOptions{Isolation: sql.LevelSerializable}, func(in *Store) error { return fn(in) })
}

// change runs fn, which must write nothing where it returns a bare cause, in the transaction
// that s runs in or in one of its own.
func (s *Store) change(ctx context.Context, fn func(*Store) error) error {
	return s.write(ctx, TxOptions{Isolation: sql.LevelSerializable}, fn)
}

func (s *Store) write(ctx context.Context, opts TxOptions, fn func(*Store) error) error {
	if s.tx != nil {
		if _, err := s.begin(ctx); err != nil {
			return err
		}
		return fn(s)
	}
	opts.Auth = s.auth
	return s.opts.RunTx(ctx, opts, func(own context.Context, c Conn) error {
		in := &Store{core: s.core, conn: c, tx: &transaction{ctx: own}}
		if !opts.Bulk {
			in.tx.gate = s.engine.gate()
		}
		defer func() { in.tx.over = true }()
		if err := fn(in); err != nil {
			return err
		}
		return errors.Join(in.tx.failed, ctx.Err())
	})
}

// begin returns the context for a statement: the transaction's own, since a statement that is cut off
// halfway may go on in the database, but none for a caller that has gone.
func (s *Store) begin(ctx context.Context) (context.Context, error) {
	switch {
	case s.tx == nil:
		return ctx, ctx.Err()
	case s.tx.over:
		return nil, errOver
	case s.tx.failed != nil:
		return nil, s.tx.failed
	}
	return s.tx.ctx, ctx.Err()
}

// fail notes that a statement failed, so that the transaction can only be rolled back: PostgreSQL
// sees to that itself, SQLite does not.
func (s *Store) fail(err error) error {
	if s.tx != nil && err != nil && s.tx.failed == nil {
		s.tx.failed = err
	}
	return err
}
