package api

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// fail answers an error.
func (x *exchange) fail(err error) {
	e := x.errorOf(err)
	x.out.Response, x.out.Cause = e.Response, e.Cause
	if e.RetryAfter > 0 {
		x.w.Header().Set("Retry-After", retryAfter(e.RetryAfter))
	}
	if x.node != nil && e.Err == wrongMethod {
		x.w.Header().Set("Allow", x.node.allow())
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
	x.extend()
	x.w.WriteHeader(status)
}

// extend gives the client its time to read, however long it took to make what it reads.
func (x *exchange) extend() {
	_ = x.control.SetWriteDeadline(time.Now().Add(x.h.opts.WriteTimeout))
}

// write tells whether the client is still there.
func (x *exchange) write(b []byte) bool {
	if x.r.Method == http.MethodHead {
		return true
	}
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
