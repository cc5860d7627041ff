package api_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// pipeListener accepts the connections that its dial makes. They have no buffers, so that a write
// lasts until the other end has read.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l pipeListener) Close() error { close(l.closed); return nil }

func (pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

func (l pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	l.conns <- server
	return client, nil
}

// protocols are those of HTTP that tests use, without TLS.
func protocols() map[string]*http.Protocols {
	var http1, http2 http.Protocols
	http1.SetHTTP1(true)
	http2.SetUnencryptedHTTP2(true)
	return map[string]*http.Protocols{"HTTP/1.1": &http1, "HTTP/2": &http2}
}

// timeouts are those of the servers of tests, as hermesd has them.
const readTimeout, writeTimeout = 15 * time.Second, 60 * time.Second

// smallWindows make a client of HTTP/2 take little that has not been read.
var smallWindows = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10, MaxReceiveBufferPerConnection: 64 << 10}

// inNetwork serves s in a bubble of [synctest], with each protocol, and calls f with a client.
func inNetwork(t *testing.T, store func() hermes.Store, f func(t *testing.T, c *http.Client, s *apitest.Server)) {
	for name, p := range protocols() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := apitest.NewServer(t, store(), nil)
				l := pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
				server := &http.Server{Handler: s.Handler, Protocols: p, ReadTimeout: readTimeout, WriteTimeout: writeTimeout}
				go server.Serve(l)
				defer server.Close()
				transport := &http.Transport{DialContext: l.dial, Protocols: p, DisableCompression: true, HTTP2: smallWindows}
				defer transport.CloseIdleConnections()
				f(t, &http.Client{Transport: transport}, s)
			})
		})
	}
}

// mustGet sends a request that a test has made for a handler.
func mustGet(t *testing.T, c *http.Client, r *http.Request) *http.Response {
	t.Helper()
	r.URL.Scheme, r.URL.Host, r.RequestURI = "http", "hermes.example.com", ""
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// TestHandler_SlowStore has pages of a list that take longer to make than the server's timeouts.
func TestHandler_SlowStore(t *testing.T) {
	t.Parallel()
	for _, slow := range []int{1, 3} {
		inNetwork(t, func() hermes.Store {
			return newAliasGenerator(5000, func(page int) error {
				if page == slow {
					time.Sleep(2 * writeTimeout)
				}
				return nil
			})
		}, func(t *testing.T, c *http.Client, s *apitest.Server) {
			res := mustGet(t, c, newRequest(s.Login(t, "reader"), "alias/list").HTTP())
			body, err := io.ReadAll(res.Body)
			if err != nil || !strings.HasSuffix(string(body), `],"response":"ok"}`) {
				t.Errorf("page %d takes long: %v after %d bytes", slow, err, len(body))
			}
		})
	}
}

// TestHandler_SlowReader reads a list in pieces of 32 KiB.
func TestHandler_SlowReader(t *testing.T) {
	t.Parallel()
	store := func() hermes.Store { return newAliasGenerator(20_000, nil) }
	for _, tt := range []struct {
		why   string
		pause time.Duration
		whole bool
	}{
		{"as fast as it must be", 9 * time.Second, true},
		{"too slow", 30 * time.Second, false},
	} {
		inNetwork(t, store, func(t *testing.T, c *http.Client, s *apitest.Server) {
			res := mustGet(t, c, newRequest(s.Login(t, "reader"), "alias/list").HTTP())
			var err error
			for n := int64(1); n > 0 && err == nil; {
				time.Sleep(tt.pause)
				n, err = io.Copy(io.Discard, io.LimitReader(res.Body, 32<<10))
			}
			if (err == nil) != tt.whole {
				t.Errorf("a reader that is %s: %v; read to the end: want %v", tt.why, err, tt.whole)
			}
		})
	}
}

// TestHandler_RevokedList reads the first bytes of a list whose session ends then.
func TestHandler_RevokedList(t *testing.T) {
	t.Parallel()
	inNetwork(t, func() hermes.Store { return newAliasGenerator(50_000, nil) },
		func(t *testing.T, c *http.Client, s *apitest.Server) {
			session := s.Login(t, "reader")
			res := mustGet(t, c, newRequest(session, "alias/list").HTTP())
			begin := make([]byte, 1000)
			if _, err := io.ReadFull(res.Body, begin); err != nil {
				t.Fatal(err)
			}
			logout := apitest.Request{Node: "auth/logout", Query: "session=" + session.ID}
			logout.Session.Cookie = session.Cookie
			if res := s.Do(t, logout); res.Result() != "ok" {
				t.Fatalf("logout: %s", res.Body)
			}
			rest, err := io.ReadAll(res.Body)
			const end = `],"response":"failed","cause":"unauthorized","detail":"no valid session, auth_key and cookie"}`
			if err != nil || !strings.HasSuffix(string(rest), end) {
				t.Errorf("%v after %d bytes, which end in %.200q; want %q", err, len(rest), rest[max(0, len(rest)-200):], end)
			}
		})
}

// TestHandler_UnreadAnswers checks that answers that are not read leave the places free.
func TestHandler_UnreadAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, nil)
		session := s.Login(t, "reader")
		stuck := make(chan struct{})
		defer close(stuck)
		for range 300 {
			go s.Handler.ServeHTTP(stuckWriter{header: http.Header{}, stuck: stuck}, newRequest(session, "domain/list").HTTP())
		}
		synctest.Wait()
		if res := s.Do(t, newRequest(session, "domain/list")); res.Result() != "ok" {
			t.Errorf("after 300 answers that are not read: %s", res.Body)
		}
	})
}

// stuckWriter is the writer for a client that does not read.
type stuckWriter struct {
	header http.Header
	stuck  chan struct{}
}

func (w stuckWriter) Header() http.Header { return w.header }

func (w stuckWriter) WriteHeader(int) {}

func (w stuckWriter) Write([]byte) (int, error) {
	<-w.stuck
	return 0, io.ErrClosedPipe
}
