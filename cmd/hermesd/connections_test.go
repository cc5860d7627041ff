package main

import (
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"
)

// TestConnLimiter opens connections from several addresses of loopback.
func TestConnLimiter(t *testing.T) {
	t.Parallel()
	const share = 3 // a sixteenth of max-connections
	t.Run("no connection waits for long", func(t *testing.T) {
		t.Parallel()
		l := newLimiterTest(t, time.Nanosecond)
		first := l.mustConnect(t, "127.0.0.2")
		for range share - 1 {
			l.mustConnect(t, "127.0.0.2")
		}
		if l.connect(t, "127.0.0.2") != nil {
			t.Error("the fourth connection of one address was accepted, want a sixteenth of 48")
		}
		l.mustConnect(t, "127.0.0.3")
		first.Close()
		first.Close()
		l.mustConnect(t, "127.0.0.2")
		if l.connect(t, "127.0.0.2") != nil {
			t.Error("a connection that was closed twice left two places")
		}
		for range 44 { // the share of a proxy is not limited
			l.mustConnect(t, "127.0.0.9")
		}
		if l.connect(t, "127.0.0.9") != nil || l.connect(t, "127.0.0.4") != nil {
			t.Error("more connections were accepted than max-connections")
		}
	})
	t.Run("connections wait for a place", func(t *testing.T) {
		t.Parallel()
		l := newLimiterTest(t, time.Hour)
		var served []net.Conn
		for range share {
			served = append(served, l.mustConnect(t, "127.0.0.2"))
		}
		closed := make(chan struct{}, share+1)
		for range share + 1 {
			c := l.dial(t, "127.0.0.2")
			go func() {
				awaitClose(c)
				closed <- struct{}{}
			}()
		}
		<-closed // one, since no more may wait than have places
		l.mustConnect(t, "127.0.0.3")
		for _, c := range served {
			c.Close()
			defer (<-l.conns).Close() // of a connection that waited
		}
		if len(closed) > 0 {
			t.Error("a connection that waited was closed")
		}
	})
	t.Run("connections wait while the listener is closed", func(t *testing.T) {
		t.Parallel()
		l := newLimiterTest(t, time.Hour)
		for range share {
			l.mustConnect(t, "127.0.0.2")
		}
		c := l.dial(t, "127.0.0.2")
		l.Close()
		if l.result(c) != nil {
			t.Error("a connection was accepted after the listener had been closed")
		}
	})
}

// limiterTest is a connLimiter with 48 places that accepts connections.
type limiterTest struct {
	*connLimiter
	conns chan net.Conn // the server's ends
}

func newLimiterTest(t *testing.T, wait time.Duration) *limiterTest {
	t.Helper()
	bound, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &config{maxConnections: 48, trustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")}}
	l := &limiterTest{
		connLimiter: newConnLimiter(bound.(*net.TCPListener), c, wait, slog.New(slog.DiscardHandler)), conns: make(chan net.Conn),
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			l.conns <- c
		}
	}()
	return l
}

// dial opens a connection from an address.
func (l *limiterTest) dial(t *testing.T, from string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// result waits until the server has accepted a connection, or closed c, and returns the server's
// end, or nil.
func (l *limiterTest) result(c net.Conn) net.Conn {
	closed := make(chan struct{})
	go func() {
		awaitClose(c)
		close(closed)
	}()
	select {
	case server := <-l.conns:
		return server
	case <-closed:
		return nil
	}
}

// awaitClose returns when the server, which sends nothing, has closed a connection.
func awaitClose(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }

// connect returns the server's end of a new connection, or nil if the server closed it.
func (l *limiterTest) connect(t *testing.T, from string) net.Conn {
	t.Helper()
	server := l.result(l.dial(t, from))
	if server != nil {
		t.Cleanup(func() { server.Close() })
	}
	return server
}

func (l *limiterTest) mustConnect(t *testing.T, from string) net.Conn {
	t.Helper()
	c := l.connect(t, from)
	if c == nil {
		t.Fatalf("a connection from %s was closed", from)
	}
	return c
}
