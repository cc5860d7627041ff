package pgconn

import (
	"errors"

	"github.com/uptrace/bun/driver/pgdriver"
)

// State returns the SQLSTATE of the server error in err's chain, such as "40001", or "" where there is none. It
// reads pgdriver's errors and those with a SQLState method, as pgx's and pq's have.
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

// stale reports whether err is the server's "cached plan must not change result type": a column that
// a prepared statement returns has got another type.
func stale(err error) bool { return State(err) == "0A000" }
