package pgconn

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

// guardedConn is a network connection that closes itself at its first error. After an error, client
// and server may disagree about their position in the protocol, and the next bytes could be the
// answer to an earlier statement.
type guardedConn struct {
	net.Conn
	broken  atomic.Bool
	peeking atomic.Bool // while set, Read returns os.ErrDeadlineExceeded; see drained

	readDeadline time.Time
	setsDeadline bool // whether the next Read has to set readDeadline
}

// abort marks the connection as broken and closes it. It may be called more than once.
func (c *guardedConn) abort() {
	if c.broken.CompareAndSwap(false, true) {
		_ = c.Conn.Close()
	}
}

// SetReadDeadline implements net.Conn. pgdriver calls it before each row, most of which are in its
// buffer: it is the next Read that sets the deadline.
func (c *guardedConn) SetReadDeadline(t time.Time) error {
	c.readDeadline, c.setsDeadline = t, true
	return nil
}

// Read implements net.Conn.
func (c *guardedConn) Read(p []byte) (int, error) {
	if c.peeking.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	if c.setsDeadline {
		c.setsDeadline = false
		if err := c.Conn.SetReadDeadline(c.readDeadline); err != nil {
			c.abort()
			return 0, err
		}
	}
	n, err := c.Conn.Read(p)
	if err != nil {
		c.abort()
	}
	return n, err
}

// Write implements net.Conn.
func (c *guardedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.abort()
	}
	return n, err
}

// guardOf returns the guard of a pgdriver connection, or nil, and the TLS connection over it if
// there is one.
func guardOf(nc net.Conn) (*guardedConn, *tls.Conn) {
	if over, ok := nc.(*tls.Conn); ok {
		guard, _ := over.NetConn().(*guardedConn)
		return guard, over
	}
	guard, _ := nc.(*guardedConn)
	return guard, nil
}

// isOpen reports whether the connection has not closed itself.
func isOpen(dc driver.Conn) bool {
	cn, ok := dc.(*pgdriver.Conn)
	if !ok {
		return true
	}
	guard, _ := guardOf(cn.Conn())
	return guard == nil || !guard.broken.Load()
}

// resetSession returns driver.ErrBadConn if a connection from the pool must not be used again. The
// server sends nothing on an idle connection, unless it closes it, so any unread bytes are a
// message about the end or the late answer to an earlier statement.
func resetSession(_ context.Context, cn *pgdriver.Conn) error {
	guard, over := guardOf(cn.Conn())
	if guard == nil || guard.idle() && (over == nil || guard.drained(over)) {
		return nil
	}
	return driver.ErrBadConn
}

// idle reports whether the connection is open and has no unread bytes. It does not wait.
func (c *guardedConn) idle() bool {
	return !c.broken.Load() && nothingToRead(c.Conn)
}

// drained reports whether nc, the TLS connection over c, has no decrypted bytes that pgdriver has
// not read. It reads from nc to find out, while c pretends that a deadline has passed: after this
// error, and no other, crypto/tls can still be used.
func (c *guardedConn) drained(nc *tls.Conn) bool {
	c.peeking.Store(true)
	defer c.peeking.Store(false)
	n, err := nc.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}
