// Package local is the authentication backend that keeps its users in the store of Hermes, with
// passwords hashed by argon2id (RFC 9106).
//
// Pass the result of [New] to [hermes.Options]. The backend is writable: the nodes that add, update
// and remove users of the API change it.
//
// The package is separate from package hermes because it depends on golang.org/x/crypto: the
// standard library has no argon2, and package hermes depends on the standard library only.
package local

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/argon2id"
)

// Options configure a [Backend]. MemoryKiB and Passes set the cost of new hashes; hashes of another
// cost still verify. A value out of range is replaced by the nearest one in range.
type Options struct {
	// MemoryKiB is the memory of argon2id in KiB, from 8 to 1048576. Defaults to 19456, which OWASP
	// recommends for two passes.
	MemoryKiB uint32
	// Passes is the time cost of argon2id, from 1 to 16. Defaults to 2.
	Passes uint32
	// Rand is the source of the salts. Defaults to [crypto/rand.Reader].
	Rand io.Reader
}

// Backend is a [hermes.WritableBackend] whose users are the credentials of the store that is passed
// to its methods. It is safe for concurrent use if Options.Rand is.
type Backend struct {
	cost argon2id.Cost
	rand io.Reader
	// dummy is verified for a user that does not exist, so that the time does not reveal that.
	dummy argon2id.Hash
}

// New returns a backend. If opts is nil, all options have their defaults.
func New(opts *Options) *Backend {
	b := &Backend{cost: argon2id.Cost{Memory: 19 * 1024, Passes: 2, Lanes: 1}, rand: rand.Reader}
	if opts != nil {
		if opts.MemoryKiB != 0 {
			b.cost.Memory = opts.MemoryKiB
		}
		if opts.Passes != 0 {
			b.cost.Passes = opts.Passes
		}
		if opts.Rand != nil {
			b.rand = opts.Rand
		}
	}
	b.dummy = argon2id.Dummy(b.cost)
	return b
}

// Name returns "local".
func (b *Backend) Name() string { return "local" }

// Verify reports whether password is the password of user. An empty password never is.
func (b *Backend) Verify(ctx context.Context, s hermes.Store, user string, password hermes.Secret) (bool, error) {
	matches, err := b.Prepare(ctx, s, user)
	return err == nil && matches(password), err
}

// Prepare implements [hermes.HashingBackend].
func (b *Backend) Prepare(ctx context.Context, s hermes.Store, user string) (func(hermes.Secret) bool, error) {
	c, err := s.Credential(ctx, user)
	if err != nil && err != error(hermes.NotFound) {
		return nil, err
	}
	known, h := err == nil, b.dummy
	if known {
		if h, err = argon2id.Parse(c.Hash); err != nil {
			return nil, fmt.Errorf("local: user %q: %w", user, err)
		}
	}
	return func(password hermes.Secret) bool {
		return h.Matches(password.Reveal()) && known && !password.IsZero()
	}, nil
}

// Has reports whether the user exists.
func (b *Backend) Has(ctx context.Context, s hermes.Store, user string) (bool, error) {
	_, err := s.Credential(ctx, user)
	return err == nil, ignoreNotFound(err)
}

// ignoreNotFound returns err, or nil if err is hermes.NotFound.
func ignoreNotFound(err error) error {
	if err == error(hermes.NotFound) {
		return nil
	}
	return err
}

// Add hashes the password and returns the change that adds the user. The change returns
// [hermes.Exists] if there is such a user.
func (b *Backend) Add(user string, password hermes.Secret) (hermes.Change, error) {
	c, err := b.hash(user, password)
	return func(ctx context.Context, s hermes.Store) error { return s.AddCredential(ctx, c) }, err
}

// Update hashes the password and returns the change that sets it. The change returns
// [hermes.NotFound] if there is no such user.
func (b *Backend) Update(user string, password hermes.Secret) (hermes.Change, error) {
	c, err := b.hash(user, password)
	return func(ctx context.Context, s hermes.Store) error { return s.SetCredential(ctx, c) }, err
}

// Remove returns the change that removes the user. The change returns [hermes.NotFound] if there is
// no such user.
func (b *Backend) Remove(user string) hermes.Change {
	return func(ctx context.Context, s hermes.Store) error { return s.RemoveCredential(ctx, user) }
}

// hash returns the user with a new hash of the password.
func (b *Backend) hash(user string, password hermes.Secret) (hermes.Credential, error) {
	h, err := argon2id.New(b.rand, b.cost, password.Reveal())
	return hermes.Credential{User: user, Hash: h.String()}, err
}
