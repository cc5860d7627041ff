package provision

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Options configure a [Handler]. The zero value is usable.
type Options struct {
	// Prefix is the path below which the Handler is mounted, such as /prov, without a slash at the
	// end. Requests come with it: use no http.StripPrefix.
	Prefix string
	// Secure reports whether the client has sent a request over TLS, at least as far as to a proxy in
	// front of this server. If nil, it has if the connection to this server is one over TLS.
	Secure func(*http.Request) bool
	// Plain are networks whose phones may get their files without TLS. Defaults to none.
	Plain []netip.Prefix
	// ClientAddr returns the address of the client, or the zero Addr if it is not known. If nil, it is
	// that of the other end of the connection.
	ClientAddr func(*http.Request) netip.Addr
	// MaxInFlight is the number of requests that are being worked on at the same time. Clients of one
	// network may have three quarters of them. Of further ones 4,096 wait, for 10 seconds at most.
	// Defaults to 12.
	MaxInFlight int
	// RefusalTime is the step of padding: a refusal takes a multiple of it, so that timing does not
	// reveal the reason. Defaults to 100 ms; a negative value disables padding.
	RefusalTime time.Duration
	// Logger receives a line for each request that is refused or fails, at most 50 a second and then
	// the number of the others. The deliveries of secrets are in the Client's log. If nil, there are
	// no lines.
	Logger *slog.Logger
	// Outcome is called with the outcome of each request, in its goroutine. If nil, it is not called.
	Outcome func(Outcome)
	// Now is the clock for the limit of guessing. Defaults to time.Now.
	Now func() time.Time
}

func (o *Options) setDefaults() {
	if o.Secure == nil {
		o.Secure = func(r *http.Request) bool { return r.TLS != nil }
	}
	if o.ClientAddr == nil {
		o.ClientAddr = func(r *http.Request) netip.Addr {
			peer, _ := netip.ParseAddrPort(r.RemoteAddr)
			return peer.Addr().Unmap().WithZone("")
		}
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = 12
	}
	if o.RefusalTime == 0 {
		o.RefusalTime = 100 * time.Millisecond
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Handler serves the files of desk phones at Prefix/KEY/FILE. It is safe for concurrent use.
//
// Whatever is refused is answered with the same 404: a client without the right key learns nothing,
// not even which phones there are.
type Handler struct {
	client *hermes.Client
	files  hermes.PhoneRenderer
	opts   Options
	etags  []byte // the key of entity tags
	misses *misses
	places *hermes.Places[netip.Prefix]
	lines  *hermes.Sampler // of the log
}

// New returns a Handler for the phones of c, whose files the renderer makes. c must be allowed to
// do everything. opts may be nil.
func New(c *hermes.Client, files hermes.PhoneRenderer, opts *Options) *Handler {
	h := &Handler{client: c, files: files, etags: make([]byte, sha256.Size)}
	if opts != nil {
		h.opts = *opts
	}
	h.opts.setDefaults()
	rand.Read(h.etags) // never fails
	h.misses = newMisses(h.opts.Now)
	h.places = hermes.NewPlaces[netip.Prefix](hermes.PlaceLimits{
		Total: h.opts.MaxInFlight, Share: max(1, h.opts.MaxInFlight*3/4), Queue: 4096, Wait: 10 * time.Second,
	})
	h.lines = hermes.NewSampler(maxLogLines, h.logLeftOut)
	return h
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	req := h.read(r)
	a := h.answer(r.Context(), req)
	if a.outcome.isRefusal() {
		hermes.Pad(r.Context(), start, h.opts.RefusalTime)
	}
	h.log(r.Context(), req, a)
	h.write(w, r, a)
	if h.opts.Outcome != nil {
		h.opts.Outcome(a.outcome)
	}
}

// isRefusal reports whether the outcome is one of those that clients must not be able to tell
// apart.
func (o Outcome) isRefusal() bool {
	switch o {
	case ServedSecret, ServedCommon, Unchanged, WrongMethod, Busy, Broken:
		return false
	}
	return true
}

// answer is the answer to a request.
type answer struct {
	outcome Outcome
	content []byte // of the file
	etag    string
	err     error // why the file could not be made
}

// answer decides about a request and makes the file. Nothing is held when it returns.
func (h *Handler) answer(ctx context.Context, req *request) answer {
	switch {
	case req.method == http.MethodPut && req.isLog():
		return answer{outcome: WrongMethod}
	case h.misses.blocked(req.remote):
		return answer{outcome: Blocked}
	case !req.isWellFormed():
		return answer{outcome: Malformed}
	}
	give, ok := h.places.Take(ctx, hermes.NetworkOf(req.remote))
	if !ok {
		return answer{outcome: Busy}
	}
	defer give()
	a, err := h.open(ctx, req)
	if err != nil {
		return answer{outcome: Broken, err: err}
	}
	return a
}

// open decides by what is known of the key and of the phone, and makes the file.
func (h *Handler) open(ctx context.Context, req *request) (answer, error) {
	m := req.mac()
	facts, err := h.client.PhoneFacts(ctx, req.key, m)
	if err != nil {
		return answer{}, err
	}
	vendor := facts.Vendor
	if vendor == "" {
		vendor = req.agent.Vendor
	}
	if vendor == "" && !m.IsZero() {
		vendor = h.files.VendorOf(m)
	}
	o, isMiss := decide(req.question(facts, vendor))
	if isMiss {
		h.misses.add(req.remote)
	}
	file := facts.File
	switch o {
	case ServedCommon:
		vendor, file = req.commonVendor(vendor), hermes.PhoneFile{MAC: m}
	case ServedSecret:
		if req.agent.Model != "" {
			file.Model = req.agent.Model
		}
	default:
		return answer{outcome: o}, nil
	}
	content, err := h.files.Render(vendor, req.name, file)
	if err != nil {
		return answer{}, err
	}
	if o == ServedSecret {
		said := hermes.Agent{Vendor: req.agent.Vendor, Model: req.agent.Model, Firmware: req.agent.Firmware}
		if said.Vendor == "" {
			said.Vendor = vendor
		}
		err := h.client.DeliverPhone(ctx, facts, said, req.remote)
		if isReplaced(err) {
			return answer{outcome: Closed}, nil
		}
		if err != nil {
			return answer{}, err
		}
	}
	a := answer{outcome: o, content: content, etag: h.etag(content)}
	if req.has(a.etag) {
		a.outcome = Unchanged
	}
	return a, nil
}

// etag returns the entity tag of a file. It is keyed, so that a tag that was seen somewhere does
// not let passwords be guessed.
func (h *Handler) etag(content []byte) string {
	mac := hmac.New(sha256.New, h.etags)
	mac.Write(content)
	return `"` + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16]) + `"`
}

// notFound is the body of every refusal.
const notFound = "not found\n"

// write writes an answer. It has no error: a client that does not read needs no attention.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, a answer) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	status, body := http.StatusNotFound, []byte(notFound)
	contentType := "text/plain; charset=utf-8"
	switch a.outcome {
	case ServedSecret, ServedCommon:
		status, body, contentType = http.StatusOK, a.content, typeOf(a.content)
		header.Set("ETag", a.etag)
	case Unchanged:
		header.Set("ETag", a.etag)
		w.WriteHeader(http.StatusNotModified)
		return
	case WrongMethod:
		header.Set("Allow", "GET, HEAD")
		status, body = http.StatusMethodNotAllowed, nil
	case Busy, Broken:
		header.Set("Retry-After", "5")
		status, body = http.StatusServiceUnavailable, nil
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if len(body) > 0 {
		header.Set("Content-Type", contentType)
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

// typeOf returns the media type of a file.
func typeOf(content []byte) string {
	if strings.HasPrefix(string(content[:min(len(content), 5)]), "<?xml") {
		return "application/xml; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}
