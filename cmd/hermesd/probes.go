package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
)

// rootHandler answers the probes /healthz and /readyz, and passes every other request to the API.
type rootHandler struct {
	api       http.Handler
	readiness *readiness
	inFlight  requestCounter // of the API
}

func newRootHandler(api http.Handler, check func(context.Context) error, log *slog.Logger) *rootHandler {
	return &rootHandler{api: api, readiness: &readiness{check: check, log: log}}
}

// notReady is the reason why hermesd is not ready. /readyz shows it to any client.
type notReady string

func (n notReady) Error() string { return string(n) }

const (
	draining              = notReady("draining")
	notBootstrapped       = notReady("not bootstrapped")
	databaseFailed        = notReady("database: see the log")
	kamailioTablesMissing = notReady("Kamailio's tables are missing")
)

func (h *rootHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/healthz":
		writeProbe(w, r, "")
	case "/readyz":
		writeProbe(w, r, h.checkReadiness(r.Context()))
	default:
		if h.inFlight.begin() {
			defer h.inFlight.end()
		}
		h.api.ServeHTTP(w, r)
	}
}

// checkReadiness returns the reason why hermesd is not ready, or "".
func (h *rootHandler) checkReadiness(ctx context.Context) notReady {
	if h.inFlight.draining() {
		return draining
	}
	return h.readiness.reason(ctx)
}

// writeProbe answers a probe: 200 if the reason is empty, else 503 with the reason.
func writeProbe(w http.ResponseWriter, r *http.Request, reason notReady) {
	status, text := http.StatusOK, "ok"
	if reason != "" {
		status, text = http.StatusServiceUnavailable, string(reason)
	}
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

// requestCounter counts the requests in flight. The zero value is ready to use.
type requestCounter struct {
	mu      sync.Mutex
	running int
	idle    chan struct{} // nil until drain is called; closed when no counted request runs
}

// begin counts a request and returns true. After drain it returns false, and the request is not
// counted.
func (c *requestCounter) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.idle != nil {
		return false
	}
	c.running++
	return true
}

func (c *requestCounter) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
	if c.running == 0 && c.idle != nil {
		close(c.idle)
	}
}

// drain stops counting new requests. It must be called once. The returned channel is closed when
// all counted requests have ended.
func (c *requestCounter) drain() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.idle = make(chan struct{})
	if c.running == 0 {
		close(c.idle)
	}
	return c.idle
}

func (c *requestCounter) draining() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idle != nil
}
