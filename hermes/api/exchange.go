package api

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
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
	req     hermes.Request           // nil: not decoded without a fault
	late    bool                     // came after Drain
	inside  bool                     // has a place among the requests in flight
	sent    bool                     // the status line is on its way
	out     Outcome
}

func newExchange(h *Handler, w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{h: h, w: w, r: r, start: time.Now(), late: h.draining.Load(), control: http.NewResponseController(w)}
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
	// Not before: who sends a body slowly must not have a place meanwhile.
	if err = x.enter(); err != nil {
		return nil, err
	}
	// All has been read. The server's read timeout would otherwise end the context of what takes longer.
	_ = x.control.SetReadDeadline(time.Time{})
	cookie := readCookie(x.r, x.h.secure(x.r))
	client, err := x.authenticate(cookie)
	if err != nil {
		return nil, err
	}
	req, fault := x.node.decode(x.form, cookie)
	if err := client.Authorize(x.node.Path, req); err != nil {
		return nil, err
	}
	if fault != nil {
		return nil, x.earlier(client, req, fault)
	}
	x.req = req
	return x.node.Call(x.r.Context(), client, req)
}

// authenticate returns a Client that acts for who asks. An open node has nobody's.
func (x *exchange) authenticate(cookie hermes.Secret) (*hermes.Client, error) {
	nobody := x.h.client.As(hermes.Actor{Remote: x.out.Remote})
	if !x.node.guarded() {
		return nobody, nil
	}
	authenticate := nobody.Authenticate
	if x.node.Answers == hermes.Pong {
		authenticate = nobody.AuthenticatePing
	}
	actor, err := authenticate(x.r.Context(), hermes.Credentials{
		Session: hermes.NewSecret(x.form.values[sessionName]),
		AuthKey: hermes.NewSecret(x.form.values[authKeyName]),
		Cookie:  cookie,
	})
	x.out.Principal = actor.Principal
	return nobody.As(actor), err
}

// earlier returns what comes before a malformed value in API.md's order, and only the Client can tell:
// that another parameter is bad. It is asked with a context that is over, with which it does nothing.
func (x *exchange) earlier(client *hermes.Client, req hermes.Request, fault *hermes.Error) error {
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
