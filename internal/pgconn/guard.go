package pgconn

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"net"
	"os"
	"sync/atomic"

	"github.com/uptrace/bun/driver/pgdriver"
)

// guardedConn closes itself at its first error. After one, client and server may not be at the
// same place in their talk: what comes next could be the answer to an earlier question.
type guardedConn struct {
	net.Conn
	broken  atomic.Bool
	looking atomic.Bool // quiet looks for what was read and not yet taken
}

func (c *guardedConn) fail() {
	if c.broken.CompareAndSwap(false, true) {
		_ = c.Conn.Close()
	}
}

// Read implements net.Conn.
func (c *guardedConn) Read(p []byte) (int, error) {
	if c.looking.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := c.Conn.Read(p)
	if err != nil {
		c.fail()
	}
	return n, err
}

// Write implements net.Conn.
func (c *guardedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err != nil {
		c.fail()
	}
	return n, err
}

// resetSession looks at a connection that comes out of the pool. An idle one has nothing to say:
// bytes are a goodbye or a late answer, and an end is an end.
func resetSession(_ context.Context, cn *pgdriver.Conn) error {
	ok := true
	switch nc := cn.Conn().(type) {
	case *guardedConn:
		ok = nc.idle()
	case *tls.Conn:
		c, isGuarded := nc.NetConn().(*guardedConn)
		ok = !isGuarded || c.idle() && c.drained(nc)
	}
	if !ok {
		return driver.ErrBadConn
	}
	return nil
}

// idle tells whether the connection is open and has nothing to be read. It does not wait.
func (c *guardedConn) idle() bool {
	return !c.broken.Load() && nothingToRead(c.Conn)
}

// drained tells whether TLS has taken nothing from the connection that pgdriver has not read. Reading is the only
// way to ask, so it reads, with a connection that claims a deadline: the one error after which
// crypto/tls goes on as before.
func (c *guardedConn) drained(nc *tls.Conn) bool {
	c.looking.Store(true)
	defer c.looking.Store(false)
	n, err := nc.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}
