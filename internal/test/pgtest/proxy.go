package pgtest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Action is what a [Proxy] does about a statement.
type Action int

const (
	// Forward forwards the statement and its answer.
	Forward Action = iota
	// Fail lets the server answer with an error, as if the statement had failed: 22012.
	Fail
	// Terminate terminates the server's session, and does not forward the statement.
	Terminate
	// CutBefore closes both connections and does not forward the statement.
	CutBefore
	// CutInside closes both connections when half of the statement has been forwarded.
	CutInside
	// CutSilent closes only the client's connection and does not forward the statement, so that the
	// server does not notice that the client is gone.
	CutSilent
	// CutAfter closes both connections when the server has begun to answer.
	CutAfter
	// DropAnswer forwards the statement, but neither its answer nor any later one.
	DropAnswer
	// Delay forwards the statement after a tenth of a second.
	Delay
)

// Proxy is a TCP proxy between the clients of a test and the server.
type Proxy struct {
	db     *DB
	server string
	ln     net.Listener
	decide func(statement []byte) Action

	mu     sync.Mutex
	closed bool
	conns  []net.Conn
}

// NewProxy starts a proxy of the database's server on a loopback port. For each statement that a
// client sends, it calls decide with the messages of the protocol that the statement consists of: a
// Query, or a Parse or Bind and what follows up to Sync. No two calls are at the same time. The
// proxy ends with the test.
func NewProxy(tb testing.TB, db *DB, decide func(statement []byte) Action) *Proxy {
	tb.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	p := &Proxy{db: db, server: db.cluster.Addr(), ln: ln, decide: decide}
	var running sync.WaitGroup
	running.Go(func() { p.serve(&running) })
	tb.Cleanup(func() {
		_ = ln.Close()
		p.mu.Lock()
		p.closed = true
		for _, c := range p.conns {
			_ = c.Close()
		}
		p.mu.Unlock()
		running.Wait()
	})
	return p
}

// URL returns the URL of the database through the proxy.
func (p *Proxy) URL() string {
	u, err := url.Parse(p.db.URL())
	if err != nil {
		panic(err) // the URL is one of this package
	}
	u.Host = p.ln.Addr().String()
	return u.String()
}

// IsCommit reports whether a statement commits a transaction.
func IsCommit(statement []byte) bool {
	return bytes.Contains(bytes.ToUpper(statement), []byte("COMMIT\x00"))
}

func (p *Proxy) serve(running *sync.WaitGroup) {
	for {
		client, err := p.ln.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		c := &proxied{proxy: p, client: client, server: server}
		if !p.keep(client, server) {
			return
		}
		running.Go(c.toServer)
		running.Go(c.toClient)
	}
}

// keep keeps connections that must be closed at the end. It closes them if that has come.
func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, conns...)
	if p.closed {
		for _, c := range conns {
			_ = c.Close()
		}
	}
	return !p.closed
}

// forget closes connections.
func (p *Proxy) forget(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		p.conns = slices.DeleteFunc(p.conns, func(other net.Conn) bool { return c == other })
	}
}

// proxied is a connection of a client and the one to the server that belongs to it.
type proxied struct {
	proxy          *Proxy
	client, server net.Conn
	cutting, muted atomic.Bool
}

func (c *proxied) toServer() {
	in := bufio.NewReader(c.client)
	startup, err := readMessage(in, nil)
	if err != nil {
		c.proxy.forget(c.client, c.server)
		return
	}
	_, err = c.server.Write(startup)
	for err == nil {
		var statement []byte
		for last := byte(0); err == nil && !strings.ContainsRune(lastOfBatch, rune(last)); {
			if last, err = in.ReadByte(); err == nil {
				var message []byte
				message, err = readMessage(in, []byte{last})
				statement = append(statement, message...)
			}
		}
		if err == nil {
			err = c.forward(statement)
		}
	}
	if err != errSilent {
		c.proxy.forget(c.client, c.server)
	}
}

// lastOfBatch are the types of the messages after which a client waits, or which stand alone:
// Query, Sync, Flush, Terminate, CopyData and CopyDone.
const lastOfBatch = "QSHXdc"

var (
	errCut    = errors.New("the connection is cut")
	errSilent = errors.New("the connection of the client alone is cut")
)

// forward does with a statement what is decided about it.
func (c *proxied) forward(statement []byte) (err error) {
	action := Forward
	if kind := statement[0]; kind == 'Q' || kind == 'P' || kind == 'B' {
		c.proxy.mu.Lock()
		action = c.proxy.decide(statement)
		c.proxy.mu.Unlock()
	}
	switch action {
	case Fail:
		statement = append([]byte{'Q', 0, 0, 0, 15}, "SELECT 1/0\x00"...)
	case Terminate:
		err = c.terminate()
	case CutBefore:
		return errCut
	case CutInside:
		_, _ = c.server.Write(statement[:len(statement)/2])
		return errCut
	case CutSilent:
		c.proxy.forget(c.client)
		return errSilent
	case CutAfter:
		c.cutting.Store(true)
	case DropAnswer:
		c.muted.Store(true)
	case Delay:
		time.Sleep(100 * time.Millisecond)
	}
	if err == nil {
		_, err = c.server.Write(statement)
	}
	return err
}

// terminate terminates the server's session, and waits until the server has closed the connection.
func (c *proxied) terminate() error {
	port := c.server.LocalAddr().(*net.TCPAddr).Port
	return c.proxy.db.cluster.exec(c.proxy.db.name,
		fmt.Sprintf("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE client_port = %d", port))
}

func (c *proxied) toClient() {
	defer c.proxy.forget(c.client)
	for b := make([]byte, 64<<10); ; {
		n, err := c.server.Read(b)
		if err != nil {
			return
		}
		switch {
		case c.cutting.Load():
			c.proxy.forget(c.server)
			return
		case c.muted.Load():
			continue
		}
		if _, err := c.client.Write(b[:n]); err != nil {
			return
		}
	}
}

// readMessage returns a message of the protocol, of which the type, if any, has been read.
func readMessage(in io.Reader, message []byte) ([]byte, error) {
	start := len(message)
	message = append(message, 0, 0, 0, 0)
	if _, err := io.ReadFull(in, message[start:]); err != nil {
		return nil, err
	}
	body := make([]byte, max(4, binary.BigEndian.Uint32(message[start:]))-4)
	if _, err := io.ReadFull(in, body); err != nil {
		return nil, err
	}
	return append(message, body...), nil
}
