package main

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

// TestServer_Kill checks that a change that was answered ok survives SIGKILL, and that only the
// first start prints a password.
func TestServer_Kill(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := startHermesd(t, nil, "--data", data, "--domain", "example.test")
	password := p.password()
	s := p.login(t, "admin", password)
	s.mustSetServers(t)
	s.mustCall(t, "number/add_range", "start", "+4723000100", "end", "+4723000109")
	added := s.mustCall(t, "user/add", "user", "alice@example.test", "displayname", "Alice")["user"]
	s.mustCall(t, "phone/add", "user", "alice@example.test", "mac", "00:11:22:33:44:55")
	number := s.mustCall(t, "number/assign", "user", "alice@example.test")["number"]
	p.signal(t, syscall.SIGKILL)
	if code := p.waitExit(); code != -int(syscall.SIGKILL) {
		t.Fatalf("exit code %d", code)
	}

	p = startHermesd(t, nil, "--data", data)
	if again := p.password(); again != "" {
		t.Error("the second start printed a password")
	}
	if status, text := p.get(t, "/readyz"); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, text)
	}
	s = p.login(t, "admin", password)
	if d := cmp.Diff(added, s.mustCall(t, "user/get", "user", "alice@example.test")["user"]); d != "" {
		t.Errorf("user/get: (-user/add +user/get)\n%s", d)
	}
	if d := cmp.Diff([]any{"001122334455"}, s.mustCall(t, "phone/get", "user", "alice@example.test")["list"]); d != "" {
		t.Errorf("phone/get: (-want +got)\n%s", d)
	}
	alias := map[string]any{"alias": number.(string) + "@example.test", "destination": "alice@example.test"}
	aliases := s.mustCall(t, "alias/list", "destination", "alice@example.test", "e164", "true")["list"]
	if d := cmp.Diff([]any{alias}, aliases); d != "" {
		t.Errorf("alias/list: (-want +got)\n%s", d)
	}
	if n := len(s.mustCall(t, "number/list")["list"].([]any)); n != 9 {
		t.Errorf("%d numbers in the pool, want 9", n)
	}
	if d := cmp.Diff([]any{"example.test"}, s.mustCall(t, "domain/list")["list"]); d != "" {
		t.Errorf("domain/list: (-want +got)\n%s", d)
	}
}

// beginLogin sends a login request without the end of its body, which it returns. When it returns,
// the server reads the body.
func beginLogin(t *testing.T, p *process) (conn net.Conn, answer *bufio.Reader, rest string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	body := "username=admin&password=" + p.password()
	io.WriteString(conn, "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Content-Length: "+strconv.Itoa(len(body))+"\r\nExpect: 100-continue\r\n\r\n")
	answer = bufio.NewReader(conn)
	res, err := http.ReadResponse(answer, nil)
	if err != nil || res.StatusCode != http.StatusContinue {
		t.Fatalf("%v, %v, want 100 Continue", res, err)
	}
	io.WriteString(conn, body[:5])
	return conn, answer, body[5:]
}

// TestServer_Run checks that a stopping server answers the request in flight, refuses new ones, and
// says so at /readyz.
func TestServer_Run(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			p := startHermesd(t, nil, "--db", "memory:")
			conn, answer, rest := beginLogin(t, p)
			p.signal(t, sig)
			p.waitForLine(t, "msg=stopping")
			if status, text := p.get(t, "/readyz"); status != http.StatusServiceUnavailable || text != "draining" {
				t.Errorf("/readyz: %d %q, want 503 draining", status, text)
			}
			if status, _ := p.get(t, "/healthz"); status != http.StatusOK {
				t.Errorf("/healthz: %d", status)
			}
			s := &session{p: p}
			a := s.call(t, "auth/login", "username", "admin", "password", p.password())
			if a["cause"] != "busy" || s.lastStatus != http.StatusServiceUnavailable {
				t.Errorf("a new request: %d %v, want 503 busy", s.lastStatus, a)
			}
			io.WriteString(conn, rest)
			res, err := http.ReadResponse(answer, nil)
			if err != nil {
				t.Fatalf("the request in flight: %v", err)
			}
			if a := s.readAnswer(t, res); a["response"] != "ok" {
				t.Errorf("the request in flight: %v", a)
			}
			if code := p.waitExit(); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
	t.Run("a second signal ends the process at once", func(t *testing.T) {
		t.Parallel()
		p := startHermesd(t, nil, "--db", "memory:")
		beginLogin(t, p)
		p.signal(t, syscall.SIGTERM)
		p.waitForLine(t, "msg=stopping")
		p.signal(t, syscall.SIGTERM)
		if code := p.waitExit(); code != -int(syscall.SIGTERM) {
			t.Errorf("exit code %d, want the end by SIGTERM", code)
		}
	})
	t.Run("SIGHUP without TLS changes nothing", func(t *testing.T) {
		t.Parallel()
		p := startHermesd(t, nil, "--db", "memory:")
		p.signal(t, syscall.SIGHUP)
		p.waitForLine(t, "there is no certificate to read again")
		if status, _ := p.get(t, "/healthz"); status != http.StatusOK {
			t.Errorf("/healthz: %d", status)
		}
	})
}

// connListener is a listener that accepts the connections sent to it.
type connListener chan net.Conn

func (l connListener) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (l connListener) Close() error { close(l); return nil }
func (connListener) Addr() net.Addr { return &net.TCPAddr{} }

// TestServer_Drain checks that a request that does not end is cut off after drainTimeout.
func TestServer_Drain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, err := hermes.New(memstore.New(), nil)
		if err != nil {
			t.Fatal(err)
		}
		s := &server{config: &config{}, log: slog.New(slog.DiscardHandler), api: api.New(client, nil)}
		cancelled := make(chan struct{})
		s.root = &rootHandler{api: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			close(cancelled)
		})}
		s.http = &http.Server{Handler: s.root}
		l := make(connListener)
		go s.http.Serve(l)
		clientConn, serverConn := net.Pipe()
		l <- serverConn
		io.WriteString(clientConn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		synctest.Wait()
		begun := time.Now()
		s.drain()
		if took := time.Since(begun); took != drainTimeout {
			t.Errorf("draining took %v, want %v", took, drainTimeout)
		}
		<-cancelled
		clientConn.Close()
	})
}
