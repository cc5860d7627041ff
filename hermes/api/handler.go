package api

import (
	"log/slog"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Options configure a Handler; nil and the zero value are fine.
type Options struct {
	// TLS says that clients come by TLS, here or at a proxy in front: cookies are Secure then. Requests
	// of which the server itself knows that need no telling.
	TLS bool
	// TrustedProxies are those whose X-Forwarded-For is believed; none by default.
	TrustedProxies []netip.Prefix
	// MaxInFlight is how many requests are answered at once, others being told Busy; 0: 256.
	MaxInFlight int
	// WriteTimeout is how long a client may take to read an answer, or each 32 KiB of a list; 0: 60 seconds. It replaces
	// that of the server.
	WriteTimeout time.Duration
	// Logger gets a line for every request; nil: nobody does.
	Logger *slog.Logger
	// Observe is called after every request, from its goroutine; nil: nobody is.
	Observe func(Outcome)
}

// Outcome is what came of a request: what the log tells, and metrics count.
type Outcome struct {
	ID        string // also the header X-Request-Id, and the detail of an internal fault
	Node      string // "" where there is no such node
	Principal hermes.Principal
	Remote    netip.Addr
	Response  hermes.Response
	Cause     hermes.Cause // "" for success
	Status    int
	Duration  time.Duration
	Err       error // what a fault or the database said, or why the answer could not be written
}

// Handler serves the API. It is safe for concurrent use.
type Handler struct {
	client   *hermes.Client
	opts     Options
	nodes    map[string]*endpoint
	room     chan struct{}
	draining atomic.Bool
}

// New returns a Handler for c, which should act as nobody in particular: each request acts as
// its session's principal. opts may be nil.
func New(c *hermes.Client, opts *Options) *Handler {
	h := &Handler{client: c, nodes: map[string]*endpoint{}}
	if opts != nil {
		h.opts = *opts
	}
	if h.opts.MaxInFlight == 0 {
		h.opts.MaxInFlight = 256
	}
	if h.opts.WriteTimeout == 0 {
		h.opts.WriteTimeout = 60 * time.Second
	}
	h.room = make(chan struct{}, h.opts.MaxInFlight)
	for _, n := range hermes.Nodes() {
		h.nodes["/api/"+n.Path] = newEndpoint(n)
	}
	return h
}

// Drain makes every new request Busy; those in flight are answered.
func (h *Handler) Drain() { h.draining.Store(true) }

func (h *Handler) secure(r *http.Request) bool { return h.opts.TLS || r.TLS != nil }

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := newExchange(h, w, r)
	defer x.finish()
	defer x.leave()
	x.answer()
}

// enter takes a place among the requests in flight.
func (x *exchange) enter() error {
	busy := &hermes.Error{Response: hermes.Failed, Cause: hermes.Busy, RetryAfter: time.Second}
	if x.late {
		busy.Detail = "the server is stopping"
		return busy
	}
	select {
	case x.h.room <- struct{}{}:
		x.inside = true
		return nil
	default:
		busy.Detail = "too many requests at once"
		return busy
	}
}

func (x *exchange) leave() {
	if x.inside {
		<-x.h.room
	}
}

func setHeaders(header http.Header, id string) {
	header.Set("Content-Type", "application/json; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("X-Request-Id", id)
}
