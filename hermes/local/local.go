// Package local is the authentication backend that keeps its users in Hermes' own store, with
// passwords hashed by argon2id (RFC 9106).
//
// It is a package of its own because argon2 comes from golang.org/x/crypto, the Go team's, by way of
// internal/argon2id: the standard library has none, and package hermes imports nothing else.
package local

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/argon2id"
)

// Options tune the backend; nil and zero values are fine. Costs are brought within argon2id's bounds:
// hashes beyond them would not be read again.
type Options struct {
	// MemoryKiB is argon2id's memory, 8 to 1048576; 0: 19456, OWASP's recommendation with 2 passes. Hashes made
	// with other values still verify.
	MemoryKiB uint32
	// Passes is argon2id's time cost, 1 to 16; 0: 2.
	Passes uint32
	// Rand gives the salts; nil: crypto/rand.
	Rand io.Reader
}

// Backend is a hermes.WritableBackend over the credentials of the store that it is given.
type Backend struct {
	cost argon2id.Cost
	rand io.Reader
	// stranger is verified for users that do not exist, so that they take as long as those that do.
	stranger argon2id.Hash
}

// New returns the backend; opts may be nil.
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
	b.stranger = argon2id.Dummy(b.cost)
	return b
}

// Name returns "local".
func (b *Backend) Name() string { return "local" }

// Verify tells whether password is user's. An empty one is nobody's.
func (b *Backend) Verify(ctx context.Context, s hermes.Store, user string, password hermes.Secret) (bool, error) {
	c, err := s.Credential(ctx, user)
	if err != nil {
		b.stranger.Matches(password.Reveal())
		return false, known(err)
	}
	h, err := argon2id.Parse(c.Hash)
	if err != nil {
		return false, fmt.Errorf("local: user %q: %w", user, err)
	}
	return h.Matches(password.Reveal()) && !password.IsZero(), nil
}

// Has tells whether there is such a user.
func (b *Backend) Has(ctx context.Context, s hermes.Store, user string) (bool, error) {
	_, err := s.Credential(ctx, user)
	return err == nil, known(err)
}

// known drops the error that only says that there is no such user.
func known(err error) error {
	if err == error(hermes.NotFound) {
		return nil
	}
	return err
}

// Add hashes the password; the change returns hermes.Exists.
func (b *Backend) Add(user string, password hermes.Secret) (hermes.Change, error) {
	c, err := b.credential(user, password)
	return func(ctx context.Context, s hermes.Store) error { return s.AddCredential(ctx, c) }, err
}

// Update hashes the password; the change returns hermes.NotFound.
func (b *Backend) Update(user string, password hermes.Secret) (hermes.Change, error) {
	c, err := b.credential(user, password)
	return func(ctx context.Context, s hermes.Store) error { return s.SetCredential(ctx, c) }, err
}

// Remove returns the change that removes the user, which returns hermes.NotFound.
func (b *Backend) Remove(user string) hermes.Change {
	return func(ctx context.Context, s hermes.Store) error { return s.RemoveCredential(ctx, user) }
}

func (b *Backend) credential(user string, password hermes.Secret) (hermes.Credential, error) {
	h, err := argon2id.New(b.rand, b.cost, password.Reveal())
	return hermes.Credential{User: user, Hash: h.String()}, err
}
