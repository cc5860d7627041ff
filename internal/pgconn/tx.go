package pgconn

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Tx is what RunTx needs of a transaction: *sql.Tx and bun.Tx have it.
type Tx interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	Commit() error
	Rollback() error
}

// Conn is what RunTx needs of a connection: *sql.Conn and bun.Conn have it.
type Conn[T Tx] interface {
	BeginTx(ctx context.Context, opts *sql.TxOptions) (T, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	Close() error
}

// Pool is what RunTx needs of a database: *sql.DB and *bun.DB have it.
type Pool[C any] interface {
	Conn(ctx context.Context) (C, error)
}

const (
	// gateAfter is the number of serialization failures after which a transaction asks for the gate.
	gateAfter = 3
	// commitTime is how long COMMIT may take beyond TxOptions.Timeout.
	commitTime = 10 * time.Second
	// The pauses between two tries.
	firstPause = 4 * time.Millisecond
	lastPause  = 250 * time.Millisecond
)

// TxOptions says how a transaction runs. The zero value is a serializable one that writes.
type TxOptions struct {
	// Isolation is LevelSerializable where it is zero. LevelReadCommitted is enough for a single statement.
	Isolation sql.IsolationLevel

	// ReadOnly makes the server refuse writes. There is then no outcome to be unsure of.
	ReadOnly bool

	// Timeout bounds one run of fn; 0 is 10 s.
	Timeout time.Duration

	// Tries is how often the transaction is tried at most; 0 is 10.
	Tries int

	// Gate is the name of a table, with its schema and quoted as SQL needs it, or "" for none. After
	// three serialization failures the next tries first lock it in EXCLUSIVE mode: those who kept
	// failing queue up. It should be a table that every contender writes to, because the lock makes
	// other writers wait too, and then a try behind the gate cannot lose to them.
	Gate string
}

func (o TxOptions) withDefaults() TxOptions {
	o.Isolation = or(o.Isolation, sql.LevelSerializable)
	o.Timeout = or(o.Timeout, 10*time.Second)
	o.Tries = or(o.Tries, 10)
	return o
}

// RunTx runs fn in a transaction: what fn did sticks when RunTx returns nil, and nothing of it when RunTx
// returns an error, unless that wraps ErrOutcomeUnknown. The pool is a *sql.DB, and fn gets a *sql.Tx, or a *bun.DB and
// a bun.Tx. fn may run more than once. It must not commit or roll back by itself.
//
// RunTx tries again, after a pause, where the transaction could not begin, and where the error of fn or of COMMIT
// has the SQLSTATE of one that another transaction was in the way of (40001, 40P01). All other errors
// of fn come back as they are.
//
// ctx bounds the wait for a connection and the pauses. The transaction runs on a context of its own, with
// ctx's values and a deadline but without its end: to break off a statement is to lose the connection,
// and to break off COMMIT is to lose the outcome. Where ctx has ended before COMMIT nothing is written and its
// error comes back.
//
// A transaction that writes ends with SELECT pg_current_xact_id(). It fails in one that has failed,
// of which pgdriver would say that it was committed, and its answer serves to ask for the outcome
// when the answer to COMMIT is lost.
func RunTx[C Conn[T], T Tx](
	ctx context.Context, pool Pool[C], opts TxOptions, fn func(ctx context.Context, tx T) error,
) error {
	r := &runner[C, T]{pool: pool, opts: opts.withDefaults(), fn: fn, resolveTime: resolveTime}
	return r.run(ctx)
}

type runner[C Conn[T], T Tx] struct {
	pool Pool[C]
	opts TxOptions
	fn   func(ctx context.Context, tx T) error

	resolveTime time.Duration
}

func (r *runner[C, T]) run(ctx context.Context) error {
	conflicts := 0
	for try := 1; ; try++ {
		err := r.attempt(ctx, conflicts >= gateAfter && r.opts.Gate != "")
		var begin beginError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &begin):
			if err = begin.error; !passing(err) {
				return err
			}
		case isConflict(err):
			conflicts++
		case stale(err):
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

// attempt runs fn in one transaction.
func (r *runner[C, T]) attempt(ctx context.Context, gate bool) error {
	conn, err := r.pool.Conn(ctx)
	if err != nil {
		return beginError{err}
	}
	lost, err := r.inConn(ctx, conn, gate)
	if lost != nil {
		return r.resolve(ctx, *lost, err)
	}
	return err
}

// inConn runs the transaction and gives the connection back, because to ask for the outcome needs another. Where
// COMMIT failed it returns the transaction's mark too.
func (r *runner[C, T]) inConn(ctx context.Context, conn C, gate bool) (lost *mark, err error) {
	defer conn.Close()
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.opts.Timeout+commitTime)
	defer cancel()
	tx, err := conn.BeginTx(own, &sql.TxOptions{Isolation: r.opts.Isolation, ReadOnly: r.opts.ReadOnly})
	if err != nil {
		return nil, beginError{err}
	}
	committing := false
	defer func() {
		// Here fn's panic or runtime.Goexit passes too. The error of a rollback tells nothing: its connection
		// is gone, and the transaction with it.
		if !committing {
			_ = tx.Rollback()
		}
	}()
	m, err := r.body(own, tx, gate)
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

// body runs what lies between BEGIN and COMMIT.
func (r *runner[C, T]) body(ctx context.Context, tx T, gate bool) (mark, error) {
	ctx, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	if gate {
		// LOCK takes no snapshot: what follows sees all that was committed while it waited.
		if _, err := tx.ExecContext(ctx, "LOCK TABLE "+r.opts.Gate+" IN EXCLUSIVE MODE"); err != nil {
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

// beginError is a failure before fn ran.
type beginError struct{ error }

func (e beginError) Unwrap() error { return e.error }

// passing tells whether it helps to begin again. It does not where the caller left, where the wait was long
// already, and where the server, or who claims to be it, is not the one for us.
func passing(err error) bool {
	var wait net.Error
	var cert *tls.CertificateVerificationError
	switch state := State(err); {
	case errors.Is(err, context.Canceled), errors.As(err, &wait) && wait.Timeout(), errors.As(err, &cert):
		return false
	case state == "", strings.HasPrefix(state, "08"), strings.HasPrefix(state, "57P"), state == "53300":
		return true
	default:
		return isConflict(err)
	}
}

// isConflict tells whether another transaction was in the way.
func isConflict(err error) bool {
	state := State(err)
	return (state == "40001" || state == "40P01") && !errors.Is(err, ErrOutcomeUnknown)
}

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
