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

// conn is a connection, as one caller at a time uses it.
type conn struct {
	*goldap.Conn
	raw net.Conn // what closes at once, whatever waits
	// looks tells that it is bound as who looks for users, not as some user.
	looks bool
	idle  time.Time // since when
}

// dial connects and encrypts. The connection is anonymous.
func (b *Backend) dial(ctx context.Context) (*conn, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", b.opts.Addr)
	if err != nil {
		return nil, err
	}
	c := &conn{raw: raw, looks: b.opts.BindDN == ""}
	config := &tls.Config{RootCAs: b.opts.RootCAs, ServerName: b.host, MinVersion: tls.VersionTLS12}
	if b.opts.Security == TLS {
		secured := tls.Client(raw, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, raw.Close())
		}
		c.raw = secured
	}
	c.Conn = goldap.NewConn(c.raw, b.opts.Security == TLS)
	c.Start()
	if b.opts.Security == StartTLS {
		err = c.while(ctx, func() error { return c.StartTLS(config) })
		if err != nil {
			c.close()
			return nil, fmt.Errorf("StartTLS: %w", err)
		}
	}
	return c, nil
}

// while runs fn and makes it fail when ctx ends: the connection is of no use then.
func (c *conn) while(ctx context.Context, fn func() error) error {
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

// bind tells whether the directory accepts the password, which must not be empty. The connection is the user's
// after it, or nobody's.
func (c *conn) bind(dn string, password hermes.Secret) (bool, error) {
	c.looks = false
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

// look makes the connection that of who looks for users.
func (c *conn) look(b *Backend) error {
	if c.looks {
		return nil
	}
	if b.opts.BindDN == "" {
		if err := c.UnauthenticatedBind(""); err != nil {
			// Not wrapped, so that it counts as broken: a new connection is anonymous without being asked for it.
			return fmt.Errorf("bind anonymously, to look for users: %v", err)
		}
	} else if err := c.Bind(b.opts.BindDN, b.opts.BindPassword.Reveal()); err != nil {
		return fmt.Errorf("bind as %q, to look for users: %w", b.opts.BindDN, err)
	}
	c.looks = true
	return nil
}
