package pgconn

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Tx is the part of a transaction that RunTx uses. *sql.Tx and bun.Tx implement it.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	Commit() error
	Rollback() error
}

// Conn is the part of a connection that RunTx uses. *sql.Conn and bun.Conn implement it.
type Conn[T Tx] interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (T, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	Close() error
}

// Pool is the part of a connection pool that RunTx uses. *sql.DB and *bun.DB implement it.
type Pool[C any] interface {
	Conn(ctx context.Context) (C, error)
}

const (
	// lockAfter is the number of conflicts after which an attempt locks TxOptions.LockTable first.
	lockAfter = 3
	// commitTimeout bounds COMMIT, in addition to TxOptions.Timeout.
	commitTimeout = 10 * time.Second
	// firstPause is the pause after the first attempt. The pauses double up to lastPause.
	firstPause = 4 * time.Millisecond
	lastPause  = 250 * time.Millisecond
)

// TxOptions are the settings of a transaction. The zero value is a serializable transaction that
// may write.
type TxOptions struct {
	// Isolation is the isolation level. Defaults to [sql.LevelSerializable].
	// [sql.LevelReadCommitted] is enough for a single statement.
	Isolation sql.IsolationLevel

	// ReadOnly makes the server refuse writes. The outcome of such a transaction is never unknown.
	ReadOnly bool

	// Timeout bounds each run of fn. Defaults to 10 s.
	Timeout time.Duration

	// Tries is the greatest number of attempts. Defaults to 10.
	Tries int

	// LockTable is the name of a table, with its schema and quoted as SQL requires. If it is not
	// empty, each attempt after three conflicts begins by locking this table in EXCLUSIVE mode, so
	// that transactions that keep failing run one after the other. Every transaction that may conflict
	// should write to this table: the lock makes other writers of the table wait too, so that they
	// cannot cause another conflict.
	LockTable string
}

func (o TxOptions) withDefaults() TxOptions {
	o.Isolation = cmp.Or(o.Isolation, sql.LevelSerializable)
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.Tries = cmp.Or(o.Tries, 10)
	return o
}

// RunTx runs fn in a transaction and commits it. If RunTx returns nil, all writes of fn are
// committed; if it returns an error, none is, unless the error wraps [ErrOutcomeUnknown]. The pool
// is a *sql.DB, and fn gets a *sql.Tx; or the pool is a *bun.DB, and fn gets a bun.Tx. fn may run
// more than once. It must not commit or roll back, and should use the context that it gets.
//
// RunTx tries again, after a pause, if the transaction could not begin for a reason that may pass,
// and if fn or COMMIT failed with a serialization failure or a deadlock (SQLSTATE 40001 or 40P01).
// It returns all other errors of fn unchanged.
//
// ctx bounds the wait for a connection and the pauses. The transaction itself runs in another
// context, which has the values of ctx and a deadline of its own, but is not cancelled with ctx:
// cancelling a statement would cost the connection, and cancelling COMMIT would leave the outcome
// unknown. If ctx is done before COMMIT, nothing is written and RunTx returns the error of ctx.
//
// The last statement of a transaction that writes is SELECT pg_current_xact_id(). It makes RunTx
// notice that an earlier statement failed, in which case pgdriver would report that COMMIT
// succeeded. If the answer to COMMIT is lost, RunTx uses the id to ask the server for the outcome.
func RunTx[C Conn[T], T Tx](
	ctx context.Context, pool Pool[C], opts TxOptions, fn func(ctx context.Context, tx T) error,
) error {
	r := &runner[C, T]{pool: pool, opts: opts.withDefaults(), fn: fn, resolveTimeout: resolveTimeout}
	return r.run(ctx)
}

// runner runs one transaction for RunTx.
type runner[C Conn[T], T Tx] struct {
	pool           Pool[C]
	opts           TxOptions
	fn             func(ctx context.Context, tx T) error
	resolveTimeout time.Duration
}

// run makes attempts until one succeeds, fails for good, or is the last.
func (r *runner[C, T]) run(ctx context.Context) error {
	conflicts := 0
	for try := 1; ; try++ {
		err := r.attempt(ctx, conflicts >= lockAfter && r.opts.LockTable != "")
		var begin beginError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &begin):
			if err = begin.error; !isTransient(err) {
				return err
			}
		case isConflict(err):
			conflicts++
		case isStalePlan(err):
			// The connection has dropped the statement: the next try prepares it again.
		default:
			return err
		}
		if try == r.opts.Tries {
			return fmt.Errorf("transaction failed %d times: %w", try, err)
		}
		if ctxErr := pause(ctx, delay(try, firstPause, lastPause)); ctxErr != nil {
			return errors.Join(ctxErr, err)
		}
	}
}

// attempt runs fn in one transaction. If lock is set, it locks the table TxOptions.LockTable first.
func (r *runner[C, T]) attempt(ctx context.Context, lock bool) error {
	conn, err := r.pool.Conn(ctx)
	if err != nil {
		return beginError{err}
	}
	lost, err := r.inConn(ctx, conn, lock)
	if lost != nil {
		return r.resolve(ctx, *lost, err)
	}
	return err
}

// inConn runs the transaction on conn and closes conn, because asking for the outcome takes another
// connection. If COMMIT failed, inConn also returns the mark of the transaction.
func (r *runner[C, T]) inConn(ctx context.Context, conn C, lock bool) (lost *mark, err error) {
	defer conn.Close()
	txCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.opts.Timeout+commitTimeout)
	defer cancel()
	tx, err := conn.BeginTx(txCtx, &sql.TxOptions{Isolation: r.opts.Isolation, ReadOnly: r.opts.ReadOnly})
	if err != nil {
		return nil, beginError{err}
	}
	committing := false
	defer func() {
		// This also runs if fn panics or calls runtime.Goexit. An error of Rollback can be ignored:
		// the connection is closed then, and the server rolls back.
		if !committing {
			_ = tx.Rollback()
		}
	}()
	m, err := r.body(txCtx, tx, lock)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	committing = true
	if err := tx.Commit(); err != nil {
		return &m, err
	}
	return nil, nil
}

// body runs all statements between BEGIN and COMMIT.
func (r *runner[C, T]) body(ctx context.Context, tx T, lock bool) (mark, error) {
	ctx, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	if lock {
		// LOCK does not take a snapshot, so that the statements after it see everything that was
		// committed while it waited.
		if _, err := tx.ExecContext(ctx, "LOCK TABLE "+r.opts.LockTable+" IN EXCLUSIVE MODE"); err != nil {
			return mark{}, err
		}
	}
	if err := r.fn(ctx, tx); err != nil {
		return mark{}, err
	}
	if r.opts.ReadOnly {
		return mark{}, nil
	}
	return readMark(ctx, tx)
}

// pause waits for d, or until ctx is done, and returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
