package pgconn

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrOutcomeUnknown is wrapped by the error of a transaction that may or may not have been committed.
var ErrOutcomeUnknown = errors.New("whether the transaction was committed is not known")

const (
	// resolveTime is how long the outcome of a lost COMMIT is asked for: a server's restart is shorter.
	resolveTime = 10 * time.Second
	// patience is how many answers "in progress" are borne before the transaction's session is ended.
	patience = 5
)

// mark is what a transaction knows of itself just before COMMIT.
type mark struct {
	xid      uint64
	written  string // where the write-ahead log ended: all that the transaction wrote lies before
	replayed string // how far the server's last crash recovery went, as an SQL expression
}

// readMark fails in a transaction that has failed.
func readMark(ctx context.Context, tx Tx) (mark, error) {
	var m mark
	var replayed sql.NullString
	err := tx.QueryRowContext(ctx, "SELECT pg_current_xact_id()::text, pg_current_wal_insert_lsn()::text, "+
		"pg_last_wal_replay_lsn()::text").Scan(&m.xid, &m.written, &replayed)
	m.replayed = "NULL"
	if replayed.Valid {
		m.replayed = "'" + replayed.String + "'"
	}
	return m, err
}

// statusQuery asks for the transaction's status. pg_xact_status alone would not do: a server that crashed hands
// out the numbers anew that had left no trace on the disk, and then it tells the fate of
// somebody else's transaction. A crash since the mark shows in where the recovery ended; where that is not
// past the mark, COMMIT's record, which comes later, is not on the disk either.
//
// The values come from the server, and are written into the text because bun and database/sql differ in their
// placeholders.
func (m mark) statusQuery() string {
	return fmt.Sprintf(`SELECT CASE
		WHEN pg_is_in_recovery() THEN 'in progress'
		WHEN pg_last_wal_replay_lsn() IS DISTINCT FROM %s::pg_lsn
			AND pg_last_wal_replay_lsn() <= '%s'::pg_lsn THEN 'aborted'
		ELSE pg_xact_status('%d'::xid8) END`, m.replayed, m.written, m.xid)
}

// endQuery ends the session that has the transaction open, whose client is gone: it waits for
// a network that does not tell. A commit that is under way is not stopped by it.
func (m mark) endQuery() string {
	return fmt.Sprintf(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE backend_xid = '%d'::xid8::xid AND usename = current_user`, m.xid)
}

// resolve finds out what became of a COMMIT that failed with cause.
func (r *runner[C, T]) resolve(ctx context.Context, m mark, cause error) error {
	if r.opts.ReadOnly || refused(cause) {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.resolveTime)
	defer cancel()
	for n := 1; ; n++ {
		status, err := r.status(ctx, m, n > patience)
		switch {
		case err == nil && status.String == "committed":
			return nil
		case err == nil && status.String == "aborted":
			return fmt.Errorf("commit failed, nothing was written: %w", cause)
		case err == nil && !status.Valid: // too long ago for the server to know
			return fmt.Errorf("%w: %w", ErrOutcomeUnknown, cause)
		}
		if pause(ctx, delay(n, firstPause, lastPause)) != nil {
			return fmt.Errorf("%w: %w", ErrOutcomeUnknown, errors.Join(cause, err))
		}
	}
}

// refused tells whether the server answered COMMIT with a definite no: a deferred constraint, or a conflict.
func refused(err error) bool {
	return isConflict(err) || strings.HasPrefix(State(err), "23")
}

// status asks once, on a connection of its own.
func (r *runner[C, T]) status(ctx context.Context, m mark, end bool) (status sql.NullString, err error) {
	conn, err := r.pool.Conn(ctx)
	if err != nil {
		return status, err
	}
	defer conn.Close()
	err = conn.QueryRowContext(ctx, m.statusQuery()).Scan(&status)
	if err == nil && end && status.String == "in progress" {
		var n int
		err = conn.QueryRowContext(ctx, m.endQuery()).Scan(&n)
	}
	if State(err) == "22023" { // a number not handed out yet: one without a trace, before a crash
		return sql.NullString{String: "aborted", Valid: true}, nil
	}
	return status, err
}
