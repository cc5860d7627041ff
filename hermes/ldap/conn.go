package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/hermes-voip/go-hermes/hermes"
)

// conn is a connection to the server. It must not be used concurrently.
type conn struct {
	*goldap.Conn
	// raw is the connection below. Closing it makes requests in progress fail.
	raw net.Conn
	// searcher is true while the connection is bound to the account that searches for users (or
	// anonymous if there is none), and false while it is bound as a user.
	searcher  bool
	idleSince time.Time
}

// dial connects to the server and encrypts the connection, which is anonymous then.
func (b *Backend) dial(ctx context.Context) (*conn, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", b.opts.Addr)
	if err != nil {
		return nil, err
	}
	c := &conn{raw: raw, searcher: b.opts.BindDN == ""}
	config := &tls.Config{RootCAs: b.opts.RootCAs, ServerName: b.host, MinVersion: tls.VersionTLS12}
	if b.opts.Security == TLS {
		encrypted := tls.Client(raw, config)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		c.raw = encrypted
	}
	c.Conn = goldap.NewConn(c.raw, b.opts.Security == TLS)
	c.Start()
	if b.opts.Security == StartTLS {
		err = c.withContext(ctx, func() error { return c.StartTLS(config) })
		if err != nil {
			c.close()
			return nil, fmt.Errorf("StartTLS: %w", err)
		}
	}
	return c, nil
}

// withContext calls fn. If ctx ends before fn returns, it closes the connection, so that fn fails,
// and returns the cause.
func (c *conn) withContext(ctx context.Context, fn func() error) error {
	stop := context.AfterFunc(ctx, func() { _ = c.raw.Close() })
	err := fn()
	if !stop() {
		return context.Cause(ctx)
	}
	return err
}

func (c *conn) close() {
	_ = c.raw.Close()
	_ = c.Close()
}

// bindUser binds as the user and reports whether the directory accepts the password, which must not
// be empty.
func (c *conn) bindUser(dn string, password hermes.Secret) (bool, error) {
	c.searcher = false
	_, err := c.SimpleBind(&goldap.SimpleBindRequest{Username: dn, Password: password.Reveal()})
	if goldap.IsErrorAnyOf(err, goldap.LDAPResultInvalidCredentials,
		goldap.LDAPResultInappropriateAuthentication, // the entry has no password
		goldap.LDAPResultNoSuchObject, goldap.LDAPResultInvalidDNSyntax) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("bind: %w", err)
	}
	return true, nil
}

// bindSearcher binds to the account that searches for users, unless the connection already is. If
// there is no account, it makes the connection anonymous.
func (c *conn) bindSearcher(b *Backend) error {
	if c.searcher {
		return nil
	}
	if b.opts.BindDN == "" {
		if err := c.UnauthenticatedBind(""); err != nil {
			// Not wrapped, so that the pool takes the connection for broken: a new connection is
			// anonymous without a bind, which some servers refuse.
			return fmt.Errorf("bind anonymously, to look for users: %v", err)
		}
	} else if err := c.Bind(b.opts.BindDN, b.opts.BindPassword.Reveal()); err != nil {
		return fmt.Errorf("bind as %q, to look for users: %w", b.opts.BindDN, err)
	}
	c.searcher = true
	return nil
}
