package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// front answers the probes and hands everything else to the API, whose running requests it counts.
type front struct {
	api      http.Handler
	ready    func(context.Context) error // nil, a notReady, or what the database said
	log      *slog.Logger
	requests tracker

	mu   sync.Mutex
	last string // what /readyz said last
}

// notReady is a reason that anybody may read.
type notReady string

func (n notReady) Error() string { return string(n) }

const (
	draining        = notReady("draining")
	notBootstrapped = notReady("not bootstrapped")
	databaseFailed  = notReady("database: see the log")
	kamailioMissing = notReady("Kamailio's tables are missing")

	readyOK = "ok"
)

// probeTime is how long /readyz waits for the database.
const probeTime = 3 * time.Second

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz":
		probe(w, r, http.StatusOK, readyOK)
	case "/readyz":
		f.readyz(w, r)
	default:
		if f.requests.begin() {
			defer f.requests.end()
		}
		f.api.ServeHTTP(w, r)
	}
}

func (f *front) readyz(w http.ResponseWriter, r *http.Request) {
	status, text := http.StatusOK, readyOK
	if reason := f.reason(r.Context()); reason != "" {
		status, text = http.StatusServiceUnavailable, string(reason)
	}
	probe(w, r, status, text)
}

// reason says why hermesd is not ready; "" where it is. A change of it is logged, with what the
// database said.
func (f *front) reason(ctx context.Context) notReady {
	if f.requests.draining() {
		return draining
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	err := f.ready(ctx)
	var reason notReady
	if err != nil && !errors.As(err, &reason) {
		reason = databaseFailed
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if text := string(reason); text != f.last {
		f.last = text
		f.logChange(reason, err)
	}
	return reason
}

func (f *front) logChange(reason notReady, err error) {
	switch {
	case reason == "":
		f.log.Info("ready")
	case reason == notBootstrapped:
		f.log.Warn("not bootstrapped: run hermesd bootstrap --user NAME")
	default:
		f.log.Warn("not ready", "reason", string(reason), "error", err)
	}
}

func probe(w http.ResponseWriter, r *http.Request, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		status, text = http.StatusMethodNotAllowed, "want GET or HEAD"
	}
	w.WriteHeader(status)
	io.WriteString(w, text+"\n")
}

// tracker counts the requests that run. The zero value is ready to use.
type tracker struct {
	mu      sync.Mutex
	running int
	idle    chan struct{} // not nil once draining; closed when nothing runs
}

// begin counts a request, unless draining has begun: what comes then is refused and not waited for.
func (t *tracker) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.idle != nil {
		return false
	}
	t.running++
	return true
}

func (t *tracker) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running--
	if t.running == 0 && t.idle != nil {
		close(t.idle)
	}
}

// drain begins draining, once. The channel closes when the requests that run have ended.
func (t *tracker) drain() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.idle = make(chan struct{})
	if t.running == 0 {
		close(t.idle)
	}
	return t.idle
}

func (t *tracker) draining() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.idle != nil
}
