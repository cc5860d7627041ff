package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
)

var _ hermes.Store = (*Store)(nil)

// Conn is what statements run on: a [*sql.DB] or a [*sql.Tx].
type Conn interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// Pool names connections by their purpose, so that work of one kind does not wait for another.
type Pool int

const (
	Data Pool = iota // users, phones, numbers, aliases and domains
	Auth             // sessions and what they depend on
	Bulk             // many rows, which takes long
	Scan             // reads that may look at every row of a table
)

// TxOptions describe a transaction.
type TxOptions struct {
	// Isolation is sql.LevelReadCommitted for a transaction that does not decide by what it has
	// read. Defaults to sql.LevelSerializable. A database may give more than is asked for.
	Isolation sql.IsolationLevel
	// Pool says where the transaction runs.
	Pool Pool
}

// RunTx runs fn in one transaction, which is committed when fn returns nil, and rolled back when
// it returns an error or panics. fn's own error is returned as it is. fn may run again where its
// error, or the commit's, says that the database could not put the transaction into an order with
// others. Statements use the context that is passed to fn.
type RunTx func(ctx context.Context, opts TxOptions, fn func(ctx context.Context, c Conn) error) error

// Read runs fn, which runs one statement that reads, with a connection of a pool. The statement
// uses the context that is passed to fn.
type Read func(ctx context.Context, pool Pool, fn func(ctx context.Context, c Conn) error) error

// Options configure a Store.
type Options struct {
	// Dialect is pgdialect's or sqlitedialect's. Only Stores of one database may share it, one
	// after the other.
	Dialect schema.Dialect
	// Read runs every statement outside a transaction. If nil, it runs on one of the next three.
	Read Read
	// Reads is where statements outside a transaction run.
	Reads Conn
	// BulkReads is where pages of many rows are read. Defaults to Reads.
	BulkReads Conn
	// AuthReads is where sessions, and what they depend on, are read. Defaults to Reads.
	AuthReads Conn
	// RunTx runs every write.
	RunTx RunTx
	// StatementTime is how long a statement in a transaction may run, except in the pool Bulk. If
	// zero, the database sees to that itself.
	StatementTime time.Duration
	// KamailioSchema is the PostgreSQL schema of Kamailio's tables. Defaults to public. SQLite
	// ignores it.
	KamailioSchema string
}

// Store is a [hermes.Store] over SQL. It is safe for concurrent use, except for one that Tx
// passed to its function.
type Store struct {
	*database
	tx *transaction // nil outside a transaction
}

// database is what the Stores of one database share.
type database struct {
	runTx  RunTx
	read   Read
	time   time.Duration // Options.StatementTime
	engine engine
	db     *bun.DB // builds statements and scans rows; it has no connection
	layout atomic.Pointer[layout]
}

// transaction is the one that a Store runs in.
type transaction struct {
	ctx    context.Context // of its statements
	conn   Conn
	bulk   bool   // its statements may take long
	lock   string // the statement that locks WriteLockTable, until it has run
	failed error  // the first failure of a statement: the transaction cannot be committed
	over   bool
}

var errOver = errors.New("the transaction is over")

// New returns a Store over the tables that exist, which may be none.
func New(ctx context.Context, opts Options) (*Store, error) {
	engine := newEngine(opts.Dialect, opts.KamailioSchema)
	d := &database{
		runTx: opts.RunTx, engine: engine, db: newBunDB(opts.Dialect, engine),
		read: opts.reader(), time: opts.StatementTime,
	}
	s := &Store{database: d}
	_, err := s.look(ctx)
	return s, err
}

// reader returns Read, or what it defaults to.
func (o Options) reader() Read {
	if o.Read != nil {
		return o.Read
	}
	conns := [...]Conn{Data: o.Reads, Auth: o.AuthReads, Bulk: o.BulkReads, Scan: o.Reads}
	for i := range conns {
		if conns[i] == nil {
			conns[i] = o.Reads
		}
	}
	return func(ctx context.Context, pool Pool, fn func(context.Context, Conn) error) error {
		return fn(ctx, conns[pool])
	}
}

// Tx implements [hermes.Store].
func (s *Store) Tx(ctx context.Context, fn func(hermes.Store) error) error {
	return s.write(ctx, TxOptions{}, func(in *Store) error { return fn(in) })
}

// write runs fn in the transaction that s is in, or else in a new one.
func (s *Store) write(ctx context.Context, opts TxOptions, fn func(*Store) error) error {
	if s.tx != nil {
		if err := s.tx.usable(ctx); err != nil {
			return err
		}
		return fn(s)
	}
	return s.runTx(ctx, opts, func(own context.Context, c Conn) error {
		tx := &transaction{ctx: own, conn: c, bulk: opts.Pool == Bulk}
		if opts.Pool != Bulk {
			tx.lock = s.engine.lockForWrites
		}
		defer func() { tx.over = true }()
		if err := fn(&Store{database: s.database, tx: tx}); err != nil {
			return err
		}
		return errors.Join(tx.failed, ctx.Err())
	})
}

// usable returns why no statement can run in the transaction for a caller whose context is ctx.
func (tx *transaction) usable(ctx context.Context) error {
	switch {
	case tx.over:
		return errOver
	case tx.failed != nil:
		return tx.failed
	}
	return ctx.Err()
}

// fail notes that a statement failed, so that the transaction can only be rolled back. PostgreSQL
// sees to that itself, SQLite does not.
func (s *Store) fail(err error) error {
	if s.tx != nil && err != nil && s.tx.failed == nil {
		s.tx.failed = err
	}
	return err
}
