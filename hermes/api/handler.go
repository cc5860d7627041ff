package api

import (
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Options configure a Handler. The zero value is usable.
type Options struct {
	// TLS states that clients connect over TLS to a proxy in front of this server, so that cookies
	// are marked Secure. It is not needed for connections on which this server itself speaks TLS.
	TLS bool
	// TrustedProxies are the networks of the proxies whose X-Forwarded-For header is believed.
	// Defaults to none.
	TrustedProxies []netip.Prefix
	// ServesHost reports whether clients reach this server under host, which is a name in lower case
	// or an IP address, without port. A request with another Host is answered invalid/request with
	// status 421, so that a page of a web site whose name was pointed at this server cannot use it.
	// The IP address of the server's end of a connection is always accepted. If nil, every Host is.
	ServesHost func(host string) bool
	// MaxInFlight is the number of requests that are being worked on at the same time. A further one
	// is answered failed/busy. One principal may have a quarter of them. Those that begin and end
	// sessions have 32 places of their own, and wait for one; pings have 16, and so have 8 the logins
	// of users who have logged in from the same network within 30 days, and those of other users what
	// [hermes.Options.MaxUnknownLogins] says. Answers longer than 32 KiB that are being read have 64,
	// of which one principal may have 8. Defaults to 256.
	MaxInFlight int
	// WriteTimeout is the time that a client has for reading an answer. Of an answer that is longer
	// than 32 KiB, it has at most 10 seconds for each 32 KiB. It replaces the WriteTimeout of the
	// server. Defaults to 60 seconds.
	WriteTimeout time.Duration
	// Logger receives one line for each request. Of requests that are refused before they have been
	// authenticated, it receives 50 a second, and the number of the others. If nil, requests are not
	// logged.
	Logger *slog.Logger
	// Observe is called after each request, in the goroutine of that request. If nil, it is not
	// called.
	Observe func(Outcome)
	// Authenticate replaces Hermes' own sessions: if not nil, it is called for each request to a
	// node that needs a capability, and the node is called as the [hermes.Actor] that it returns.
	//
	// It is called when the form of the request has been checked and read. It must take the
	// credentials from the headers, from r.TLS or from the context, where a middleware may have put
	// them: the body has been consumed. It must be safe for concurrent use.
	//
	// An Actor without a Remote gets the address of the client; one with [hermes.NoAccess] is
	// answered failed/unauthorized. A [*hermes.Error] with the response Failed, Invalid or Fault is
	// answered as it is. Any other error is answered failed/unauthorized, and its text is logged.
	//
	// Nodes that need a capability then have no parameters session and auth_key (a request with one
	// is answered invalid/parameters) and ignore the session cookie. auth/ping is answered
	// failed/unauthorized unless the Actor comes from [hermes.Client.Authenticate]. auth/login,
	// auth/challenge and auth/logout stay as they are, although a session is of no use at the other
	// nodes: leave these three paths out when mounting the Handler to disable them.
	//
	// The parameters session and auth_key also protect sessions from cross-site request forgery.
	// Without them, the Handler still refuses requests that carry a Sec-Fetch-Site or Origin header
	// of another site, but old browsers send neither with a GET, and a GET may change things here.
	// Therefore do not accept credentials that a browser adds by itself (cookies, HTTP
	// authentication, client certificates) without a token of your own against forgery. A header
	// such as "Authorization: Bearer …" is safe.
	Authenticate func(r *http.Request) (hermes.Actor, error)
}

// Handler serves the API. It is safe for concurrent use.
type Handler struct {
	client    *hermes.Client
	opts      Options
	endpoints map[string]*endpoint // by path, such as "/api/user/get"
	places    places
	strangers *hermes.Sampler // of the log lines about refused requests without a principal
	draining  atomic.Bool
	held      atomic.Bool
	buffers   sync.Pool // of *buffer
}

// New returns a Handler for c. What c itself may do has no influence: each request acts as the
// principal that it was authenticated as. If opts is nil, the defaults apply.
func New(c *hermes.Client, opts *Options) *Handler {
	h := &Handler{client: c, endpoints: map[string]*endpoint{}}
	if opts != nil {
		h.opts = *opts
	}
	if h.opts.MaxInFlight == 0 {
		h.opts.MaxInFlight = 256
	}
	if h.opts.WriteTimeout == 0 {
		h.opts.WriteTimeout = 60 * time.Second
	}
	h.places = newPlaces(h.opts.MaxInFlight)
	h.strangers = hermes.NewSampler(maxStrangers, h.logLeftOut)
	credentials := []string{sessionName, authKeyName}
	if h.opts.Authenticate != nil {
		credentials = nil
	}
	for _, n := range hermes.Nodes() {
		h.endpoints["/api/"+n.Path] = newEndpoint(n, credentials...)
	}
	return h
}

// Hold makes the Handler answer failed/busy to every request until [Handler.Release] is called. It
// is meant for a server that accepts requests before its store can serve.
func (h *Handler) Hold() { h.held.Store(true) }

// Release ends [Handler.Hold].
func (h *Handler) Release() { h.held.Store(false) }

// Drain makes the Handler answer failed/busy to every request that begins from now on. Requests
// that began before are answered as usual. It may be called more than once.
func (h *Handler) Drain() { h.draining.Store(true) }
