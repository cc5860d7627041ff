package pgconn

import (
	"database/sql"
	"errors"
	"io"
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
