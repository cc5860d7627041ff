package pgconn

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

func TestSession(t *testing.T) {
	side := newDB(t, "")
	side.Exec(t, "ALTER DATABASE "+side.Name()+" SET datestyle = 'German'; ALTER DATABASE "+side.Name()+" SET timezone = 'Asia/Tokyo'")
	for name, url := range map[string]string{"TCP": side.URL(), "socket": side.SocketURL()} {
		t.Run(name, func(t *testing.T) {
			db := open(t, Options{URL: url})
			got := map[string]string{}
			for _, k := range []string{"statement_timeout", "idle_in_transaction_session_timeout", "application_name"} {
				var v string
				if err := db.QueryRowContext(t.Context(), "SELECT current_setting('"+k+"')").Scan(&v); err != nil {
					t.Fatal(err)
				}
				got[k] = v
			}
			want := map[string]string{"statement_timeout": "9s", "idle_in_transaction_session_timeout": "1min", "application_name": "hermes"}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
			var at time.Time
			if err := db.QueryRowContext(t.Context(), "SELECT timestamptz '2026-02-01 12:00:00+00'").Scan(&at); err != nil {
				t.Fatal(err)
			}
			if want := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC); !at.Equal(want) {
				t.Errorf("time is %v, wanted %v whatever the database's date style", at, want)
			}
		})
	}
}

// TestStatementEndsBeforeClient has a statement outside any transaction run too long: the server must cancel it, since
// otherwise it goes on and commits after the client was told that it failed.
func TestStatementEndsBeforeClient(t *testing.T) {
	side := newDB(t, "CREATE TABLE x (n int)")
	db := open(t, Options{URL: side.URL(), ReadTimeout: 2 * time.Second, StatementTimeout: 200 * time.Millisecond})
	_, err := db.ExecContext(t.Context(), "INSERT INTO x SELECT 1 FROM pg_sleep(4)")
	if State(err) != "57014" {
		t.Errorf("error %v, wanted the server's 57014", err)
	}
	settle(t, side)
	if n := side.Value(t, "SELECT count(*) FROM x"); n != "0" {
		t.Errorf("%s rows of a statement that failed", n)
	}
}

// TestLateAnswer has a prepared statement pass its deadline, and asks something else on the only connection there is.
func TestLateAnswer(t *testing.T) {
	db := open(t, Options{URL: newDB(t, "").URL(), MaxOpen: 1})
	stmt, err := db.PrepareContext(t.Context(), "SELECT $1::text FROM pg_sleep($2::float8)")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		var got string
		err := stmt.QueryRowContext(ctx, "A", 0.3).Scan(&got)
		cancel()
		if err == nil {
			t.Fatal("the statement did not pass its deadline")
		}
		if err := stmt.QueryRowContext(t.Context(), "B", 0.0).Scan(&got); err != nil || got != "B" {
			t.Fatalf("the next caller got %q, %v, wanted its own B", got, err)
		}
	}
}

// TestIdleConnectionsAfterRestart fills a pool, restarts the server, and expects every statement to find a connection.
func TestIdleConnectionsAfterRestart(t *testing.T) {
	cert := newCertificate(t)
	cluster := pgtest.NewCluster(t, cert.cluster())
	side := cluster.New(t, pgtest.Options{Empty: true})
	for name, url := range map[string]string{
		"TCP":    side.URL(),
		"socket": side.SocketURL(),
		"TLS":    strings.Replace(side.URL(), "sslmode=disable", "sslmode=require&sslrootcert="+cert.path, 1),
	} {
		t.Run(name, func(t *testing.T) {
			db := open(t, Options{URL: url})
			for _, mode := range []pgtest.Mode{pgtest.Fast, pgtest.Immediate, pgtest.Kill} {
				const n = 8
				fill(t, db, n)
				if idle := db.Stats().Idle; idle != n {
					t.Fatalf("%d idle connections, wanted %d", idle, n)
				}
				cluster.Restart(t, mode)
				for range n {
					if _, err := db.ExecContext(t.Context(), "SELECT 1"); err != nil {
						t.Errorf("signal %d: %v", mode, err)
					}
				}
			}
		})
	}
}

// fill makes the pool hold n idle connections.
func fill(t *testing.T, db *sql.DB, n int) {
	t.Helper()
	conns := make([]*sql.Conn, n)
	for i := range conns {
		var err error
		if conns[i], err = db.Conn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range conns {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestConnectionsAreKept(t *testing.T) {
	db := open(t, Options{URL: newDB(t, "").URL()})
	seen := map[string]bool{}
	for range 20 {
		var pid string
		if err := db.QueryRowContext(t.Context(), "SELECT pg_backend_pid()::text").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		seen[pid] = true
	}
	if len(seen) != 1 {
		t.Errorf("%d connections for 20 statements one after the other, wanted 1: a live one was thrown away", len(seen))
	}
}

// TestFailedConnectsAreClosed has a server that refuses after the connection is there, and that sees
// whether the client hangs up.
func TestFailedConnectsAreClosed(t *testing.T) {
	ln := listen(t)
	hungUp := make(chan error, 3)
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				_, _ = nc.Read(make([]byte, 1024))
				_, _ = nc.Write(fatal("53300", "too many clients"))
				_, err := io.Copy(io.Discard, nc)
				hungUp <- err
			}()
		}
	}()
	db := open(t, Options{URL: "postgres://u@" + ln.Addr().String() + "/d"})
	for range 3 {
		if err := db.PingContext(t.Context()); State(err) != "53300" {
			t.Fatalf("error %v, wanted the server's 53300", err)
		}
		select {
		case <-hungUp:
		case <-time.After(20 * time.Second):
			t.Fatal("the connection of a failed connect stays open")
		}
	}
}

// TestCancelWhileConnecting has a server that never answers: pgdriver would wait for the read timeout.
func TestCancelWhileConnecting(t *testing.T) {
	ln := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if nc, err := ln.Accept(); err == nil {
			defer nc.Close()
			_, _ = nc.Read(make([]byte, 1024)) // the startup message: the dial is over
			cancel()
			_, _ = io.Copy(io.Discard, nc)
		}
	}()
	c, err := newConnector(Options{URL: "postgres://u@" + ln.Addr().String() + "/d?connect_timeout=3600"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Connect(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, wanted context.Canceled", err)
	}
	if c.backoff.fails != 0 {
		t.Error("a caller that left counts as a failure of the server")
	}
}

func TestConnectTimeout(t *testing.T) {
	ln := listen(t) // the kernel accepts, and nobody answers
	c, err := newConnector(Options{URL: "postgres://u@" + ln.Addr().String() + "/d?connect_timeout=1"})
	if err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if _, err := c.Connect(t.Context()); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("error %v, wanted a timeout", err)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

// fatal is PostgreSQL's ErrorResponse.
func fatal(state, text string) []byte {
	body := "SFATAL\x00VFATAL\x00C" + state + "\x00M" + text + "\x00\x00"
	return append([]byte{'E', 0, 0, 0, byte(len(body) + 4)}, body...)
}

func TestState(t *testing.T) {
	eachDriver(t, "", func(t *testing.T, db *sql.DB, _ *pgtest.DB) {
		_, err := db.ExecContext(t.Context(), "SELECT 1/0")
		if got := State(errors.Join(io.EOF, err)); got != "22012" {
			t.Errorf("state %q of %v, wanted 22012", got, err)
		}
		_, err = db.ExecContext(t.Context(), "DO $$ BEGIN RAISE EXCEPTION '%', repeat('x', 60000); END $$")
		if got := State(err); got != "P0001" {
			t.Errorf("state %q of a long error, wanted P0001", got)
		}
	})
	for _, err := range []error{nil, io.EOF, pgdriver.Error{}} {
		if got := State(err); got != "" {
			t.Errorf("state %q of %v, wanted none", got, err)
		}
	}
}
