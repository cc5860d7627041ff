package main

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"
)

// TestConnLimiter opens connections from several addresses of loopback.
func TestConnLimiter(t *testing.T) {
	t.Parallel()
	l, err := openListener(&config{listen: "127.0.0.1:0", maxConnections: 48,
		trustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn)
	go func() {
		defer close(accepted)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	// connect returns the server's end of a new connection, or nil if the server closed it.
	connect := func(from string) net.Conn {
		t.Helper()
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		closed := make(chan error, 1)
		go func() {
			_, err := c.Read(make([]byte, 1))
			closed <- err
		}()
		select {
		case server := <-accepted:
			t.Cleanup(func() { server.Close() })
			return server
		case err := <-closed:
			if !errors.Is(err, io.EOF) {
				t.Logf("a connection that was not accepted ended with %v", err)
			}
			return nil
		}
	}
	first := connect("127.0.0.2")
	for i := range 2 {
		if connect("127.0.0.2") == nil {
			t.Errorf("connection %d of one address was closed, want a sixteenth of 48 accepted", i+2)
		}
	}
	if connect("127.0.0.2") != nil {
		t.Error("the fourth connection of one address was accepted, want a sixteenth of 48")
	}
	if connect("127.0.0.3") == nil {
		t.Error("the connection of another address was closed")
	}
	first.Close()
	first.Close()
	if connect("127.0.0.2") == nil {
		t.Error("a connection was closed although another one had ended")
	}
	if connect("127.0.0.2") != nil {
		t.Error("a connection that was closed twice left two places")
	}
	for i := range 44 {
		if connect("127.0.0.9") == nil {
			t.Fatalf("connection %d of a proxy was closed, want its share not limited", i)
		}
	}
	if connect("127.0.0.9") != nil || connect("127.0.0.4") != nil {
		t.Error("more connections were accepted than max-connections")
	}
}
