package hermes

import (
	"context"
	"reflect"
	"strings"
)

// CallOptions say how the calls of a Client are made; see [Client.With]. The zero value is a usual
// call. A CallOptions is a value that compares with ==.
//
// DryRun and IdempotencyKey are for the nodes that change users, phones, numbers, aliases and
// domains; see [Node.TakesOptions]. Nodes that only read ignore them, and other changes are refused
// with the cause Parameters.
type CallOptions struct {
	// DryRun makes a call check and answer everything as it would, and change nothing. Secrets are
	// left out of the response. What would be random or next in turn, such as the number that a claim
	// takes, may be another one in the real call.
	DryRun bool
	// IdempotencyKey lets a call be repeated whose answer was lost. It has 1 to 64 letters, digits,
	// dots, underscores and hyphens. A successful response is kept for 24 hours, and another call of
	// the same node by the same principal with the same key and the same request returns it without
	// doing anything. One with the key and another request is refused with the cause Parameters. If
	// empty, each call stands for itself.
	IdempotencyKey string
	// Parameters stand for the request when two calls with the same IdempotencyKey are compared. If
	// empty, the request itself is compared.
	Parameters string
	// Replayed, if not nil, is set by a call that succeeds: to true if the response is one that was
	// kept. The Client must not be used for several calls at once then.
	Replayed *bool
	// RequestID names the request in whose course the call is made, in the log of the program that
	// makes it. It may be empty.
	RequestID string
}

// With returns a Client whose calls are made with o, in the place of the options that c has.
func (c *Client) With(o CallOptions) *Client {
	with := *c
	with.call = o
	return &with
}

// DryRun returns a Client like c whose calls change nothing; see [CallOptions]. Its Tx runs a
// function in a transaction that is rolled back, so that later calls in it see what earlier ones
// would have changed.
func (c *Client) DryRun() *Client {
	o := c.call
	o.DryRun = true
	return c.With(o)
}

// Check returns the first fault of the options. Causes: Parameters.
func (o CallOptions) Check() error {
	if o.IdempotencyKey == "" || len(o.IdempotencyKey) <= idempotencyKeyMax && !strings.ContainsFunc(o.IdempotencyKey, isOutsideKey) {
		return nil
	}
	return badParameter("idempotency_key: want 1 to %d letters, digits, dots, underscores and hyphens", idempotencyKeyMax)
}

// idempotencyKeyMax is the length of the longest idempotency key.
const idempotencyKeyMax = 64

// isOutsideKey reports whether an idempotency key may not have r.
func isOutsideKey(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '.' && r != '_' && r != '-'
}

// TakesOptions reports whether the node takes the parameters dry_run and idempotency_key: whether
// it changes users, phones, numbers, aliases or domains in the database.
func (n Node) TakesOptions() bool {
	return n.Changes && !strings.HasPrefix(n.Path, "auth/")
}

// CheckOptions returns the first fault of the options of a call of the node: those of
// [CallOptions.Check], and options that the node does not take although it changes something.
// Causes: Parameters.
func (n Node) CheckOptions(o CallOptions) error {
	err := o.Check()
	if err == nil && n.Changes && !n.TakesOptions() {
		err = o.refuse()
	}
	if err != nil {
		return n.BadParameter(asError(err).Detail)
	}
	return nil
}

// forMethod returns o as the method of a node sees it that takes options: call has done what they
// ask for.
func (o CallOptions) forMethod() CallOptions { return CallOptions{RequestID: o.RequestID} }

// refuse returns an error if a call with the options must not change anything, because its node
// does not take them.
func (o CallOptions) refuse() error {
	switch {
	case o.DryRun:
		return badParameter("dry_run: not for this call")
	case o.IdempotencyKey != "":
		return badParameter("idempotency_key: not for this call")
	}
	return nil
}

// scanningRequest is a request that may have to look at every row of a table.
type scanningRequest interface{ scans() bool }

// bulkRequest is a request that may change many rows.
type bulkRequest interface{ isBulk() bool }

// call makes a call of a node that takes options. Every such method of Client is one line that
// calls it with a method that does the work. call makes the checks that need no store, and does
// what the options of c ask for.
//
// method runs in a transaction with some options, and then more than once if need be. Its own
// transactions join that one.
func call[Req Request, Res any](
	ctx context.Context, c *Client, node string, req Req, method func(*Client, context.Context, Req) (Res, error),
) (res Res, err error) {
	defer wrap(&err, node)
	if err = c.precheck(ctx, node, req); err != nil {
		return res, err
	}
	run := func(in *Client) (err error) {
		res, err = method(in, ctx, req)
		return err
	}
	scan, ok := any(req).(scanningRequest)
	err = c.scanIf(ctx, ok && scan.scans(), func() error {
		switch {
		case !c.writes(node, req):
			return run(c.With(c.call.forMethod()))
		case c.call.DryRun:
			return c.dryRun(ctx, isBulk(req), run)
		case c.call.IdempotencyKey != "":
			return c.once(ctx, node, req, reflect.ValueOf(&res).Elem(), run)
		default:
			return run(c)
		}
	})
	if err != nil {
		var none Res
		return none, withFields(err, req)
	}
	if c.call.DryRun {
		hideSecrets(reflect.ValueOf(&res).Elem())
	}
	return res, nil
}

// fieldsRequest is a request whose parameters an error names that is the store's.
type fieldsRequest interface{ notStored() []string }

func withFields(err error, req Request) error {
	r, ok := req.(fieldsRequest)
	if e := asError(err); ok && e.Cause == StoreFailed {
		e.Fields = r.notStored()
		return e
	}
	return err
}

// writes reports whether a call of a node that takes options changes something. user/permissions
// only does if it has new ones.
func (c *Client) writes(node string, req Request) bool {
	need := c.nodes[node].Needs
	if r, ok := req.(capabilityRequest); ok {
		need |= r.needs(c.actor)
	}
	return need&(CanWrite|CanAdminister) != 0
}

func isBulk(req Request) bool {
	r, ok := req.(bulkRequest)
	return ok && r.isBulk()
}

// inside returns the Client for a method that runs in the transaction t of s.
func (c *Client) inside(s Store, t *transaction) *Client {
	in := c.With(c.call.forMethod())
	in.store, in.tx = s, t
	return in
}
