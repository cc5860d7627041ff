package remote

import (
	"context"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"net/url"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/wire"
)

// call calls a node. Every method of a node is one line that calls it.
func call[Res any](ctx context.Context, c *Client, node string, req hermes.Request) (Res, error) {
	var res, none Res
	n, form, err := c.encode(node, req)
	if err != nil {
		return none, err
	}
	a, err := c.ask(ctx, n, form)
	if err == nil {
		err = a.read(&res)
	}
	if err != nil {
		return none, withNode(err, node)
	}
	return res, nil
}

// encode returns a node and the parameters of a call of it, or the first fault of the request.
func (c *Client) encode(node string, req hermes.Request) (n hermes.Node, form url.Values, err error) {
	n = c.conn.nodes[node]
	if err = req.Check(); err == nil {
		err = n.CheckOptions(c.call)
	}
	if err != nil {
		return n, nil, withNode(err, node)
	}
	if form, err = wire.Encode(req); err != nil {
		return n, nil, n.BadParameter(err.Error())
	}
	return n, form, c.addOptions(n, form)
}

// addOptions adds the parameters of the options of c, or those of which form has others, to a call
// of a node that takes them.
func (c *Client) addOptions(n hermes.Node, form url.Values) error {
	if !n.TakesOptions() {
		return nil
	}
	key := c.call.IdempotencyKey
	switch {
	case form.Has("dry_run"), form.Has("idempotency_key"): // of Call
		return nil
	case c.call.DryRun:
		form.Set("dry_run", "true")
	case key == "":
		var random [16]byte
		if _, err := io.ReadFull(c.conn.opts.Rand, random[:]); err != nil {
			return &hermes.Error{Node: n.Path, Response: hermes.Fault, Cause: hermes.Internal, Err: err, Detail: "no random bytes"}
		}
		key = hex.EncodeToString(random[:])
	}
	if key != "" {
		form.Set("idempotency_key", key)
	}
	return nil
}

// ask calls a node and returns its answer. The error may be a refusal.
func (c *Client) ask(ctx context.Context, n hermes.Node, form url.Values) (answer, error) {
	a, refusal, err := c.askFor(ctx, n, form, wholeAnswer)
	if refusal != nil {
		err = refusal
	}
	return a, err
}

// askFor is [Client.ask], but reads the first most bytes of the answer only, and tells a refusal of
// the node from other errors; see [conn.open].
func (c *Client) askFor(
	ctx context.Context, n hermes.Node, form url.Values, most int64,
) (a answer, refusal *hermes.Error, err error) {
	t := &tries{conn: c.conn, node: n, form: form, most: most}
	t.repeatable = !n.Changes || n.TakesOptions()
	err = c.conn.repeat(ctx, n.Path, func() (again, error) {
		var e error
		a, e = t.try(ctx)
		return t.again(e), e
	})
	if err == nil && c.call.Replayed != nil {
		*c.call.Replayed = a.replayed() && c.call.IdempotencyKey != ""
	}
	if err = t.outcome(err); err != nil && err == error(t.refusal) {
		return a, t.refusal, nil
	}
	return a, nil, err
}

// tries are the requests of one call.
type tries struct {
	conn       *conn
	node       hermes.Node
	form       url.Values
	most       int64 // bytes of the answer that are read
	repeatable bool  // it does no harm if the server carries the call out more than once

	refusal *hermes.Error // of the last answer; nil if there was none, or if it was no refusal
	refused *session      // with which the server has refused the call; nil if it has not
	lost    error         // of a request that the server may have carried out, without an answer
}

// try sends one request or, if that is refused because the session has ended, two. The error may be
// a refusal of the server.
func (t *tries) try(ctx context.Context) (answer, error) {
	s, err := t.conn.session(ctx, t.refused)
	if err != nil {
		return answer{}, err
	}
	a, err := t.send(ctx, s)
	if !errors.Is(err, hermes.Unauthorized) || t.refused != nil || !t.sessionEnded(ctx) {
		return a, err
	}
	t.refused = s
	if s, err = t.conn.session(ctx, s); err != nil {
		return a, err
	}
	return t.send(ctx, s)
}

func (t *tries) send(ctx context.Context, s *session) (answer, error) {
	t.refusal = nil
	a, err := t.conn.open(ctx, t.node.Path, t.form, s, t.most)
	if err != nil {
		if lost, ok := errors.AsType[*lostError](err); ok && lost.sent {
			t.lost = err
		}
		return a, err
	}
	// A success with a cause is for the caller.
	if t.refusal = a.refusal(true); t.refusal != nil {
		return a, t.refusal
	}
	return a, nil
}

// sessionEnded reports whether the session is the reason why the server has refused a call as
// unauthorized. For a node of auth that changes something, the reason may be a password among the
// parameters; then it asks the server.
func (t *tries) sessionEnded(ctx context.Context) bool {
	if !t.node.Changes || t.node.TakesOptions() {
		return true
	}
	_, err := t.conn.pingNow(ctx)
	return errors.Is(err, hermes.Unauthorized)
}

// again says whether and when the call is to be made again after an error.
func (t *tries) again(err error) again {
	lost, isLost := errors.AsType[*lostError](err)
	switch {
	case isLost && lost.sent && !t.repeatable, errors.Is(err, hermes.ErrOutcomeUnknown) && !t.repeatable:
		return never
	case errors.Is(err, hermes.ErrOutcomeUnknown):
		t.lost = err
		return soon
	}
	return againAfter(err)
}

// outcome returns the error of the call, of which err is that of the last request.
func (t *tries) outcome(err error) error {
	if err == nil {
		return nil
	}
	_, isLost := errors.AsType[*lostError](err)
	if t.lost != nil && t.node.Changes && !t.isDecided(err) {
		return outcomeUnknown(err)
	}
	if isLost {
		return noAnswer(err)
	}
	return err
}

// isDecided reports whether err is what the node has answered about the change itself. An answer
// about the session or the time says nothing about the request before it, whose answer was lost.
func (t *tries) isDecided(err error) bool {
	e, ok := errors.AsType[*hermes.Error](err)
	if !ok || errors.Is(err, ErrUnreachable) || errors.Is(err, ErrClosed) || errors.Is(err, hermes.ErrOutcomeUnknown) {
		return false
	}
	switch e.Cause {
	case hermes.Unauthorized, hermes.Forbidden, hermes.Busy, hermes.Throttled, hermes.Internal, hermes.StoreFailed:
		return false
	}
	return true
}

// again says when a call is to be made again.
type again struct {
	ok    bool
	after time.Duration // at least
}

var (
	never = again{}
	soon  = again{ok: true}
)

// againAfter says whether a call with that error is to be made again that does no harm if it is
// carried out more than once.
func againAfter(err error) again {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return never
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return never
	}
	if strange, ok := errors.AsType[*notHermesError](err); ok {
		return again{ok: strange.passes()}
	}
	if _, ok := errors.AsType[*lostError](err); ok {
		return soon
	}
	// A server that is busy says when to come again. One that does not is not busy itself, but cannot
	// reach another server.
	e, ok := errors.AsType[*hermes.Error](err)
	if ok && (e.Cause == hermes.Busy || e.Cause == hermes.Throttled) && e.RetryAfter > 0 {
		return again{ok: true, after: e.RetryAfter}
	}
	return never
}

// The time between two requests of a call doubles with each, up to the longest.
const (
	firstWait   = 50 * time.Millisecond
	longestWait = 2 * time.Second
)

// repeat calls try until that is not to be done again, or would be too late.
func (c *conn) repeat(ctx context.Context, node string, try func() (again, error)) error {
	end := time.Now().Add(c.opts.RetryFor)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(end) {
		end = deadline
	}
	for wait := firstWait; ; wait = min(2*wait, longestWait) {
		again, err := try()
		if !again.ok {
			return err
		}
		// Calls that were lost together should not come again together.
		pause := max(again.after, wait/2+rand.N(wait))
		if time.Now().Add(pause).After(end) {
			return err
		}
		c.opts.Logger.InfoContext(ctx, "hermes: the call is made again", "node", node, "err", err)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}
