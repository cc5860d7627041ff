package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hermes-voip/go-hermes/hermes/api"
	"github.com/hermes-voip/go-hermes/hermes/console"
)

func TestRootHandler_ServeHTTP(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testRootHandlerServeHTTP)
}

func testRootHandlerServeHTTP(t *testing.T) {
	var readyErr error
	var log strings.Builder
	h := newRootHandler(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "api\n") }),
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "phones\n") }),
		func(context.Context) error { return readyErr },
		slog.New(slog.NewTextHandler(&log, nil)))
	h.console = console.New(nil)
	h.ownHost = func(r *http.Request) bool { return r.Host == "x" } // y is in the URL http://x@y/
	w := httptest.NewRecorder()
	h.console.ServeHTTP(w, httptest.NewRequest("GET", "/assets/icon.svg", nil))
	icon := strings.TrimSpace(w.Body.String())
	// The rows share one handler, so that each shows what changed since the one before.
	tests := []struct {
		why          string
		method, path string
		readyErr     error
		status       int
		body         string
		log          string // a part of the log; empty if nothing is logged
	}{
		{"the process lives", "GET", "/healthz", nil, 200, "ok", ""},
		{"the process lives without its database", "GET", "/healthz", errors.New("down"), 200, "ok", ""},
		{"ready", "GET", "/readyz", nil, 200, "ok", ""},
		{"no principal", "GET", "/readyz", notBootstrapped, 503, "not bootstrapped", "hermesd bootstrap --user NAME"},
		{"the same reason is logged once", "GET", "/readyz", notBootstrapped, 503, "not bootstrapped", ""},
		{"the database's error is only logged", "GET", "/readyz", errors.New("secret host"), 503,
			"database: see the log", "secret host"},
		{"ready again", "GET", "/readyz", nil, 200, "ok", "msg=ready"},
		{"HEAD is allowed", "HEAD", "/readyz", nil, 200, "ok", ""},
		{"POST is not", "POST", "/readyz", nil, 405, "want GET or HEAD", ""},
		{"the description of the API", "GET", "/openapi.json", nil, 200, string(api.OpenAPI()), ""},
		{"it cannot be changed", "POST", "/openapi.json", nil, 405, "want GET or HEAD", ""},
		{"a file of the console", "GET", "/assets/icon.svg", nil, 200, icon, ""},
		{"the API refuses what is for another host", "GET", "@y/assets/icon.svg", nil, 200, "api", ""},
		{"every other path is the API's", "GET", "/readyz/", nil, 200, "api", ""},
		{"a phone's file", "GET", "/prov/KEY/MAC.cfg", nil, 200, "phones", ""},
		{"the folder alone is the API's", "GET", "/prov", nil, 200, "api", ""},
		{"a similar path is the API's too", "GET", "//healthz", nil, 200, "api", ""},
	}
	for _, tt := range tests {
		time.Sleep(readyFor)
		readyErr = tt.readyErr
		log.Reset()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(tt.method, "http://x"+tt.path, nil))
		if body := strings.TrimSpace(w.Body.String()); w.Code != tt.status || body != tt.body {
			t.Errorf("%s: %d %q, want %d %q", tt.why, w.Code, body, tt.status, tt.body)
		}
		if got := log.String(); (got == "") != (tt.log == "") || !strings.Contains(got, tt.log) {
			t.Errorf("%s: log %q, want %q", tt.why, got, tt.log)
		}
	}
}
