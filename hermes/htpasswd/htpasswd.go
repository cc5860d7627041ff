// Package htpasswd is the authentication backend whose users are in a file as Apache's htpasswd writes it, read-only.
//
//	htpasswd -B -C 10 /etc/hermes/users alice
//
// Each line is NAME:HASH; what follows a second colon is not looked at, nor are blank lines and those that begin with '#'.
// Hashes are bcrypt ($2y$, $2a$, $2b$; htpasswd -B) or argon2 ($argon2id$, $argon2i$). The others that Apache knows
// (MD5, SHA-1, crypt, clear text) are too weak to keep: such a user is refused, with an error that says so, and the file's other
// users are not. The same goes for a hash that is malformed or dearer than is sane, and for a name that is
// listed twice, of which Apache would take the first: who added the second meant it to count.
//
// bcrypt looks at 72 bytes of a password, and repeats a shorter one. Here a longer password, or one with a NUL in it,
// matches no bcrypt hash.
//
// Every use looks whether the file is another (by its inode, size and modification time) and reads it
// again then, so that a removed user is out at once. It may be replaced by a rename or written in place. While it
// cannot be read, or has a line that is none, nobody is let in: every use is an error.
//
// An unknown user costs what most of the file's hashes do. Give all of them one cost.
//
// The package is one of its own because bcrypt and argon2 come from golang.org/x/crypto, the Go team's.
package htpasswd

import (
	"context"
	"fmt"
	"sync"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Backend is a hermes.Backend over a file. It is safe for concurrent use.
type Backend struct {
	path string

	mu   sync.Mutex
	last *table // nil: the file has to be read
}

// Open returns the backend over the file at path, after it was read once: a file that cannot be read is an error.
func Open(path string) (*Backend, error) {
	b := &Backend{path: path}
	_, err := b.table()
	if err != nil {
		return nil, err
	}
	return b, nil
}

// Name returns "htpasswd".
func (b *Backend) Name() string { return "htpasswd" }

// Verify tells whether password is user's. The store is not used. A user whose entry is refused is an error.
func (b *Backend) Verify(ctx context.Context, _ hermes.Store, user string, password hermes.Secret) (bool, error) {
	t, err := b.current(ctx)
	if err != nil {
		return false, err
	}
	e, known := t.users[user]
	if known && e.refused == nil {
		return e.hash.matches(password.Reveal()) && !password.IsZero(), nil
	}
	if t.stranger != nil {
		t.stranger.matches(password.Reveal())
	}
	if known {
		return false, fmt.Errorf("htpasswd: %s:%d: user %q: %w", b.path, e.line, user, e.refused)
	}
	return false, nil
}

// Has tells whether the file has such a user, also one whose entry is refused.
func (b *Backend) Has(ctx context.Context, _ hermes.Store, user string) (bool, error) {
	t, err := b.current(ctx)
	if err != nil {
		return false, err
	}
	_, known := t.users[user]
	return known, nil
}

// current is table for a caller that still waits.
func (b *Backend) current(ctx context.Context) (*table, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("htpasswd: %w", err)
	}
	return b.table()
}
