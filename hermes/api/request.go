package api

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	req := newRequest(h, w, r)
	defer req.finish()
	defer req.givePlaces()
	req.answer()
}

// request is one HTTP request and its answer, from the first check to the log line.
type request struct {
	handler  *Handler
	w        http.ResponseWriter
	r        *http.Request
	control  *http.ResponseController // sets deadlines
	start    time.Time
	secure   bool // the client connects over TLS
	draining bool // Drain had been called when the request came

	endpoint *endpoint      // nil until the node has been found
	params   *params        // nil until the parameters have been read
	input    hermes.Request // the node's request struct; nil until it has been decoded without a fault
	dryRun   bool           // the node is asked to change nothing
	places   []func()       // give back the places that the request has
	sent     bool           // the status line has been written
	outcome  Outcome
}

func newRequest(h *Handler, w http.ResponseWriter, r *http.Request) *request {
	req := &request{
		handler: h, w: w, r: r, control: http.NewResponseController(w), start: time.Now(),
		secure: h.opts.TLS || r.TLS != nil, draining: h.draining.Load(),
		outcome: Outcome{ID: rand.Text(), Remote: ClientAddr(r, h.opts.TrustedProxies)},
	}
	setHeaders(w.Header(), req.outcome.ID)
	return req
}

// setHeaders sets the headers of every answer. All values are in one allocation.
func setHeaders(header http.Header, id string) {
	fields := [...]struct{ name, value string }{
		{"Content-Type", "application/json; charset=utf-8"},
		{"Cache-Control", "no-store"},
		{"X-Content-Type-Options", "nosniff"},
		{"Referrer-Policy", "no-referrer"},
		{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
		{"Cross-Origin-Resource-Policy", "same-origin"},
		{"X-Request-Id", id},
	}
	values := make([]string, len(fields))
	for i, f := range fields {
		values[i] = f.value
		header[f.name] = values[i : i+1 : i+1]
	}
}

// answer calls the node and writes the answer.
func (req *request) answer() {
	output, err := req.call()
	if err != nil && !isOK(err) {
		req.fail(err)
		return
	}
	req.succeed(output, err)
}

// isOK reports whether an error is a success with a cause, as alias/list returns it.
func isOK(err error) bool {
	var e *hermes.Error
	return errors.As(err, &e) && e.Response == hermes.OK
}

// call makes all checks, in the order of the package comment, and then calls the node.
func (req *request) call() (output any, err error) {
	if req.endpoint, err = req.precheck(); err != nil {
		return nil, err
	}
	req.outcome.Node = req.endpoint.Path
	if req.params, err = req.readParams(); err != nil {
		return nil, err
	}
	req.removeDeadlines()
	// The request does not count as in flight before its body has been read: otherwise clients that
	// send slowly could occupy every place.
	if err := req.takePlace(); err != nil {
		return nil, err
	}
	cookie := readCookie(req.r, req.secure)
	client, err := req.authenticate(cookie)
	if err != nil {
		return nil, err
	}
	if err := req.takeShare(); err != nil {
		return nil, err
	}
	input, options, malformed, fault := req.endpoint.decode(req.params, cookie)
	if err := client.Authorize(req.endpoint.Path, input); err != nil {
		return nil, err
	}
	if fault != nil && fault.Cause != hermes.Parameters {
		// A fault with the cause Parameters in another parameter precedes a malformed value.
		if err := input.Check(malformed...); errors.Is(err, hermes.Parameters) {
			return nil, err
		}
	}
	if fault != nil {
		return nil, fault
	}
	req.input = input
	return req.callNode(client, options)
}

// callNode calls the node with the options of the request.
func (req *request) callNode(client *hermes.Client, o hermes.CallOptions) (output any, err error) {
	replayed := false
	req.dryRun, o.Replayed, o.RequestID = o.DryRun, &replayed, req.outcome.ID
	output, err = req.endpoint.Call(req.r.Context(), client.With(o), req.input)
	if replayed {
		req.w.Header().Set("Idempotency-Replayed", "true")
	}
	return output, err
}

// removeDeadlines removes those of the server, so that a call may take longer. The read timeout
// would end its context, and over HTTP/2 the write timeout would reset the stream, although nothing
// is being written. Each write has a deadline of its own.
func (req *request) removeDeadlines() {
	_ = req.control.SetReadDeadline(time.Time{})
	_ = req.control.SetWriteDeadline(time.Time{})
}

// finish reports the outcome. If the request panicked, finish answers error/internal; if an answer
// has been begun, it aborts the connection instead, so that the client does not take that answer
// for a complete one.
func (req *request) finish() {
	p := recover()
	if p == nil {
		req.report()
		return
	}
	err := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	if !req.sent {
		req.fail(err)
		req.report()
		return
	}
	req.outcome.Response, req.outcome.Cause, req.outcome.Err = hermes.Fault, hermes.Internal, err
	req.report()
	panic(http.ErrAbortHandler)
}
