package hermes

import (
	"context"
	"sync"
	"time"
)

const (
	// replicaLimit is the limit from which on a list is read from the replicas, as one without a limit
	// is. Shorter lists are cheap, and are often read to see what was just changed.
	replicaLimit = 1000
	// replicaRest is how long a replica that failed is not asked. Each failure costs a list the time
	// in which a silent server is found out.
	replicaRest = 10 * time.Second
)

// replica is one of Options.Replicas.
type replica struct {
	store Store

	mu    sync.Mutex
	rests time.Time // until when it is not asked, on the Client's clock
}

func newReplicas(stores []Store) (all []*replica) {
	for _, s := range stores {
		all = append(all, &replica{store: s})
	}
	return all
}

// isUp reports whether the replica may be asked.
func (r *replica) isUp(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return !now.Before(r.rests)
}

// fail notes that the replica has failed.
func (r *replica) fail(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rests = now.Add(replicaRest)
}

// longPages returns the function that fetches the pages of a list with a limit. read returns the
// one that fetches them from a store. A long list is fetched from the first replica that answers.
// If that fails, the list goes on from the entry that it has reached, in the next replica and
// finally in the Client's own store: pages are fetched by key, and the order is the same
// everywhere. A list does not go back, so that what it has passed in one store it does not look for
// in an older one.
func longPages[T any](c *Client, limit int, read func(Store) pageFunc[T]) pageFunc[T] {
	if len(c.replicas) == 0 || c.tx != nil || limit != 0 && limit < replicaLimit {
		return read(c.store)
	}
	left := c.replicas
	return func(ctx context.Context, after T, n int) ([]T, error) {
		for ; len(left) > 0; left = left[1:] {
			r := left[0]
			if !r.isUp(c.clock.now()) {
				continue
			}
			entries, err := read(r.store)(ctx, after, n)
			if err == nil || ctx.Err() != nil {
				return entries, err
			}
			r.fail(c.clock.now())
			if c.opts.Logger != nil {
				c.opts.Logger.WarnContext(ctx, "a replica failed; its lists are read from another database", "error", err)
			}
		}
		return read(c.store)(ctx, after, n)
	}
}
