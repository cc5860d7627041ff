// Package ldap is the authentication backend whose users are in an LDAP directory. The backend only
// reads the directory. A password is right if the directory accepts a simple bind with it (RFC
// 4513, section 5.1.3).
//
// Use [Parse] to read the URL of a directory into [Options], or fill them in, and pass the result
// of [New] to [hermes.Options]. Call [Backend.Close] when the backend is no longer needed.
//
// # How users are found
//
// The backend first searches for the entry of the user, with the account of Options.BindDN or else
// anonymously: below Options.Base, or at the one name that Options.UserDN yields for the user. Then
// it binds as that entry. The entry must hold the name of the user in Options.Attribute, byte for
// byte. Directories are less strict: to them "ALICE" and "alice " are the user alice, but the
// authorizations of Hermes belong to alice only. For this reason UserDN needs a search, too. The
// account that searches must have read access to the entries of the users and to that attribute; if
// it has none, all users are unknown.
//
// A name or a password that no directory can have is not sent to the directory: it is rejected at
// once. Such a password is empty, contains a NUL or has more than 1024 bytes; many directories
// answer a bind with an empty password with success. Such a name is empty, has more than 256 bytes,
// control characters or invalid UTF-8.
//
// An unknown user takes as many requests as a known one: the backend binds in vain as an entry that
// does not exist. It never binds as the entry of another user, such as that of "alice" for "ALICE",
// since a directory may lock a user after some failed binds. The time that the directory itself
// takes to refuse an unknown name is not under the control of this package: FailedLoginTime of
// [hermes.Options] hides it.
//
// # Connections
//
// Connections are encrypted and the certificate of the server is verified; only with a server at a
// loopback address is encryption not required. A limited number of connections is kept open. If one
// of them turns out to be broken, the call is repeated on a new one. Referrals are not followed,
// because the password would be sent to the server that they name. If the directory cannot answer,
// the call returns an error.
//
// The package is separate from package hermes because it depends on github.com/go-ldap/ldap/v3, and
// package hermes depends on the standard library only.
package ldap

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/hermes-voip/go-hermes/hermes"
)

// maxMatches is the size limit of a search. It is more than one because the directory also returns
// entries whose names differ in upper and lower case only.
const maxMatches = 8

// Backend is a [hermes.Backend] whose users are in a directory. It is safe for concurrent use.
type Backend struct {
	opts Options
	host string // of opts.Addr; the certificate of the server must be for it
	pool *pool
}

// New returns a backend. It checks opts but does not connect: while the directory is down, the
// methods return errors.
func New(opts Options) (*Backend, error) {
	b := &Backend{opts: opts}
	if err := b.completeOptions(); err != nil {
		return nil, fmt.Errorf("ldap: %w", err)
	}
	b.pool = newPool(b.opts.Connections, b.dial)
	return b, nil
}

// Close closes the connections. Calls in progress finish; later calls return an error. Close may be
// called more than once and always returns nil.
func (b *Backend) Close() error {
	b.pool.close()
	return nil
}

// Name returns "ldap".
func (b *Backend) Name() string { return "ldap" }

// Verify reports whether the directory accepts password for user. The store is not used.
func (b *Backend) Verify(
	ctx context.Context, _ hermes.Store, user string, password hermes.Secret,
) (ok bool, err error) {
	if !usableName(user) || !usablePassword(password) {
		return false, ctx.Err()
	}
	err = b.withConn(ctx, func(c *conn) error {
		dn, found, err := b.find(c, user)
		if err != nil {
			return err
		}
		accepted, err := c.bindUser(dn, password)
		ok = found && accepted
		return err
	})
	return ok && err == nil, err
}

// Has reports whether the directory has the user. The store is not used.
func (b *Backend) Has(ctx context.Context, _ hermes.Store, user string) (has bool, err error) {
	if !usableName(user) {
		return false, ctx.Err()
	}
	err = b.withConn(ctx, func(c *conn) (err error) {
		_, has, err = b.find(c, user)
		return err
	})
	return has && err == nil, err
}

// withConn calls fn with a connection, within Options.Timeout. It may call fn twice.
func (b *Backend) withConn(ctx context.Context, fn func(*conn) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, b.opts.Timeout,
		fmt.Errorf("no answer within %s: %w", b.opts.Timeout, context.DeadlineExceeded))
	defer cancel()
	if err := b.pool.do(ctx, fn); err != nil {
		return fmt.Errorf("ldap: %s: %w", b.opts.Addr, err)
	}
	return nil
}

// unknownUser stands for the name of a user in the DN of no entry.
const unknownUser = ":no such user"

// find returns the DN of the user's entry. If there is none, it returns the DN of no entry, to bind
// as in vain, so that the number of requests does not reveal it.
func (b *Backend) find(c *conn, user string) (dn string, found bool, err error) {
	if err := c.bindSearcher(b); err != nil {
		return "", false, err
	}
	req := b.searchRequest(user)
	res, err := c.Search(req)
	if b.opts.UserDN != "" && goldap.IsErrorWithCode(err, goldap.LDAPResultNoSuchObject) {
		return b.userDN(unknownUser), false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look for %q at %q: %w", user, req.BaseDN, err)
	}
	names := []string{}
	for _, e := range res.Entries {
		if slices.Contains(e.GetEqualFoldAttributeValues(b.opts.Attribute), user) && e.DN != "" {
			names = append(names, e.DN)
		}
	}
	switch len(names) {
	case 0:
		return b.userDN(unknownUser), false, nil
	case 1:
		return names[0], true, nil
	}
	return "", false, fmt.Errorf("the user %q has %d entries: %q", user, len(names), names)
}

// searchRequest returns the search for the user's entry.
func (b *Backend) searchRequest(user string) *goldap.SearchRequest {
	base, scope := b.opts.Base, goldap.ScopeWholeSubtree
	switch {
	case b.opts.UserDN != "":
		base, scope = b.userDN(user), goldap.ScopeBaseObject
	case b.opts.OneLevel:
		scope = goldap.ScopeSingleLevel
	}
	filter := fmt.Sprintf("(&%s(%s=%s))", b.opts.Filter, b.opts.Attribute, goldap.EscapeFilter(user))
	seconds := int(b.opts.Timeout/time.Second) + 1
	return goldap.NewSearchRequest(base, scope, goldap.NeverDerefAliases, maxMatches, seconds, false,
		filter, []string{b.opts.Attribute}, nil)
}

// userDN returns the DN that Options.UserDN yields for the user. With Options.Base it returns a DN
// that a user's entry could have.
func (b *Backend) userDN(user string) string {
	if b.opts.UserDN != "" {
		return strings.Replace(b.opts.UserDN, placeholder, goldap.EscapeDN(user), 1)
	}
	return b.opts.Attribute + "=" + goldap.EscapeDN(user) + "," + b.opts.Base
}
