package pgconn

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// ErrOutcomeUnknown is wrapped by the error of a transaction that may or may not have been
// committed.
var ErrOutcomeUnknown = errors.New("it is not known whether the transaction was committed")

const (
	// resolveTimeout bounds the search for the outcome of a COMMIT whose answer was lost. It is
	// longer than the restart of a server.
	resolveTimeout = 10 * time.Second
	// maxInProgress is how often the server may answer that the transaction is still in progress
	// before its session is terminated.
	maxInProgress = 5
)

// mark identifies a transaction. It is read when the transaction begins, so that it costs no round
// trip of its own.
type mark struct {
	xid      uint64 // the transaction's id
	written  string // the end in the write-ahead log of the transaction's first record
	replayed string // where the last crash recovery ended, as an SQL expression that may be NULL
}

// markColumns select the mark. pg_logical_emit_message writes the first record of the transaction
// and returns its end. Logical replication ignores the record, unless a subscriber asks for such
// messages. There are no casts to text: the server would need twice the time to begin.
// The id comes first: a server that has become a standby refuses that by a SQLSTATE of its own.
const markColumns = "pg_catalog.pg_current_xact_id(), pg_catalog.pg_logical_emit_message(true, 'hermes', ''), " +
	"pg_catalog.pg_last_wal_replay_lsn()"

// readMark runs a query whose last columns are those of the mark, or three that are NULL.
func readMark(ctx context.Context, conn *sql.Conn, query string) (m mark, err error) {
	rows, err := conn.QueryContext(ctx, query)
	if err != nil {
		return m, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil || !rows.Next() {
		return m, errors.Join(err, rows.Err())
	}
	var written, xid, replayed sql.NullString
	row := make([]any, len(columns))
	for i := range row {
		row[i] = new(sql.RawBytes)
	}
	copy(row[len(row)-3:], []any{&xid, &written, &replayed})
	if err := rows.Scan(row...); err != nil {
		return m, err
	}
	m = mark{written: written.String, replayed: "NULL"}
	if replayed.Valid {
		m.replayed = "'" + replayed.String + "'"
	}
	if xid.Valid {
		m.xid, err = strconv.ParseUint(xid.String, 10, 64)
	}
	return m, errors.Join(err, rows.Close(), rows.Err())
}

// statusQuery returns the query for the transaction's status: committed, aborted, in progress, or
// NULL if the server no longer knows it.
//
// pg_xact_status alone is not enough. After a crash, the server assigns those ids again of which
// there was no trace on the disk, so that it may return the status of another transaction. The
// query detects a crash since the mark by the end of the recovery, which is then another one. If
// the recovery ended at the transaction's first record or before, the record of COMMIT, which is
// after that, is not on the disk. Otherwise the first record is on the disk, and the recovery made
// sure that its id is not assigned again.
//
// The values come from the server and are part of the text, because bun and database/sql have
// different placeholders.
func (m mark) statusQuery() string {
	return fmt.Sprintf(`SELECT CASE
		WHEN pg_catalog.pg_is_in_recovery() THEN 'in progress'
		WHEN pg_catalog.pg_last_wal_replay_lsn() IS DISTINCT FROM %s::pg_catalog.pg_lsn
			AND pg_catalog.pg_last_wal_replay_lsn() <= '%s'::pg_catalog.pg_lsn THEN 'aborted'
		ELSE pg_catalog.pg_xact_status('%d'::pg_catalog.xid8) END`, m.replayed, m.written, m.xid)
}

// terminateQuery returns the query that terminates the session in which the transaction is open.
// Its client is gone, but the server may not notice that for a long time if the network does not
// report it. A COMMIT that has begun is not interrupted.
func (m mark) terminateQuery() string {
	return fmt.Sprintf(`SELECT pg_catalog.count(pg_catalog.pg_terminate_backend(pid)) FROM pg_catalog.pg_stat_activity
		WHERE backend_xid = '%d'::pg_catalog.xid8::pg_catalog.xid AND usename = current_user`, m.xid)
}

// fence is a transaction that waits for the synchronous standbys. A session that is terminated
// while it waits for them shows its transaction as committed on this server, although a failover
// would lose it. When a later transaction has been replicated, so has the first one.
const fence = "SELECT pg_catalog.pg_logical_emit_message(true, 'hermes', '')"

// resolve finds out whether a transaction was committed after its COMMIT failed with cause. It
// returns nil if it was.
func (r *runner) resolve(ctx context.Context, m mark, cause error) error {
	if r.opts.ReadOnly || isCommitRefused(cause) {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.resolveTimeout)
	defer cancel()
	for n := 1; ; n++ {
		status, err := r.status(ctx, m, n > maxInProgress)
		switch {
		case err == nil && status.String == "committed":
			return nil
		case err == nil && status.String == "aborted":
			return fmt.Errorf("commit failed, nothing was written: %w", cause)
		case err == nil && !status.Valid: // the server no longer knows it
			return fmt.Errorf("%w: %w", ErrOutcomeUnknown, cause)
		}
		if pause(ctx, delay(n, firstPause, lastPause)) != nil {
			return fmt.Errorf("%w: %w", ErrOutcomeUnknown, errors.Join(cause, err))
		}
	}
}

// status asks for the transaction's status once, on a connection of its own. If terminate is set
// and the transaction is still in progress, status terminates its session.
func (r *runner) status(ctx context.Context, m mark, terminate bool) (status sql.NullString, err error) {
	conn, err := r.pool.Conn(ctx)
	if err != nil {
		return status, err
	}
	defer conn.Close()
	err = conn.QueryRowContext(ctx, m.statusQuery()).Scan(&status)
	if err == nil && status.String == "committed" {
		_, err = conn.ExecContext(ctx, fence)
	}
	if err == nil && terminate && status.String == "in progress" {
		var n int
		err = conn.QueryRowContext(ctx, m.terminateQuery()).Scan(&n)
	}
	if State(err) == "22023" {
		// The id has not been assigned yet: the server crashed and found no trace of the
		// transaction.
		return sql.NullString{String: "aborted", Valid: true}, nil
	}
	return status, err
}
