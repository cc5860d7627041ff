package pgconn

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOpen_SessionSettings(t *testing.T) {
	pg := newDB(t, "")
	pg.Exec(t, "ALTER DATABASE "+pg.Name()+" SET datestyle = 'German'")
	pg.Exec(t, "ALTER DATABASE "+pg.Name()+" SET timezone = 'Asia/Tokyo'")
	for name, url := range map[string]string{"TCP": pg.URL(), "socket": pg.SocketURL()} {
		t.Run(name, func(t *testing.T) {
			pool := mustOpen(t, Options{URL: url})
			got := map[string]string{}
			for _, k := range []string{"statement_timeout", "idle_in_transaction_session_timeout", "application_name"} {
				var v string
				if err := pool.QueryRowContext(t.Context(), "SELECT current_setting('"+k+"')").Scan(&v); err != nil {
					t.Fatal(err)
				}
				got[k] = v
			}
			want := map[string]string{
				"statement_timeout":                   "9s",
				"idle_in_transaction_session_timeout": "1min",
				"application_name":                    "hermes",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
			var at time.Time
			err := pool.QueryRowContext(t.Context(), "SELECT timestamptz '2026-02-01 12:00:00+00'").Scan(&at)
			if err != nil {
				t.Fatal(err)
			}
			if want := time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC); !at.Equal(want) {
				t.Errorf("got time %v, want %v whatever the database's date style", at, want)
			}
		})
	}
}

// TestOpen_StatementTimeout runs a slow statement outside of a transaction. The server must cancel
// it: otherwise it would be committed after the client was told that it failed.
func TestOpen_StatementTimeout(t *testing.T) {
	pg := newDB(t, "CREATE TABLE public.x (n int)")
	pool := mustOpen(t, Options{URL: pg.URL(), ReadTimeout: 2 * time.Second, StatementTimeout: 200 * time.Millisecond})
	_, err := pool.ExecContext(t.Context(), "INSERT INTO public.x SELECT 1 FROM pg_sleep(4)")
	if State(err) != "57014" {
		t.Errorf("got error %v, want the server's 57014", err)
	}
	waitUntilIdle(t, pg)
	checkRows(t, pg, "0")
}

func TestOpen_Errors(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		opts Options
		why  string
	}{
		{Options{URL: "postgres://h/d?x=y"}, "the URL is not valid"},
		{Options{URL: "postgres://h/d", MaxOpen: -1}, "a negative number"},
		{Options{URL: "postgres://h/d", IdleTxTimeout: -1}, "a negative timeout"},
		{
			Options{URL: "postgres://h/d", ReadTimeout: time.Second, StatementTimeout: time.Second},
			"the client would not wait for longer than the server",
		},
		{
			Options{URL: "postgres://h/d", StatementTimeout: time.Microsecond},
			"it would be rounded to 0 ms, which PostgreSQL takes for no timeout",
		},
	} {
		if _, err := Open(row.opts); err == nil {
			t.Errorf("Open(%+v): got no error: %s", row.opts, row.why)
		}
	}
}

// TestConnector_Connect_ClosesFailed uses a server that refuses the client after the network
// connection was made, and checks that the client closes it.
func TestConnector_Connect_ClosesFailed(t *testing.T) {
	t.Parallel()
	ln := listen(t)
	closed := make(chan error, 3)
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				_, _ = nc.Read(make([]byte, 1024))
				_, _ = nc.Write(errorResponse("53300", "too many clients"))
				_, err := io.Copy(io.Discard, nc)
				closed <- err
			}()
		}
	}()
	pool := mustOpen(t, Options{URL: "postgres://u@" + ln.Addr().String() + "/d"})
	for range 3 {
		if err := pool.PingContext(t.Context()); State(err) != "53300" {
			t.Fatalf("got error %v, want the server's 53300", err)
		}
		select {
		case <-closed:
		case <-time.After(60 * time.Second):
			t.Fatal("the network connection of a failed attempt stays open")
		}
	}
}

// TestConnector_Connect_Cancelled uses a server that never answers. pgdriver alone would wait until
// its read timeout.
func TestConnector_Connect_Cancelled(t *testing.T) {
	t.Parallel()
	ln := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if nc, err := ln.Accept(); err == nil {
			defer nc.Close()
			_, _ = nc.Read(make([]byte, 1024)) // the startup message: dialing is over
			cancel()
			_, _ = io.Copy(io.Discard, nc)
		}
	}()
	c, err := newConnector(Options{URL: "postgres://u@" + ln.Addr().String() + "/d?connect_timeout=3600"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Connect(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
	if c.backoff.failures != 0 {
		t.Error("an attempt whose caller gave up counts as a failure of the server")
	}
}

func TestConnector_Connect_Timeout(t *testing.T) {
	t.Parallel()
	ln := listen(t) // the kernel accepts the connection, and nothing answers
	c, err := newConnector(Options{URL: "postgres://u@" + ln.Addr().String() + "/d?connect_timeout=1"})
	if err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if _, err := c.Connect(t.Context()); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got error %v, want a timeout", err)
	}
}

// TestOpen_Down lets many more callers than a pool has places call a server that is down for a
// minute. Each attempt takes 5 ms.
func TestOpen_Down(t *testing.T) {
	t.Parallel()
	const callers, attempt = 40, 5 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		hosts, err := NewHosts("postgres://hermes@127.0.0.1/hermes?sslmode=disable")
		if err != nil {
			t.Fatal(err)
		}
		var attempts atomic.Int64
		hosts.all[0].dial = func(context.Context, string, string) (net.Conn, error) {
			attempts.Add(1)
			time.Sleep(attempt)
			return nil, errDown
		}
		db, err := Open(Options{Hosts: hosts, MaxOpen: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		end := time.Now().Add(time.Minute)
		var mu sync.Mutex // guards longest
		var longest time.Duration
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for time.Now().Before(end) {
					start := time.Now()
					if _, err := db.Conn(t.Context()); !errors.Is(err, errDown) {
						t.Errorf("got error %v, want that of the attempt", err)
					}
					mu.Lock()
					longest = max(longest, time.Since(start))
					mu.Unlock()
					time.Sleep(attempt) // until the caller is asked again
				}
			})
		}
		wg.Wait()
		// A caller waits for a place until a probe has failed, and then at most for the next one.
		if most := 2 * (lastDelay + 2*attempt); longest > most {
			t.Errorf("a caller waited for %v, want at most %v", longest, most)
		}
		// All places begin together. After the first few, at least half of lastDelay is before a probe.
		if most := 4 + 10 + int64(time.Minute/(lastDelay/2+attempt)); attempts.Load() > most {
			t.Errorf("got %d attempts, want at most %d", attempts.Load(), most)
		}
	})
}
