package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/internal/pgconn"
)

// Pools returns the statistics of the connections that [Open] made, by what they are for: data,
// auth, bulk and copies. It returns nil where the host made the connections.
func (s *Store) Pools() map[string]sql.DBStats {
	if !s.pools.own {
		return nil
	}
	return map[string]sql.DBStats{
		"data": s.pools.data.Stats(), "auth": s.pools.auth.Stats(),
		"bulk": s.pools.bulk.Stats(), "copies": s.pools.copies.Stats(),
	}
}

// Failures returns how many statements failed, COMMIT and the attempts to connect included, by the
// class of their error: the first two characters of the SQLSTATE, such as 23 for a constraint;
// "connection" where the connection could not be made or broke; or "timeout" where the answer took
// too long. A class without an error is missing. Many such errors are part of the work, such as a
// transaction that has to run again.
func (s *Store) Failures() map[string]int64 { return s.events.failures.Counts() }

// The reasons for which [Store.Retries] counts.
const (
	RetryConflict   = "conflict"   // the transaction did not fit into an order with others
	RetryConnection = "connection" // it could not begin
	RetryPlan       = "plan"       // a column that a prepared statement returns has got another type
)

// Retries returns how many times a transaction was run again, by the reason, which is one of the
// constants that begin with Retry. A reason that did not occur is missing. Transactions of a host
// are not run again.
func (s *Store) Retries() map[string]int64 { return s.events.retries.Counts() }

func retryReason(err error) string {
	switch state := pgconn.State(err); {
	case strings.HasPrefix(state, "40"):
		return RetryConflict
	case strings.HasPrefix(state, "0A"):
		return RetryPlan
	}
	return RetryConnection
}

// events counts what happened on the connections of a store.
type events struct{ failures, retries bunstore.Tally }

func (e *events) failed(err error)  { e.failures.Add(errorClass(err)) }
func (e *events) retried(err error) { e.retries.Add(retryReason(err)) }

// errorClass returns the class by which [Store.Failures] counts an error, or "" for that of a
// caller that left.
func errorClass(err error) string {
	if state := pgconn.State(err); len(state) == 5 {
		return stateClass(state[:2])
	}
	var network net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "timeout"
	case pgconn.IsConnect(err), network != nil, errors.Is(err, driver.ErrBadConn), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection"
	}
	return ""
}

// stateClasses are the classes of SQLSTATE in PostgreSQL's manual, appendix A.
const stateClasses = "00 01 02 03 08 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 42 44 " +
	"53 54 55 57 58 72 F0 HV P0 XX"

// stateClass returns the class, or "other" for one that PostgreSQL does not use: a function in the
// database may raise any.
func stateClass(class string) string {
	if strings.Contains(" "+stateClasses+" ", " "+class+" ") {
		return class
	}
	return "other"
}
