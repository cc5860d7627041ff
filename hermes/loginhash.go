package hermes

import (
	"context"
	"time"
)

// HashingBackend is a [Backend] that computes a costly hash of the password in this process. The
// Client computes few of them at once, and asks other backends without that limit.
type HashingBackend interface {
	Backend
	// Prepare is Verify without the hash: it reads what is kept of the user, and returns the function
	// that hashes a password and reports whether it is the user's. It returns such a function for an
	// unknown user as well, which costs the same.
	Prepare(ctx context.Context, s Store, user string) (func(password Secret) bool, error)
}

// askBackend is Verify, but holds a hashing slot while a hash is computed, and only then: reading
// from a store or a file may take long.
func (c *Client) askBackend(ctx context.Context, b Backend, user string, password Secret, known bool) (bool, error) {
	h, ok := b.(HashingBackend)
	if !ok {
		return b.Verify(ctx, c.store, user, password)
	}
	matches, err := h.Prepare(ctx, c.store, user)
	if err != nil {
		return false, err
	}
	release, err := c.limiter.slots.acquire(ctx, known)
	if err != nil {
		return false, err
	}
	defer release()
	return matches(password), nil
}

// maxSlotPause limits the pause of a hashing slot after it was used for an unknown user.
const maxSlotPause = 50 * time.Millisecond

// hashSlots limit how many passwords are hashed at once.
type hashSlots struct {
	all     chan struct{}
	reserve chan struct{} // one more slot, for known users
}

func newHashSlots(n int) *hashSlots {
	return &hashSlots{
		all:     make(chan struct{}, n),
		reserve: make(chan struct{}, 1),
	}
}

// acquire waits for a slot and returns the function that releases it. How many wait is limited by
// [loginLimiter.begin].
func (h *hashSlots) acquire(ctx context.Context, known bool) (release func(), err error) {
	reserve := h.reserve
	if !known {
		reserve = nil
	}
	select {
	case h.all <- struct{}{}:
		if known {
			return func() { <-h.all }, nil
		}
		return h.releaseAfterPause(time.Now()), nil
	case reserve <- struct{}{}:
		return func() { <-h.reserve }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// releaseAfterPause returns a function that releases a slot after a pause as long as the slot was
// used, so that unknown users take at most half of a processor from other requests.
func (h *hashSlots) releaseAfterPause(since time.Time) func() {
	return func() {
		time.AfterFunc(min(time.Since(since), maxSlotPause), func() { <-h.all })
	}
}
