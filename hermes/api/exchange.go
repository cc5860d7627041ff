package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// exchange is one request and its answer.
type exchange struct {
	h     *Handler
	w     http.ResponseWriter
	r     *http.Request
	start time.Time

	control *http.ResponseController // deadlines
	node    *endpoint                // nil: not found
	form    *form                    // nil: not read
	req     any                      // nil: not decoded without a fault
	sent    bool                     // the status line is on its way
	out     Outcome
}

func newExchange(h *Handler, w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{h: h, w: w, r: r, start: time.Now(), control: http.NewResponseController(w)}
	x.out = Outcome{ID: rand.Text(), Remote: clientAddr(r, h.opts.TrustedProxies)}
	setHeaders(w.Header(), x.out.ID)
	return x
}

func (x *exchange) answer() {
	res, err := x.call()
	if e := (*hermes.Error)(nil); err != nil && !(errors.As(err, &e) && e.Response == hermes.OK) {
		x.fail(err)
		return
	}
	x.succeed(res, err)
}

// call goes through everything that can be refused, in API.md's order, and then calls the node.
func (x *exchange) call() (res any, err error) {
	if x.node, err = x.h.door(x.r); err != nil {
		return nil, err
	}
	x.out.Node = x.node.Path
	if x.form, err = x.node.parameters(x.w, x.r); err != nil {
		return nil, err
	}
	// All has been read. The server's read timeout would otherwise end the context of what takes longer.
	_ = x.control.SetReadDeadline(time.Time{})
	client, err := x.authenticate()
	if err != nil {
		return nil, err
	}
	req, fault := x.node.decode(x.form, readCookie(x.r, x.h.secure(x.r)))
	if err := client.Allows(x.node.Path, req); err != nil {
		return nil, err
	}
	if fault != nil {
		return nil, x.earlier(client, req, fault)
	}
	x.req = req
	return x.node.Call(x.r.Context(), client, req)
}

// authenticate returns a Client that acts for who asks. An open node has nobody's.
func (x *exchange) authenticate() (*hermes.Client, error) {
	nobody := x.h.client.As(hermes.Actor{Remote: x.out.Remote})
	if !x.node.guarded() {
		return nobody, nil
	}
	actor, err := nobody.Authenticate(x.r.Context(), hermes.Credentials{
		Session: hermes.NewSecret(x.form.values[sessionName]),
		AuthKey: hermes.NewSecret(x.form.values[authKeyName]),
		Cookie:  readCookie(x.r, x.h.secure(x.r)),
	}, x.node.Answers == hermes.Pong)
	x.out.Principal = actor.Principal
	return nobody.As(actor), err
}

// earlier returns what comes before a malformed value in API.md's order, and only the Client can tell:
// that another parameter is bad. It is asked with a context that is over, with which it does nothing.
func (x *exchange) earlier(client *hermes.Client, req any, fault *hermes.Error) error {
	if fault.Cause == hermes.Parameters {
		return fault
	}
	ctx, cancel := context.WithCancel(x.r.Context())
	cancel()
	if _, err := x.node.Call(ctx, client, req); errors.Is(err, hermes.Parameters) {
		return err
	}
	return fault
}

// fail answers an error.
func (x *exchange) fail(err error) {
	e := x.errorOf(err)
	x.out.Response, x.out.Cause = e.Response, e.Cause
	if e.RetryAfter > 0 {
		x.w.Header().Set("Retry-After", retryAfter(e.RetryAfter))
	}
	if x.node != nil && e.Err == wrongMethod {
		x.w.Header().Set("Allow", x.node.methods)
	}
	x.send(statusOf(e), appendError(nil, e, x.describes(e)))
}

// describes tells whether the answer repeats its detail as description: where the node answers
// bad parameters in a way of its own.
func (x *exchange) describes(e *hermes.Error) bool {
	return x.node != nil && x.node.Refuses != hermes.Invalid && e.Cause == hermes.Parameters
}

// errorOf makes an answer of any error. Of a fault inside, the client gets the id only.
func (x *exchange) errorOf(err error) *hermes.Error {
	var e *hermes.Error
	if !errors.As(err, &e) {
		e = &hermes.Error{Response: hermes.Fault, Cause: hermes.Internal, Err: err}
	}
	if _, ok := e.Err.(reason); !ok {
		x.out.Err = e.Err
	}
	if e.Response != hermes.Fault {
		return e
	}
	shown := *e
	shown.Detail = x.out.ID
	return &shown
}

// succeed answers a response; err is nil, or an error that is answered as success with a cause.
func (x *exchange) succeed(res any, err error) {
	v := reflect.New(reflect.TypeOf(res)).Elem()
	v.Set(reflect.ValueOf(res))
	p := planResponse(v.Type())
	x.out.Response, x.out.Status = x.node.Answers, http.StatusOK
	if p.cookie >= 0 {
		setCookie(x.w, v.Field(p.cookie).Interface().(hermes.Cookie), x.h.secure(x.r))
	}
	switch {
	case p.text >= 0:
		x.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		x.send(http.StatusOK, []byte(v.Field(p.text).Interface().(hermes.Secret).Reveal()))
	case p.list >= 0:
		x.stream(p, v, err)
	default:
		x.sendObject(p, v)
	}
}

func (x *exchange) sendObject(p *responsePlan, v reflect.Value) {
	body, err := p.appendObject(nil, v, x.node.Answers)
	if err != nil {
		x.fail(err)
		return
	}
	x.send(http.StatusOK, body)
}

// send writes a whole answer.
func (x *exchange) send(status int, body []byte) {
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.begin(status)
	x.write(body)
}

func (x *exchange) begin(status int) {
	x.out.Status, x.sent = status, true
	x.w.WriteHeader(status)
}

// write gives the client time for b, whatever the time that it took to make it, and tells
// whether the client is still there.
func (x *exchange) write(b []byte) bool {
	if x.r.Method == http.MethodHead {
		return true
	}
	_ = x.control.SetWriteDeadline(time.Now().Add(x.h.opts.WriteTimeout))
	_, err := x.w.Write(b)
	if err != nil && x.out.Err == nil {
		x.out.Err = fmt.Errorf("write the answer: %w", err)
	}
	return err == nil
}

// finish ends the exchange: it turns a panic into an answer, or, where one is half sent, cuts the connection, so that
// no client takes it for a whole one.
func (x *exchange) finish() {
	p := recover()
	if p == nil {
		x.report()
		return
	}
	err := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	if !x.sent {
		x.fail(err)
		x.report()
		return
	}
	x.out.Response, x.out.Cause, x.out.Err = hermes.Fault, hermes.Internal, err
	x.report()
	panic(http.ErrAbortHandler)
}
