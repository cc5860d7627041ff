package hermes

import (
	"context"
	"time"
)

// Counts say how many records a store has, for metrics.
type Counts struct {
	// LocalUsers are the accounts of Kamailio's table, those of other tools included.
	LocalUsers  int64
	RemoteUsers int64
	// Phones are those that have users.
	Phones int64
	// Aliases are addresses: several rows of one alias count as one.
	Aliases int64
	// Sessions are those that have not ended.
	Sessions int64
	// UnsealedEntries are those of the audit trail that no seal covers yet.
	UnsealedEntries int64
}

// CountStore counts records.
type CountStore interface {
	// Counts counts the records at a time. They may be counted one kind after the other, while others
	// change, and the cost grows with their number.
	Counts(ctx context.Context, now time.Time) (Counts, error)
}

// Counts returns how many records the store has. It takes some tenths of a second where there are
// millions, so do not call it often. Counts needs CanRead, and an actor without a scope.
func (c *Client) Counts(ctx context.Context) (n Counts, err error) {
	defer wrap(&err, "")
	if err := c.require("counts", CanRead); err != nil {
		return n, err
	}
	if !c.actor.Scope.IsZero() {
		return n, failed(Forbidden, "only a principal without a scope sees how many records there are")
	}
	return c.store.Counts(ctx, c.now())
}
