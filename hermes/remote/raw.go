package remote

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/url"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/wire"
)

// Answer is what a server has answered to [Client.Call], as it came.
type Answer struct {
	Header http.Header
	// Text is set if the body is plain text. Else it is a JSON object.
	Text bool
	// Body is read from the connection: a long list does not have to fit into memory. A failure of
	// Read is an [*hermes.Error] that wraps [ErrUnreachable]. The Body must be closed.
	Body io.ReadCloser
	// Refusal is the error that the body tells, or nil. A list that is long may end with one that is
	// not known here.
	Refusal *hermes.Error
}

// openAnswer is how much of an answer to Call is read before Call returns. No refusal is as long.
const openAnswer = 64 << 10

// Call calls a node with the parameters of a form, as they go over the wire, and returns the answer
// as it came. It is for programs that pass both on; others have the methods of the nodes.
// Parameters are not checked. Like those methods, Call shows the session, repeats what is lost, and
// adds an idempotency key where the form has neither that nor dry_run. auth/ping renews the session
// of c, and auth/logout ends it, as [Client.Logout] does; their form is ignored.
//
// The error is an [*hermes.Error], and says that there was no session or no answer. A refusal is an
// answer.
func (c *Client) Call(ctx context.Context, node string, form url.Values) (*Answer, error) {
	n, ok := c.conn.nodes[node]
	if !ok {
		return nil, &hermes.Error{Node: node, Response: hermes.Invalid, Cause: hermes.NoNode, Detail: "there is no such node"}
	}
	if form = maps.Clone(form); form == nil {
		form = url.Values{}
	}
	a, refusal, err := c.callRaw(ctx, n, form)
	if err != nil {
		return nil, withNode(err, node)
	}
	if refusal == nil { // alias/list answers ok with a cause
		refusal = a.refusal(wire.HasMember(n.Response, "cause"))
	}
	answer := &Answer{Header: a.header, Text: a.text, Body: a.reader()}
	if refusal != nil {
		refusal.Node = node
		answer.Refusal = refusal
	}
	return answer, nil
}

func (c *Client) callRaw(ctx context.Context, n hermes.Node, form url.Values) (a answer, refusal *hermes.Error, err error) {
	switch {
	case n.Path == "auth/ping":
		a, err = c.conn.pingNow(ctx)
	case n.Path == "auth/logout":
		a, err = c.conn.logout(ctx)
	case n.Needs == hermes.NoCapability:
		if a, err = c.conn.post(ctx, n.Path, form, nil); err != nil {
			err = noAnswer(err)
		}
	default:
		if err := c.addOptions(n, form); err != nil {
			return a, nil, err
		}
		return c.askFor(ctx, n, form, openAnswer)
	}
	return a, nil, err
}

// reader returns the body of the answer, also of that part that is still to come.
func (a *answer) reader() io.ReadCloser {
	if a.rest == nil {
		return io.NopCloser(bytes.NewReader(a.body))
	}
	return &body{Reader: io.MultiReader(bytes.NewReader(a.body), a.rest), Closer: a.rest}
}

// body is the body of an answer of which a part is still to come.
type body struct {
	io.Reader
	io.Closer
}

// Read implements [io.Reader].
func (b *body) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = noAnswer(&lostError{sent: true, err: brokeOff(err)})
	}
	return n, err
}
