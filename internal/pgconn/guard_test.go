package pgconn

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// TestGuardedConn_Read_LateAnswer lets a prepared statement exceed its deadline, and then runs
// another one with the only connection of the pool.
func TestGuardedConn_Read_LateAnswer(t *testing.T) {
	pool := mustOpen(t, Options{URL: newDB(t, "").URL(), MaxOpen: 1})
	stmt, err := pool.PrepareContext(t.Context(), "SELECT $1::text FROM pg_sleep($2::float8)")
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
			t.Fatal("the statement did not exceed its deadline")
		}
		if err := stmt.QueryRowContext(t.Context(), "B", 0.0).Scan(&got); err != nil || got != "B" {
			t.Fatalf("the next statement got %q, error %v, want its own answer B", got, err)
		}
	}
}

// TestResetSession_ServerRestarted fills a pool and restarts the server. Each statement after that
// must get a connection that works.
func TestResetSession_ServerRestarted(t *testing.T) {
	cert := newCertificate(t)
	cluster := pgtest.NewCluster(t, cert.clusterOptions())
	pg := cluster.New(t, pgtest.Options{Empty: true})
	for name, url := range map[string]string{
		"TCP":    pg.URL(),
		"socket": pg.SocketURL(),
		"TLS":    strings.Replace(pg.URL(), "sslmode=disable", "sslmode=require&sslrootcert="+cert.path, 1),
	} {
		t.Run(name, func(t *testing.T) {
			pool := mustOpen(t, Options{URL: url})
			for _, mode := range []pgtest.Mode{pgtest.Fast, pgtest.Immediate, pgtest.Kill} {
				const n = 8
				fillPool(t, pool, n)
				if idle := pool.Stats().Idle; idle != n {
					t.Fatalf("got %d idle connections, want %d", idle, n)
				}
				cluster.Restart(t, mode)
				for range n {
					if _, err := pool.ExecContext(t.Context(), "SELECT 1"); err != nil {
						t.Errorf("after signal %d: %v", mode, err)
					}
				}
			}
		})
	}
}

func TestResetSession_KeepsLiveConnection(t *testing.T) {
	pool := mustOpen(t, Options{URL: newDB(t, "").URL()})
	pids := map[string]bool{}
	for range 20 {
		var pid string
		if err := pool.QueryRowContext(t.Context(), "SELECT pg_backend_pid()::text").Scan(&pid); err != nil {
			t.Fatal(err)
		}
		pids[pid] = true
	}
	if len(pids) != 1 {
		t.Errorf("20 statements, one after the other, used %d connections, want 1", len(pids))
	}
}

// TestGuardedConn_drained checks whether drained notices a byte that a TLS connection has decrypted
// and that was not read from it.
func TestGuardedConn_drained(t *testing.T) {
	t.Parallel()
	cert := newCertificate(t)
	pair, err := tls.X509KeyPair(cert.cert, cert.key)
	if err != nil {
		t.Fatal(err)
	}
	ln := listen(t)
	go func() {
		nc, err := tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{pair}}).Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		for _, answer := range []string{"a", "bc"} {
			_, _ = nc.Read(make([]byte, 1))
			_, _ = nc.Write([]byte(answer))
		}
		_, _ = nc.Read(make([]byte, 1))
	}()
	raw, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	guarded := &guardedConn{Conn: raw}
	nc := tls.Client(guarded, &tls.Config{InsecureSkipVerify: true})
	defer nc.Close()
	for i, row := range []struct {
		got     string
		drained bool
		why     string
	}{
		{"a", true, "everything was read"},
		{"b", false, "c was not read"},
	} {
		one := make([]byte, 1)
		if _, err := nc.Write([]byte("?")); err != nil {
			t.Fatal(err)
		}
		if _, err := nc.Read(one); err != nil || string(one) != row.got {
			t.Fatalf("read %q, error %v, want %q", one, err, row.got)
		}
		if !guarded.idle() {
			t.Fatalf("row %d: idle() = false, want true: the kernel holds no bytes", i)
		}
		if got := guarded.drained(nc); got != row.drained {
			t.Errorf("row %d: drained() = %v, want %v: %s", i, got, row.drained, row.why)
		}
	}
}
