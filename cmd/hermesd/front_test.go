package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

func TestProbes(t *testing.T) {
	var state error
	var lines strings.Builder
	f := &front{
		api:   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "api\n") }),
		ready: func(context.Context) error { return state },
		log:   slog.New(slog.NewTextHandler(&lines, nil)),
	}
	tests := []struct {
		why          string
		method, path string
		state        error
		status       int
		body         string
		log          string // what is logged anew
	}{
		{"alive", "GET", "/healthz", nil, 200, "ok", ""},
		{"alive, whatever the database does", "GET", "/healthz", errors.New("down"), 200, "ok", ""},
		{"ready", "GET", "/readyz", nil, 200, "ok", ""},
		{"no user", "GET", "/readyz", notBootstrapped, 503, "not bootstrapped", "hermesd bootstrap --user NAME"},
		{"the same is logged once", "GET", "/readyz", notBootstrapped, 503, "not bootstrapped", ""},
		{"what the database says is for the log alone", "GET", "/readyz", errors.New("secret host"), 503, "database: see the log", "secret host"},
		{"ready again", "GET", "/readyz", nil, 200, "ok", "msg=ready"},
		{"HEAD", "HEAD", "/readyz", nil, 200, "ok", ""},
		{"a probe changes nothing", "POST", "/readyz", nil, 405, "want GET or HEAD", ""},
		{"everything else is the API's", "GET", "/readyz/", nil, 200, "api", ""},
		{"also what looks alike", "GET", "//healthz", nil, 200, "api", ""},
	}
	for _, tt := range tests {
		state = tt.state
		lines.Reset()
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest(tt.method, "http://x"+tt.path, nil))
		if body := strings.TrimSpace(w.Body.String()); w.Code != tt.status || body != tt.body {
			t.Errorf("%s: %d %q, want %d %q", tt.why, w.Code, body, tt.status, tt.body)
		}
		if log := lines.String(); (log == "") != (tt.log == "") || !strings.Contains(log, tt.log) {
			t.Errorf("%s: log %q, want %q", tt.why, log, tt.log)
		}
	}
}

// pipes is a listener whose connections are in memory.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error { close(p); return nil }
func (pipes) Addr() net.Addr { return &net.TCPAddr{} }

// A request that does not end is cut off after the time for draining, not before, and not never.
func TestDrainEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, err := hermes.New(memstore.New(), nil)
		if err != nil {
			t.Fatal(err)
		}
		s := &server{log: slog.New(slog.DiscardHandler), api: api.New(client, nil)}
		gone := make(chan struct{})
		s.front = &front{api: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			close(gone)
		})}
		s.http = &http.Server{Handler: s.front}
		listener := make(pipes)
		go s.http.Serve(listener)
		near, far := net.Pipe()
		listener <- far
		io.WriteString(near, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		synctest.Wait()
		begun := time.Now()
		s.drain()
		if took := time.Since(begun); took != drainTime {
			t.Errorf("draining took %v, want %v", took, drainTime)
		}
		<-gone
		near.Close()
	})
}
