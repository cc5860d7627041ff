package hermes

import (
	"context"
	"strings"
	"time"
)

// scanLimits bounds the scans that run at the same time, so that others find the processors and the
// database's connections free: a scan of 1,000,000 rows takes about a second.
var scanLimits = PlaceLimits{Total: 4, Share: 2, Queue: 64, Wait: 10 * time.Second}

// scans reports whether finding the matches may take looking at many more rows than match: the
// pattern is neither a whole text nor the beginning of one.
func (p Pattern) scans() bool { return strings.ContainsAny(strings.TrimRight(p.glob, "*"), "*?") }

// scan calls fn, which scans a table, when there is a place for another scan of the actor. It
// returns Busy if there is none for long. In [Client.Tx] it calls fn at once, because that
// transaction may hold locks that others wait for.
func (c *Client) scan(ctx context.Context, fn func() error) error {
	if c.tx != nil {
		return fn()
	}
	give, ok := c.scanning.Take(ctx, c.sharer())
	if !ok {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := failed(Busy, "too many searches and shuffled lists at once")
		e.RetryAfter = time.Second
		return e
	}
	defer give()
	return fn()
}

// sharer returns the principal against whose share of places the calls count. The program itself
// has no share: for it that is the zero Principal.
func (c *Client) sharer() Principal {
	if c.actor.Principal.Kind == ProgramPrincipal {
		return Principal{}
	}
	return c.actor.Principal
}

// scanIf is scan for a function that scans only if scans is true.
func (c *Client) scanIf(ctx context.Context, scans bool, fn func() error) error {
	if !scans {
		return fn()
	}
	return c.scan(ctx, fn)
}

// pageFunc fetches the page of n entries after an entry.
type pageFunc[T any] = func(ctx context.Context, after T, n int) ([]T, error)

// scanPages returns page, each call of which is a scan if scans is true. A slow reader of the list
// holds no place between pages.
func scanPages[T any](c *Client, scans bool, page pageFunc[T]) pageFunc[T] {
	if !scans {
		return page
	}
	return func(ctx context.Context, after T, n int) (entries []T, err error) {
		err = c.scan(ctx, func() error {
			entries, err = page(ctx, after, n)
			return err
		})
		return entries, err
	}
}
