package ldap_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/ldap"
	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
)

func TestServerDown(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	dir.Stop()
	b := open(t, ldap.Options{Addr: dir.Addr(), UserDN: template})
	err := b.fails("from the start", "alice", "secret")
	if err != nil && !strings.Contains(err.Error(), dir.Addr()) {
		t.Errorf("got %v, want the server in it", err)
	}
	dir.Start(t)
	b.wants("it is back", "alice", "secret", true)
	dir.Stop()
	b.fails("with a connection kept", "alice", "secret")
	b.fails("no connection is kept now", "alice", "secret")
	dir.Start(t)
	b.wants("it is back", "alice", "secret", true)
}

// TestRestart wants no question to fail that comes after the server is back.
func TestRestart(t *testing.T) {
	for _, security := range []ldap.Security{ldap.Auto, ldap.StartTLS} {
		dir := ldaptest.New(t, ldaptest.Options{})
		dir.AddUser(t, "alice", "secret")
		b := open(t, ldap.Options{Addr: dir.Addr(), UserDN: template, Security: security, RootCAs: dir.Roots()})
		for _, stop := range []func(){dir.Stop, dir.Kill} {
			atOnce(4, func() { b.wants("before", "alice", "secret", true) })
			stop()
			dir.Start(t)
			atOnce(8, func() { b.wants("after", "alice", "secret", true) })
			b.wants("after", "alice", "wrong", false)
		}
	}
}

func atOnce(n int, fn func()) {
	var group sync.WaitGroup
	for range n {
		group.Go(fn)
	}
	group.Wait()
}

// TestCutWhileAsking breaks connections where only the missing answer can show it.
func TestCutWhileAsking(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	proxy := ldaptest.NewProxy(t, dir.Addr())
	b := open(t, ldap.Options{Addr: proxy.Addr(), UserDN: template})
	proxy.CutAtRequest()
	if ok, err := b.verify("alice", "secret"); ok || err == nil {
		t.Errorf("a new connection: Verify = %t, %v, want an error", ok, err)
	}
	b.wants("connects", "alice", "secret", true)
	proxy.CutAtRequest()
	b.wants("one that was kept is replaced", "alice", "secret", true)
	proxy.CutAtRequest()
	b.has("one that was kept is replaced", "alice", true)
	proxy.CutAtRequest()
	b.wants("one that was kept is replaced", "alice", "wrong", false)
}

func TestConnectionsAreKeptAndBounded(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	proxy := ldaptest.NewProxy(t, dir.Addr())
	b := open(t, ldap.Options{Addr: proxy.Addr(), Base: ldaptest.Base, Connections: 2})
	for range 5 {
		b.wants("one after the other", "alice", "secret", true)
		b.wants("one after the other", "alice", "wrong", false)
		b.has("one after the other", "nobody", false)
	}
	if _, made := proxy.Connections(); made != 1 {
		t.Errorf("made %d connections, want 1 for all", made)
	}
	atOnce(16, func() { b.wants("at once", "alice", "secret", true) })
	if _, made := proxy.Connections(); made > 2 {
		t.Errorf("made %d connections, want at most 2", made)
	}
}

func TestSilentServer(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	proxy := ldaptest.NewProxy(t, dir.Addr())
	b := open(t, ldap.Options{Addr: proxy.Addr(), Base: ldaptest.Base, Timeout: time.Minute, Connections: 1})
	b.wants("connects", "alice", "secret", true)
	proxy.Mute(true)
	proxy.Requests()
	ctx, cancel := context.WithCancel(t.Context())
	group := sync.WaitGroup{}
	group.Go(func() {
		if ok, err := b.Verify(ctx, nil, "alice", hermes.NewSecret("secret")); ok || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: Verify = %t, %v, want the cause", ok, err)
		}
	})
	awaitRequest(proxy)
	cancel()
	group.Wait()
	hasty := open(t, ldap.Options{Addr: proxy.Addr(), Base: ldaptest.Base, Timeout: 50 * time.Millisecond})
	if err := hasty.fails("no answer comes", "alice", "secret"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline as its cause", err)
	}
	proxy.Mute(false)
	b.wants("answers again", "alice", "secret", true)
}

// awaitRequest waits until something was asked, or for the test's own time limit.
func awaitRequest(proxy *ldaptest.Proxy) {
	for tick := time.NewTicker(time.Millisecond); len(proxy.Requests()) == 0; {
		<-tick.C
	}
}

func TestAllConnectionsInUse(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	proxy := ldaptest.NewProxy(t, dir.Addr())
	proxy.Mute(true)
	b := open(t, ldap.Options{Addr: proxy.Addr(), Base: ldaptest.Base, Timeout: time.Minute, Connections: 1})
	ctx, cancel := context.WithCancel(t.Context())
	group := sync.WaitGroup{}
	group.Go(func() {
		if ok, err := b.Verify(ctx, nil, "alice", hermes.NewSecret("secret")); ok || err == nil {
			t.Errorf("the one that asks: Verify = %t, %v, want an error", ok, err)
		}
	})
	awaitRequest(proxy)
	short, end := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer end()
	_, err := b.Verify(short, nil, "alice", hermes.NewSecret("secret"))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("the one that waits: got %v, want it to say that all connections are in use", err)
	}
	cancel()
	group.Wait()
}

func TestClose(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	proxy := ldaptest.NewProxy(t, dir.Addr())
	b := open(t, ldap.Options{Addr: proxy.Addr(), Base: ldaptest.Base})
	atOnce(4, func() { b.wants("before", "alice", "secret", true) })
	for range 2 {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		b.fails("after", "alice", "secret")
	}
	for tick := time.NewTicker(time.Millisecond); ; <-tick.C { // until the test's own time limit
		if open, _ := proxy.Connections(); open == 0 {
			break
		}
	}
}

// TestGarbage has servers that speak something else.
func TestGarbage(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 400 Bad Request\r\n\r\n", "", "\x30\x84\xff\xff\xff\xff", "\x30\x0c\x02\x01\x01", strings.Repeat("\x00", 100),
		"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00", // a success of the wrong question
	} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		group := sync.WaitGroup{}
		group.Go(func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				_, _ = c.Read(make([]byte, 100))
				_, _ = c.Write([]byte(answer))
				_ = c.Close()
			}
		})
		for _, opts := range []ldap.Options{{Security: ldap.Auto}, {Security: ldap.StartTLS}, {Security: ldap.TLS}} {
			opts.Addr, opts.UserDN, opts.Timeout = ln.Addr().String(), template, 5*time.Second
			open(t, opts).fails("no directory", "alice", "secret")
		}
		_ = ln.Close()
		group.Wait()
	}
}
