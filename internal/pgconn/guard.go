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
//
// Where there is another server to use, it also closes itself when its server has gone silent; see
// host.
type guardedConn struct {
	net.Conn
	broken  atomic.Bool
	peeking atomic.Bool // while set, Read returns os.ErrDeadlineExceeded; see drained

	host       *host       // nil until the connection can be used
	generation int64       // of the connections of the host
	leaves     atomic.Bool // whether it is closed when the host is silent

	readDeadline time.Time
	setsDeadline bool // whether the next Read has to set readDeadline
}

// abort marks the connection as broken and closes it. It may be called more than once.
func (c *guardedConn) abort() {
	if c.broken.CompareAndSwap(false, true) {
		_ = c.Close()
	}
}

// Close implements net.Conn.
func (c *guardedConn) Close() error {
	if c.host != nil {
		c.host.forget(c)
	}
	return c.Conn.Close()
}

// left reports whether the connection must not be used again because its host is no longer the one
// to use.
func (c *guardedConn) left() bool {
	return c.host != nil && c.generation != c.host.generation.Load()
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
	if c.leaves.Load() {
		return c.readWatching(p)
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

// readWatching is Read for a connection that must not wait for a silent host. When the answer takes
// long it asks the host, on another connection, for a sign of life.
func (c *guardedConn) readWatching(p []byte) (int, error) {
	for {
		deadline, last := time.Now().Add(silentAfter), false
		if !c.readDeadline.IsZero() && c.readDeadline.Before(deadline) {
			deadline, last = c.readDeadline, true
		}
		if err := c.Conn.SetReadDeadline(deadline); err != nil {
			c.abort()
			return 0, err
		}
		n, err := c.Conn.Read(p)
		if err == nil {
			return n, nil
		}
		if n > 0 || last || !errors.Is(err, os.ErrDeadlineExceeded) {
			c.abort()
			return n, err
		}
		if silent := c.host.answers(); silent != nil && nothingToRead(c.Conn) {
			if !c.broken.Load() { // no other connection has found that out
				c.host.abandon()
			}
			c.abort()
			return 0, silent
		}
	}
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

// guardOfDriver returns the guard of a driver connection, which may be one of internal/stmtcache,
// or nil.
func guardOfDriver(dc any) *guardedConn {
	if over, ok := dc.(interface{ Unwrap() driver.Conn }); ok {
		dc = over.Unwrap()
	}
	cn, ok := dc.(*pgdriver.Conn)
	if !ok {
		return nil
	}
	guard, _ := guardOf(cn.Conn())
	return guard
}

// isOpen reports whether the connection has not closed itself, and its host is still the one to
// use.
func isOpen(dc driver.Conn) bool {
	guard := guardOfDriver(dc)
	return guard == nil || !guard.broken.Load() && !guard.left()
}

// resetSession returns driver.ErrBadConn if a connection from the pool must not be used again. The
// server sends nothing on an idle connection, unless it closes it, so any unread bytes are a
// message about the end or the late answer to an earlier statement.
func resetSession(_ context.Context, cn *pgdriver.Conn) error {
	guard, over := guardOf(cn.Conn())
	if guard == nil || !guard.left() && guard.idle() && (over == nil || guard.drained(over)) {
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
