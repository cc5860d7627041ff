package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
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
	Data   Pool = iota // users, phones, numbers, aliases and domains
	Auth               // sessions and what they depend on
	Bulk               // many rows, which takes long
	Scan               // reads that may look at every row of a table
	Copies             // transactions that call Options.CopyFrom; used only if that is set
)

// TxOptions describe a transaction.
type TxOptions struct {
	// Pool says where the transaction runs.
	Pool Pool
	// Locks are calls of functions that take locks until the end of the transaction, separated by
	// commas. They are made before fn runs. Empty where there is one writer at a time.
	Locks string
	// Dry is set if fn fails in any case.
	Dry bool
	// Last returns statements that are run after fn, with the commit. It may return none. It is nil
	// unless Options.RunsLast is set.
	Last func() string
	// Serializable asks for a transaction that may also decide by what it has read without a lock.
	// A database may give more than is asked for.
	Serializable bool
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
	// CopyTo reads long pages of texts outside a transaction. If nil, they are read as others are.
	CopyTo CopyTo
	// AuthReads is where sessions, and what they depend on, are read. Defaults to Reads.
	AuthReads Conn
	// RunTx runs every write.
	RunTx RunTx
	// CopyFrom runs a COPY … FROM STDIN, in a transaction of the pool Copies, with what it reads from
	// rows. Where a row is there already the error wraps [ErrDuplicate]. If nil, there is no COPY.
	CopyFrom func(ctx context.Context, c Conn, query string, rows io.Reader) error
	// RunsLast says that RunTx runs what TxOptions.Last returns, in the round trip of the commit. The
	// text has values, as literals of PostgreSQL with standard_conforming_strings on.
	RunsLast bool
	// AfterCommit is given what is to be called after the commit, if RunTx does not commit what it
	// runs. If nil, it is called as soon as RunTx has returned nil.
	AfterCommit func(f func())
	// IsTooLong reports whether a statement failed because a text is longer than its column. If nil,
	// none does.
	IsTooLong func(error) bool
	// Failed is called with the error of each statement that failed. BEGIN and COMMIT are not among
	// them. If nil, it is not called.
	Failed func(error)
	// Single is set if only one goroutine at a time may use Reads and RunTx.
	Single bool
	// StatementTime is how long a statement in a transaction may run, except in the pool Bulk. If
	// zero, the database sees to that itself.
	StatementTime time.Duration
	// Lazy makes New ask the database for nothing. The first statement that depends on the tables
	// does.
	Lazy bool
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
	runTx     RunTx
	read      Read
	time      time.Duration // Options.StatementTime
	engine    engine
	db        *bun.DB // builds statements and scans rows; it has no connection
	layout    atomic.Pointer[layout]
	isTooLong func(error) bool // Options.IsTooLong; may be nil
	failed    func(error)      // Options.Failed
	single    bool             // one goroutine at a time may use the database
	runsLast  bool             // Options.RunsLast
	heads     heads

	// The beginnings of the statements that add rows with the commit.
	intoAudit, intoAuditSubjects bun.Safe

	reservations reservations

	seen       *seenBatch[seenKey, hermes.Seen]
	phonesSeen *seenBatch[mac.Addr, hermes.PhoneSeen]

	afterCommit func(f func()) // Options.AfterCommit or what it defaults to

	// These may be nil.
	copyFrom func(ctx context.Context, c Conn, query string, rows io.Reader) error
	copyTo   CopyTo
}

// transaction is the one that a Store runs in.
type transaction struct {
	ctx    context.Context // of its statements
	conn   Conn
	locks  []hermes.Lock // that it has
	after  []func()      // what to call after the commit
	last   string        // statements that are run before the next one, or with the commit
	bulk   bool          // its statements may take long
	copies bool          // its connection is one of the pool Copies
	failed error         // the first failure of a statement: the transaction cannot be committed
	over   bool
	dry    bool // it is rolled back in any case

	serializable bool // sees only what was committed before it began
	pooling      pooling
	freeing      freeing
}

// ErrDuplicate is the error of a COPY that would give two rows one key.
var ErrDuplicate = errors.New("duplicate key")

var errOver = errors.New("the transaction is over")

// conflictError is an error that has the SQLSTATE of a serialization failure, so that the
// transaction runs again.
type conflictError string

// Error implements error.
func (e conflictError) Error() string { return string(e) }

// SQLState returns the state of a serialization failure.
func (conflictError) SQLState() string { return "40001" }

// New returns a Store over the tables that exist, which may be none.
func New(ctx context.Context, opts Options) (*Store, error) {
	engine := newEngine(opts.Dialect, opts.KamailioSchema)
	d := &database{
		runTx: opts.RunTx, single: opts.Single, isTooLong: opts.IsTooLong, engine: engine, db: newBunDB(opts.Dialect, engine),
		read: opts.reader(), time: opts.StatementTime, heads: heads{now: time.Now}, copyFrom: opts.CopyFrom, copyTo: opts.CopyTo,
		afterCommit: opts.AfterCommit, failed: opts.Failed, runsLast: opts.RunsLast,
	}
	if d.afterCommit == nil {
		d.afterCommit = func(f func()) { f() }
	}
	if d.failed == nil {
		d.failed = func(error) {}
	}
	d.intoAudit, d.intoAuditSubjects = insertInto(d.db, (*auditModel)(nil)), insertInto(d.db, (*auditSubjectModel)(nil))
	s := &Store{database: d}
	s.seen, s.phonesSeen = s.newSeen(), s.newPhonesSeen()
	if !opts.Lazy {
		_, err := s.look(ctx)
		return s, err
	}
	// known looks again, because this layout has no tables.
	l := &layout{}
	var err error
	l.statements, err = s.build(l)
	s.layout.Store(l)
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
func (s *Store) Tx(ctx context.Context, opts *hermes.TxOptions, fn func(hermes.Store) error) error {
	if opts == nil {
		opts = &hermes.TxOptions{}
	}
	own := TxOptions{Serializable: opts.Serializable, Dry: opts.DryRun}
	run := func() error { return s.write(ctx, own, opts.Locks, func(in *Store) error { return fn(in) }) }
	if !opts.Bulk {
		return run()
	}
	if own.Pool = Bulk; s.copyFrom != nil && s.tx == nil {
		own.Pool = Copies
	}
	err := run()
	if errors.Is(err, ErrDuplicate) && s.tx == nil {
		own.Pool = Bulk // COPY cannot pass over a number that another transaction adds meanwhile
		err = run()
	}
	return err
}

// write runs fn in the transaction that s is in, or else in a new one, after it took the locks that
// the transaction does not have.
func (s *Store) write(ctx context.Context, opts TxOptions, locks []hermes.Lock, fn func(*Store) error) error {
	if s.tx != nil {
		if err := s.lock(ctx, locks); err != nil {
			return err
		}
		return fn(s)
	}
	opts.Locks = s.engine.lockCalls(locks)
	var tx *transaction
	if s.runsLast {
		opts.Last = func() string { return tx.last }
	}
	undone := false
	ended := func() {
		if tx != nil && !tx.freeing.reserved.IsZero() {
			s.reservations.ended()
		}
	}
	defer ended()
	err := s.runTx(ctx, opts, func(own context.Context, c Conn) error {
		undone = undone || tx != nil && tx.pooling.takes
		ended() // of the try before
		tx = &transaction{
			freeing: freeing{pends: true},
			ctx:     own, conn: c, locks: locks, bulk: opts.Pool == Bulk, copies: opts.Pool == Copies, serializable: opts.Serializable, dry: opts.Dry,
		}
		defer func() { tx.over = true }()
		if err := fn(&Store{database: s.database, tx: tx}); err != nil {
			return err
		}
		return errors.Join(tx.failed, ctx.Err())
	})
	if undone || tx != nil && (tx.pooling.frees || err != nil && tx.pooling.takes) {
		s.heads.changed()
	}
	if err != nil {
		return err
	}
	s.reservations.committed(tx.freeing, s.heads.now())
	for _, f := range tx.after {
		s.afterCommit(f)
	}
	return nil
}

// runWithCommit runs statements without arguments, whose results do not matter, in the transaction
// of s. They wait until the next statement, or the commit, is run.
func (s *Store) runWithCommit(ctx context.Context, text string) error {
	if err := s.tx.usable(ctx); err != nil {
		return err
	}
	if s.tx.last != "" {
		text = s.tx.last + "; " + text
	}
	s.tx.last = text
	return nil
}

// AfterCommit implements [hermes.Store].
func (s *Store) AfterCommit(f func()) {
	switch {
	case s.tx == nil:
		s.afterCommit(f)
	case !s.tx.over:
		s.tx.after = append(s.tx.after, f)
	}
}

// VolatileKey implements [hermes.Store]. The records are kept, so there is none.
func (s *Store) VolatileKey() hermes.SecretKey { return hermes.SecretKey{} }

// lock takes those of the locks that the transaction of s does not have.
func (s *Store) lock(ctx context.Context, locks []hermes.Lock) error {
	if err := s.tx.usable(ctx); err != nil {
		return err
	}
	var missing []hermes.Lock
	for _, l := range locks {
		if !slices.Contains(s.tx.locks, l) && !slices.Contains(s.tx.locks, hermes.Lock{ID: l.ID}) {
			missing = append(missing, l)
		}
	}
	calls := s.engine.lockCalls(missing)
	if calls == "" {
		return nil
	}
	s.tx.locks = append(s.tx.locks, missing...)
	return s.command(ctx, "SELECT "+calls)
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
