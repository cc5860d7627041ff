package pgconn

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"
)

const (
	// lockAfter is the number of conflicts after which an attempt locks TxOptions.LockTable alone.
	lockAfter = 3
	// commitTimeout bounds COMMIT, in addition to TxOptions.Timeout.
	commitTimeout = 10 * time.Second
	// rollbackTimeout bounds ROLLBACK. A connection that needs more time is closed.
	rollbackTimeout = 5 * time.Second
	// firstPause is the pause after the first attempt. The pauses double up to lastPause.
	firstPause = 4 * time.Millisecond
	lastPause  = 250 * time.Millisecond
)

// TxOptions are the settings of a transaction. The zero value is a READ COMMITTED transaction that
// may write.
type TxOptions struct {
	// Isolation is the isolation level. Defaults to [sql.LevelReadCommitted].
	Isolation sql.IsolationLevel

	// ReadOnly makes the server refuse writes. The outcome of such a transaction is never unknown.
	ReadOnly bool

	// Timeout bounds each run of fn. Defaults to 10 s.
	Timeout time.Duration

	// Tries is the greatest number of attempts. Defaults to 10.
	Tries int

	// Locks are calls of functions that lock until the end of the transaction, such as
	// "pg_advisory_xact_lock(7)", separated by commas. They are made in their order, before fn runs.
	// They have no effect on what a SERIALIZABLE transaction sees: its view is that of its first
	// statement, which these calls are part of. If empty, there are none.
	Locks string

	// LockTable is the name of a table, with its schema and quoted as SQL requires. If it is not
	// empty, each attempt locks the table before its first query: in ROW SHARE mode, and after three
	// conflicts in EXCLUSIVE mode. Transactions with the same LockTable so let one of them that keeps
	// failing run alone. Transactions without it do not wait.
	LockTable string

	// PinSearchPath sets the search_path to pg_catalog until the transaction ends, without a round
	// trip of its own. The connections of Open need it not.
	PinSearchPath bool

	// Retried is called with the error of an attempt before the next one. If nil, it is not called.
	Retried func(error)

	// Failed is called with the error of each BEGIN and COMMIT that failed, and with that of a
	// connection that could not be made. If nil, it is not called.
	Failed func(error)

	// Last returns statements without arguments that are run after fn, in the round trip of COMMIT.
	// Their results are not read. If nil, or if the text is empty, there are none.
	Last func() string

	// Batch says that the pool's driver accepts several statements in the text of a query without
	// arguments, as pgdriver does and pgx does not. RunTx then needs one round trip fewer.
	Batch bool
}

func (o TxOptions) withDefaults() TxOptions {
	o.Isolation = cmp.Or(o.Isolation, sql.LevelReadCommitted)
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.Tries = cmp.Or(o.Tries, 10)
	return o
}

// RunTx runs fn in a transaction and commits it. If RunTx returns nil, all writes of fn are
// committed; if it returns an error, none is, unless the error wraps [ErrOutcomeUnknown]. fn may
// run more than once. It gets the connection on which the transaction is open. It must not commit,
// roll back or begin a transaction there, and should use the context that it gets.
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
// With TxOptions.Batch, BEGIN and all that is needed before fn are one round trip, and COMMIT with
// TxOptions.Last is another. BEGIN and COMMIT are sent as texts and not by [sql.Tx] for that
// reason.
//
// If the answer to COMMIT is lost, RunTx asks the server for the outcome; see mark.
func RunTx(ctx context.Context, pool *sql.DB, opts TxOptions, fn func(ctx context.Context, c *sql.Conn) error) error {
	r := &runner{pool: pool, opts: opts.withDefaults(), fn: fn, resolveTimeout: resolveTimeout}
	return r.run(ctx)
}

// runner runs one transaction for RunTx.
type runner struct {
	pool           *sql.DB
	opts           TxOptions
	fn             func(ctx context.Context, c *sql.Conn) error
	resolveTimeout time.Duration
}

// run makes attempts until one succeeds, fails for good, or is the last.
func (r *runner) run(ctx context.Context) error {
	conflicts := 0
	for try := 1; ; try++ {
		err := r.attempt(ctx, conflicts >= lockAfter)
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
		case State(err) == readOnlyState && !r.opts.ReadOnly:
			// The server is no longer the primary: the next try may find the one that is.
		case isStalePlan(err):
			// The connection has dropped the statement: the next try prepares it again.
		default:
			return err
		}
		if try == r.opts.Tries {
			return fmt.Errorf("transaction failed %d times: %w", try, err)
		}
		if r.opts.Retried != nil {
			r.opts.Retried(err)
		}
		if ctxErr := pause(ctx, delay(try, firstPause, lastPause)); ctxErr != nil {
			return errors.Join(ctxErr, err)
		}
	}
}

// attempt runs fn in one transaction. If alone is set, it locks TxOptions.LockTable for itself.
func (r *runner) attempt(ctx context.Context, alone bool) error {
	conn, err := r.pool.Conn(ctx)
	if err != nil {
		return beginError{r.failed(err)}
	}
	lost, err := r.inConn(ctx, conn, alone)
	if lost != nil {
		return r.resolve(ctx, *lost, err)
	}
	return err
}

// failed tells TxOptions.Failed of an error, and returns it.
func (r *runner) failed(err error) error {
	if r.opts.Failed != nil {
		r.opts.Failed(err)
	}
	return err
}

// inConn runs the transaction on conn and closes conn, because asking for the outcome takes another
// connection. If COMMIT failed, inConn also returns the mark of the transaction.
func (r *runner) inConn(ctx context.Context, conn *sql.Conn, alone bool) (lost *mark, err error) {
	defer conn.Close()
	committed := false
	defer func() {
		// This also runs if fn panics or calls runtime.Goexit.
		if !committed {
			rollback(ctx, conn)
		}
	}()
	txCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.opts.Timeout+commitTimeout)
	defer cancel()
	m, err := r.body(txCtx, conn, alone)
	if State(err) == readOnlyState && !r.opts.ReadOnly {
		leaveHost(conn)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	text := commitText
	if r.opts.Last != nil {
		if last := r.opts.Last(); last != "" {
			text = last + "; " + text
		}
	}
	if _, err := conn.ExecContext(txCtx, text); err != nil {
		return &m, r.failed(err)
	}
	committed = true
	return nil, nil
}

// commitText checks deferred constraints first, because that fails if an earlier statement failed,
// and costs the server next to nothing. COMMIT alone would be answered with a rollback then, which
// pgdriver takes for success.
const commitText = "SET CONSTRAINTS ALL IMMEDIATE; COMMIT"

// leaveHost makes the connections to the server of conn not be used again when they are idle.
func leaveHost(conn *sql.Conn) {
	_ = conn.Raw(func(dc any) error {
		if guard := guardOfDriver(dc); guard != nil && guard.host != nil {
			guard.host.leave()
		}
		return nil
	})
}

// rollback ends the transaction on conn if one is open. If it cannot, the connection is closed, so
// that the server rolls back.
func rollback(ctx context.Context, conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
	defer cancel()
	_ = conn.Raw(func(dc any) error {
		if v, ok := dc.(driver.Validator); ok && !v.IsValid() {
			return driver.ErrBadConn
		}
		e, ok := dc.(driver.ExecerContext)
		if !ok {
			return driver.ErrBadConn
		}
		if _, err := e.ExecContext(ctx, "ROLLBACK", nil); err != nil {
			return driver.ErrBadConn
		}
		return nil
	})
}

// body runs all statements up to COMMIT.
func (r *runner) body(ctx context.Context, conn *sql.Conn, alone bool) (mark, error) {
	ctx, cancel := context.WithTimeout(ctx, r.opts.Timeout)
	defer cancel()
	m, err := r.begin(ctx, conn, alone)
	if err != nil {
		return m, beginError{r.failed(err)}
	}
	if err := r.fn(ctx, conn); err != nil {
		return m, err
	}
	// The last statement may have ended at the same moment as the time.
	return m, ctx.Err()
}

// begin begins the transaction, takes its locks, and returns its mark.
func (r *runner) begin(ctx context.Context, conn *sql.Conn, alone bool) (m mark, err error) {
	text := "BEGIN ISOLATION LEVEL " + r.opts.Isolation.String()
	if r.opts.ReadOnly {
		text += " READ ONLY"
	}
	if r.opts.PinSearchPath {
		text += "; SET LOCAL search_path = " + searchPath
	}
	if r.opts.LockTable != "" {
		mode := "ROW SHARE"
		if alone {
			mode = "EXCLUSIVE"
		}
		// LOCK does not take a snapshot, so that the statements after it see everything that was
		// committed while it waited.
		text += "; LOCK TABLE " + r.opts.LockTable + " IN " + mode + " MODE"
	}
	query := r.firstQuery()
	if r.opts.Batch && query != "" {
		return readMark(ctx, conn, text+"; "+query)
	}
	if _, err = conn.ExecContext(ctx, text); err == nil && query != "" {
		m, err = readMark(ctx, conn, query)
	}
	return m, err
}

// firstQuery returns the query that takes the locks and returns the mark, which a transaction that
// only reads does not have.
func (r *runner) firstQuery() string {
	switch {
	case !r.opts.ReadOnly && r.opts.Locks != "":
		return "SELECT " + r.opts.Locks + ", " + markColumns
	case !r.opts.ReadOnly:
		return "SELECT " + markColumns
	case r.opts.Locks != "":
		return "SELECT " + r.opts.Locks + ", NULL, NULL, NULL"
	}
	return ""
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
