package pgconn

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"

	"github.com/uptrace/bun/driver/pgdriver"
)

// State returns the SQLSTATE of the server error in err's chain, such as "40001", or "" if there is
// none. It supports the errors of pgdriver, and those that have a method SQLState, such as those of
// pgx and pq.
func State(err error) string {
	if e, ok := errors.AsType[pgdriver.Error](err); ok {
		return e.Field('C')
	}
	var e interface {
		error
		SQLState() string
	}
	if errors.As(err, &e) {
		return e.SQLState()
	}
	return ""
}

// connectError is the error of an attempt to connect.
type connectError struct{ error }

func (e connectError) Unwrap() error { return e.error }

// IsConnect reports whether err is, or wraps, the error of an attempt to connect.
func IsConnect(err error) bool {
	_, ok := errors.AsType[connectError](err)
	return ok
}

// beginError is the error of a transaction that could not begin. Its fn was not called.
type beginError struct{ error }

func (e beginError) Unwrap() error { return e.error }

// isTransient reports whether a transaction that could not begin should be tried again. It returns
// false if the caller gave up, if the attempt timed out, if the server's certificate is not valid,
// and if the server refused for a reason that does not pass, such as a wrong password.
func isTransient(err error) bool {
	if errors.Is(err, context.Canceled) {
		return false
	}
	if isTimeout(err) {
		return false
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	state := State(err)
	switch {
	case state == "", strings.HasPrefix(state, "08"): // the connection failed
		return true
	case strings.HasPrefix(state, "57P"): // the server starts or stops
		return true
	case state == "53300": // too many clients
		return true
	case state == readOnlyState: // another host may have become the primary
		return true
	}
	return isConflict(err)
}

// isTimeout reports whether an attempt took too long.
func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// isConflict reports whether a transaction failed because of a concurrent one: a serialization
// failure or a deadlock.
func isConflict(err error) bool {
	state := State(err)
	return (state == "40001" || state == "40P01") && !errors.Is(err, ErrOutcomeUnknown)
}

// isStalePlan reports whether a prepared statement failed because a column that it returns has got
// another type: "cached plan must not change result type".
func isStalePlan(err error) bool { return State(err) == "0A000" }

// isCommitRefused reports whether the server answered COMMIT with an error, because of a deferred
// constraint, a conflict, or an earlier statement that failed. Nothing was written then.
func isCommitRefused(err error) bool {
	state := State(err)
	return isConflict(err) || strings.HasPrefix(state, "23") || state == "25P02"
}
