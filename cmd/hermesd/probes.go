package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/hermes-voip/go-hermes/hermes/console"
)

// rootHandler answers the probes /healthz and /readyz, and passes every other request to the API,
// to the handler of the files of desk phones, or to the console, which also describes the API.
type rootHandler struct {
	api       http.Handler
	phones    http.Handler               // of what is below provPrefix
	console   *console.Handler           // if nil, its paths are the API's
	ownHost   func(r *http.Request) bool // reports whether a request's Host is that of this server
	readiness *readiness
	inFlight  requestCounter // of the first two
}

// newRootHandler returns a rootHandler without a console.
func newRootHandler(h, phones http.Handler, check func(context.Context) error, log *slog.Logger) *rootHandler {
	return &rootHandler{api: h, phones: phones, readiness: &readiness{check: check, log: log}}
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
		if h.console != nil && h.console.Has(r.URL.Path) && h.ownHost(r) {
			h.console.ServeHTTP(w, r)
			return
		}
		h.pass(w, r)
	}
}

// pass passes a request on. A server that is stopping serves no phones; the API answers by itself.
func (h *rootHandler) pass(w http.ResponseWriter, r *http.Request) {
	counted := h.inFlight.begin()
	if counted {
		defer h.inFlight.end()
	}
	switch {
	case !strings.HasPrefix(r.URL.Path, provPrefix+"/"):
		h.api.ServeHTTP(w, r)
	case counted:
		h.phones.ServeHTTP(w, r)
	default:
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
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
	writeText(w, r, status, text+"\n")
}

// writeText answers GET and HEAD with a text that everyone may read.
func writeText(w http.ResponseWriter, r *http.Request, status int, text string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		status, text = http.StatusMethodNotAllowed, "want GET or HEAD\n"
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// requestCounter counts the requests in flight, or the connections that are open. The zero value is
// ready to use.
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

// count returns how many counted requests are running.
func (c *requestCounter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

func (c *requestCounter) draining() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idle != nil
}
