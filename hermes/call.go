package hermes

import "strings"

// CallOptions say how the calls of a Client are made; see [Client.With]. The zero value is a usual
// call. A CallOptions is a value that compares with ==.
type CallOptions struct {
	// DryRun makes the nodes that change users, phones, numbers, aliases and domains check and answer
	// everything as they would, and change nothing. Secrets are left out of their responses.
	DryRun bool
	// IdempotencyKey lets a call be repeated whose answer was lost. It has 1 to 64 letters, digits,
	// dots, underscores and hyphens. If empty, each call stands for itself.
	IdempotencyKey string
	// Parameters stand for the request when two calls with the same IdempotencyKey are compared. If
	// empty, the request itself is compared.
	Parameters string
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

// DryRun returns a Client like c whose calls change nothing; see [CallOptions].
func (c *Client) DryRun() *Client {
	o := c.call
	o.DryRun = true
	return c.With(o)
}

// check returns the first fault of the options. Causes: Parameters.
func (o CallOptions) check() error {
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
