package pgconn

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"io"
	"syscall"
	"testing"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

func TestState(t *testing.T) {
	eachDriver(t, "", func(t *testing.T, pool *sql.DB, _ *pgtest.DB) {
		_, err := pool.ExecContext(t.Context(), "SELECT 1/0")
		if got := State(errors.Join(io.EOF, err)); got != "22012" {
			t.Errorf("State(%v) = %q, want 22012", err, got)
		}
		_, err = pool.ExecContext(t.Context(), "DO $$ BEGIN RAISE EXCEPTION '%', repeat('x', 60000); END $$")
		if got := State(err); got != "P0001" {
			t.Errorf("State of an error with a long message = %q, want P0001", got)
		}
	})
	for _, err := range []error{nil, io.EOF, pgdriver.Error{}} {
		if got := State(err); got != "" {
			t.Errorf("State(%v) = %q, want none", err, got)
		}
	}
}

// TestIsTransient_hosts checks when a transaction that could not begin on any host of a list is
// tried again.
func TestIsTransient_hosts(t *testing.T) {
	t.Parallel()
	isStandby := unfitError{attrs: readWrite, session: session{inRecovery: true, readOnly: true}}
	for _, row := range []struct {
		errs []error
		want bool
		why  string
	}{
		{[]error{isStandby, syscall.ECONNREFUSED}, true, "a standby may be promoted"},
		{[]error{isStandby, context.DeadlineExceeded}, false, "the attempt took its time"},
		{[]error{isStandby, &tls.CertificateVerificationError{}}, false, "a certificate stays wrong"},
	} {
		if got := isTransient(connectError{hostsError{errs: row.errs}}); got != row.want {
			t.Errorf("isTransient(%v) = %v, want %v: %s", row.errs, got, row.want, row.why)
		}
	}
}
