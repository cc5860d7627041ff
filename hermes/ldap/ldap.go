// Package ldap is the authentication backend whose users are in a directory, read-only: a password is right
// where the directory accepts a simple bind with it (RFC 4513, 5.1.3).
//
// The user's entry is looked for first, by the account in Options.BindDN or else anonymously: among all below Options.Base, or
// at the one name that Options.UserDN makes of the user's. Then the directory is asked to bind as that entry. An entry is a
// user's where its attribute holds the very name, byte for byte. Directories compare more loosely, and would take
// "ALICE" or "alice " for alice, whom Hermes' authorizations tell apart. So the look is needed with UserDN too: who may
// look must be able to see the users' entries and that attribute. Where nobody is shown them there are no users.
//
// Of a name or a password that no directory can have (empty, with a NUL, beyond 256 and 1024 bytes, a name with control characters or
// invalid UTF-8) the directory is not asked: a bind with an empty password is answered with success by many. For an
// unknown user it is asked for as much as for a known one. How long it takes itself to refuse a name that it
// does not know is its own affair; hermes.Options.FailedLoginTime covers that.
//
// Connections are encrypted and the server's certificate is verified, without exception but a server on a loopback
// address. They are kept, a bounded number, and one that broke is replaced within the call that finds it. Referrals
// are not followed: the password would go to whom they name. Whatever keeps the directory from telling is an
// error, which lets nobody in.
//
// The package is one of its own because of github.com/go-ldap/ldap/v3, the protocol in Go: the standard library
// has none, and BER, filters and StartTLS are not for writing anew.
package ldap

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Options say where the directory is and how users are found in it. Addr and one of Base and UserDN are needed.
type Options struct {
	// Addr is the server's host:port.
	Addr string
	// Security is how connections are encrypted; zero: Auto.
	Security Security
	// RootCAs sign the server's certificate, which must be for Addr's host; nil: the system's.
	RootCAs *x509.CertPool

	// Base is the name of the entry below which users are searched, at any depth.
	Base string
	// OneLevel searches right below Base only.
	OneLevel bool
	// UserDN makes the name of a user's entry, in place of a search: uid={user},ou=people,dc=example,dc=test. What {user}
	// stands for is escaped. It must be the whole value of the first part.
	UserDN string
	// Attribute holds a user's name; "": uid, or that of UserDN's first part.
	Attribute string
	// Filter is what a user's entry must match besides (RFC 4515), such as (memberOf=cn=voip,ou=groups,dc=example,dc=test).
	// "": nothing.
	Filter string

	// BindDN is the account that looks for users, as the server wants it in a bind; "": they are looked for anonymously.
	BindDN string
	// BindPassword is the account's.
	BindPassword hermes.Secret

	// Timeout is how long a question may take, connecting and waiting for a connection included; 0: 5 s.
	Timeout time.Duration
	// Connections is how many there may be at once; 0: 4.
	Connections int
}

// Security is how connections are encrypted.
type Security int

const (
	// Auto is StartTLS, and no encryption for a loopback address or localhost.
	Auto Security = iota
	// StartTLS encrypts before anything is said, on the port of ldap://.
	StartTLS
	// TLS is that of ldaps://.
	TLS
)

// Backend is a hermes.Backend over a directory. It is safe for concurrent use.
type Backend struct {
	opts Options
	host string // that the certificate is for
	pool *pool
}

// New returns the backend. It does not connect: a directory that is down is an error of each question.
func New(opts Options) (*Backend, error) {
	b := &Backend{opts: opts}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("ldap: %w", err)
	}
	b.pool = newPool(b.opts.Connections, b.dial)
	return b, nil
}

// Close closes the connections. Questions after it are errors; one that is being asked is answered.
func (b *Backend) Close() error {
	b.pool.close()
	return nil
}

// Name returns "ldap".
func (b *Backend) Name() string { return "ldap" }

// Verify tells whether the directory accepts password for user. The store is not used.
func (b *Backend) Verify(ctx context.Context, _ hermes.Store, user string, password hermes.Secret) (ok bool, err error) {
	if !usableName(user) || !usablePassword(password) {
		return false, ctx.Err()
	}
	err = b.ask(ctx, func(c *conn) error {
		dn, found, err := b.find(c, user)
		if err != nil {
			return err
		}
		bound, err := c.bind(dn, password)
		ok = found && bound
		return err
	})
	return ok && err == nil, err
}

// Has tells whether the directory has such a user.
func (b *Backend) Has(ctx context.Context, _ hermes.Store, user string) (has bool, err error) {
	if !usableName(user) {
		return false, ctx.Err()
	}
	err = b.ask(ctx, func(c *conn) (err error) {
		_, has, err = b.find(c, user)
		return err
	})
	return has && err == nil, err
}

// ask runs fn on a connection; fn may run twice.
func (b *Backend) ask(ctx context.Context, fn func(*conn) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, b.opts.Timeout,
		fmt.Errorf("no answer within %s: %w", b.opts.Timeout, context.DeadlineExceeded))
	defer cancel()
	if err := b.pool.do(ctx, fn); err != nil {
		return fmt.Errorf("ldap: %s: %w", b.opts.Addr, err)
	}
	return nil
}

var errClosed = errors.New("the backend is closed")
