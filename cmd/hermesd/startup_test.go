package main

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// stateError is an error of PostgreSQL.
type stateError string

func (e stateError) Error() string    { return "state " + string(e) }
func (e stateError) SQLState() string { return string(e) }

func TestWaitReason(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why  string
		err  error
		want notReady // empty if waiting does not help
	}{
		{"no error", nil, ""},
		{"the server starts or stops", stateError("57P03"), noDatabase},
		{"too many clients", stateError("53300"), noDatabase},
		{"a connection that broke", fmt.Errorf("migrate: %w", io.ErrUnexpectedEOF), noDatabase},
		{"no answer in time", context.DeadlineExceeded, noDatabase},
		{"a lock", fmt.Errorf("migrate: %w", stateError("55P03")), databaseIsLocked},
		{"a certificate that is not accepted", &tls.CertificateVerificationError{Err: errors.New("x")}, databaseRefuses},
		{"what an administrator has to create", fmt.Errorf("%w: x", kamailioTablesMissing), kamailioTablesMissing},
		{"a right that the role lacks", stateError("42501"), ""},
		{"an old schema", errors.New("run hermesd migrate"), ""},
		{"the secret key", &settingError{name: "secret-key"}, ""},
	} {
		if got, _ := waitReason(tt.err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}

func TestStartup_Run(t *testing.T) {
	t.Parallel()
	errWrong := errors.New("wrong")
	for _, tt := range []struct {
		why      string
		attempts []error
		want     error
		lines    int // in the log
		open     bool
	}{
		{"all is well", []error{nil}, nil, 0, true},
		{"the database comes", []error{io.EOF, io.EOF, nil}, nil, 1, true},
		{"another reason is told too", []error{io.EOF, stateError("55P03"), io.EOF, nil}, nil, 2, true},
		{"what cannot succeed later", []error{io.EOF, errWrong}, errWrong, 1, false},
		{"what an administrator creates is for /readyz to say", []error{kamailioTablesMissing, nil}, nil, 0, true},
		{"a database that goes away again is for /readyz to say, too", []error{kamailioTablesMissing, io.EOF, errWrong}, errWrong, 0, true},
	} {
		log, open, n := &strings.Builder{}, true, 0
		attempt := func(context.Context) error {
			n++
			return tt.attempts[n-1]
		}
		u := newStartup(attempt, func() { open = false }, func() { open = true }, slog.New(slog.NewTextHandler(log, nil)))
		if err := u.run(t.Context()); err != tt.want || n != len(tt.attempts) {
			t.Errorf("%s: %v after %d attempts, want %v after %d", tt.why, err, n, tt.want, len(tt.attempts))
		}
		if open != tt.open || (u.err() == nil) != tt.open || strings.Count(log.String(), "\n") != tt.lines {
			t.Errorf("%s: open %t, %v, want %t; want %d lines:\n%s", tt.why, open, u.err(), tt.open, tt.lines, log)
		}
	}
}

// TestServer_Serve_refused checks that a wrong password is told with its reason and does not end
// the server, and that no secret of the URL is told.
func TestServer_Serve_refused(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	e := env{"HERMES_SECRET_KEY": testKey, "HERMES_DB": strings.Replace(db.URL(), "postgres@", "nobody:tiger@", 1)}
	p := startHermesd(t, e, "--log-level=debug")
	p.waitForLine(t, "level=ERROR msg=\"not serving yet; trying again\" reason=\""+string(databaseRefuses))
	if status, text := p.get(t, "/readyz"); status != 503 || text != string(databaseRefuses) {
		t.Errorf("/readyz: %d %q", status, text)
	}
	p.signal(t, syscall.SIGTERM)
	if code := p.waitExit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if log := strings.Join(p.log(), "\n"); strings.Contains(log, "tiger") || !strings.Contains(log, "msg=starting version=") {
		t.Errorf("want no password, and a line with the version:\n%s", log)
	}
}

// TestServer_Serve_migratorWaits checks that SIGTERM is obeyed while another migrator has the lock.
func TestServer_Serve_migratorWaits(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	other, err := sql.Open("pgx", db.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(t.Context(), "SELECT pg_advisory_xact_lock(114784920757619)"); err != nil {
		t.Fatal(err)
	}
	e := env{"HERMES_SECRET_KEY": testKey, "HERMES_DB": db.URL(), "HERMES_MIGRATE": "auto"}
	p := startHermesd(t, e)
	p.waitForLine(t, "wait for another migrator")
	if status, text := p.get(t, "/readyz"); status != 503 || text != string(preparing) {
		t.Errorf("/readyz: %d %q", status, text)
	}
	p.signal(t, syscall.SIGTERM)
	if code := p.waitExit(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}
