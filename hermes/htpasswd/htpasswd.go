// Package htpasswd is the authentication backend whose users are in a file that Apache's htpasswd
// writes. The backend only reads the file.
//
//	htpasswd -B -C 10 /etc/hermes/users alice
//
// Pass the result of [Open] to [hermes.Options].
//
// Each line is NAME:HASH. A second colon and the text after it are ignored, and so are blank lines
// and lines that begin with '#'. Hashes are bcrypt ($2y$, $2a$, $2b$; htpasswd -B) or argon2
// ($argon2id$, $argon2i$). The other kinds that Apache supports (MD5, SHA-1, crypt, clear text) are
// too weak. A user with such a hash cannot log in: Verify returns an error that names the kind.
// The same applies to a user whose hash is malformed or of an excessive cost, and to a user that is
// listed twice. Apache would take the first of the two lines, but the administrator who added the
// second one expects it to count. Other users of the file are not affected.
//
// bcrypt ignores all but the first 72 bytes of a password, and repeats a shorter one with a NUL
// between. So a longer password, or one with a NUL in it, matches no bcrypt hash here.
//
// Every call checks whether the file has changed, by its inode, size and modification time, and
// reads it again if so: a removed user cannot log in from then on. The file may be replaced by a
// rename or be written in place. While the file cannot be read, or has a malformed line, every call
// returns an error.
//
// Verify takes as long for an unknown user as for most users of the file. Give all hashes the same
// cost, so that the time does not reveal whether a user exists.
//
// The package is separate from package hermes because bcrypt and argon2 are in golang.org/x/crypto,
// and package hermes depends on the standard library only.
package htpasswd

import (
	"context"
	"fmt"
	"sync"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Backend is a [hermes.Backend] whose users are in a file. It is safe for concurrent use.
type Backend struct {
	path string

	mu   sync.Mutex
	last *userFile // as last read; nil if the file must be read
}

// Open reads the file at path and returns its backend. It returns an error if the file cannot be
// read or has a malformed line.
func Open(path string) (*Backend, error) {
	b := &Backend{path: path}
	if _, err := b.load(); err != nil {
		return nil, err
	}
	return b, nil
}

// Name returns "htpasswd".
func (b *Backend) Name() string { return "htpasswd" }

// Verify reports whether password is the password of user. It returns an error if the file cannot
// be read, or if the entry of the user cannot be used. The store is not used.
func (b *Backend) Verify(
	ctx context.Context, s hermes.Store, user string, password hermes.Secret,
) (bool, error) {
	matches, err := b.Prepare(ctx, s, user)
	return err == nil && matches(password), err
}

// Prepare implements [hermes.HashingBackend]. The store is not used.
func (b *Backend) Prepare(ctx context.Context, _ hermes.Store, user string) (func(hermes.Secret) bool, error) {
	f, err := b.loadUnlessDone(ctx)
	if err != nil {
		return nil, err
	}
	e, exists := f.users[user]
	if e.fault != nil {
		return nil, fmt.Errorf("htpasswd: %s:%d: user %q: %w", b.path, e.line, user, e.fault)
	}
	h := f.dummy
	if exists {
		h = e.hash
	}
	return func(password hermes.Secret) bool {
		return h != nil && h.matches(password.Reveal()) && exists && !password.IsZero()
	}, nil
}

// Has reports whether the file lists the user, even with an entry that cannot be used. The store is
// not used.
func (b *Backend) Has(ctx context.Context, _ hermes.Store, user string) (bool, error) {
	f, err := b.loadUnlessDone(ctx)
	if err != nil {
		return false, err
	}
	_, exists := f.users[user]
	return exists, nil
}

// loadUnlessDone returns the current content of the file, or an error if ctx is done.
func (b *Backend) loadUnlessDone(ctx context.Context) (*userFile, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("htpasswd: %w", err)
	}
	return b.load()
}
