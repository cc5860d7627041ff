package ldap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
)

func TestPool(t *testing.T) {
	t.Run("server down", testServerDown)
	t.Run("server restarted", testServerRestarted)
	t.Run("connection broken during a request", testBrokenConnection)
	t.Run("connections are kept and limited", testConnections)
	t.Run("server does not answer", testSilentServer)
	t.Run("all connections in use", testAllConnectionsInUse)
}

func testServerDown(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	dir.Stop()
	b := mustNew(t, Options{Addr: dir.Addr(), UserDN: userDN})
	err := wantError(t, b, "down before the first call", "alice", "secret")
	if err != nil && !strings.Contains(err.Error(), dir.Addr()) {
		t.Errorf("got %v, want the address in it", err)
	}
	dir.Start(t)
	wantVerify(t, b, "the server is back", "alice", "secret", true)
	dir.Stop()
	wantError(t, b, "a kept connection is broken", "alice", "secret")
	wantError(t, b, "no connection is kept", "alice", "secret")
	dir.Start(t)
	wantVerify(t, b, "the server is back", "alice", "secret", true)
}

// testServerRestarted checks that calls succeed as soon as the server is back.
func testServerRestarted(t *testing.T) {
	for _, security := range []Security{Auto, StartTLS} {
		dir := ldaptest.New(t, ldaptest.Options{})
		dir.AddUser(t, "alice", "secret")
		b := mustNew(t, Options{Addr: dir.Addr(), UserDN: userDN, Security: security, RootCAs: dir.Roots()})
		for _, stop := range []func(){dir.Stop, dir.Kill} {
			concurrently(4, func() { wantVerify(t, b, "before", "alice", "secret", true) })
			stop()
			dir.Start(t)
			concurrently(8, func() { wantVerify(t, b, "after", "alice", "secret", true) })
			wantVerify(t, b, "after", "alice", "wrong", false)
		}
	}
}

// concurrently calls fn n times at once, and waits for the calls.
func concurrently(n int, fn func()) {
	var group sync.WaitGroup
	for range n {
		group.Go(fn)
	}
	group.Wait()
}

// testBrokenConnection breaks connections so that only the missing answer reveals it.
func testBrokenConnection(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	proxy := ldaptest.NewProxy(t, dir.Addr())
	b := mustNew(t, Options{Addr: proxy.Addr(), UserDN: userDN})
	proxy.CutAtRequest()
	if ok, err := b.Verify(t.Context(), nil, "alice", hermes.NewSecret("secret")); ok || err == nil {
		t.Errorf("broken at the first request: Verify = %t, %v, want an error", ok, err)
	}
	wantVerify(t, b, "a new connection", "alice", "secret", true)
	proxy.CutAtRequest()
	wantVerify(t, b, "a kept connection is replaced", "alice", "secret", true)
	proxy.CutAtRequest()
	wantHas(t, b, "a kept connection is replaced", "alice", true)
	proxy.CutAtRequest()
	wantVerify(t, b, "a kept connection is replaced", "alice", "wrong", false)
}

func testConnections(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	proxy := ldaptest.NewProxy(t, dir.Addr())
	b := mustNew(t, Options{Addr: proxy.Addr(), Base: ldaptest.Base, Connections: 2})
	for range 5 {
		wantVerify(t, b, "one after the other", "alice", "secret", true)
		wantVerify(t, b, "one after the other", "alice", "wrong", false)
		wantHas(t, b, "one after the other", "unknown", false)
	}
	if _, made := proxy.Connections(); made != 1 {
		t.Errorf("made %d connections, want 1", made)
	}
	concurrently(16, func() { wantVerify(t, b, "at once", "alice", "secret", true) })
	if _, made := proxy.Connections(); made > 2 {
		t.Errorf("made %d connections, want at most 2", made)
	}
}

func testSilentServer(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	proxy := ldaptest.NewProxy(t, dir.Addr())
	b := mustNew(t, Options{Addr: proxy.Addr(), Base: ldaptest.Base, Timeout: time.Minute, Connections: 1})
	wantVerify(t, b, "before", "alice", "secret", true)
	proxy.Mute(true)
	proxy.Requests()
	ctx, cancel := context.WithCancel(t.Context())
	group := sync.WaitGroup{}
	group.Go(func() {
		if ok, err := b.Verify(ctx, nil, "alice", hermes.NewSecret("secret")); ok || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: Verify = %t, %v, want context.Canceled", ok, err)
		}
	})
	awaitRequest(proxy)
	cancel()
	group.Wait()
	impatient := mustNew(t, Options{Addr: proxy.Addr(), Base: ldaptest.Base, Timeout: 50 * time.Millisecond})
	if err := wantError(t, impatient, "no answer", "alice", "secret"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want context.DeadlineExceeded", err)
	}
	proxy.Mute(false)
	wantVerify(t, b, "the server answers again", "alice", "secret", true)
}

// awaitRequest waits until the proxy has seen a request. The time limit is that of the test binary.
func awaitRequest(proxy *ldaptest.Proxy) {
	for tick := time.NewTicker(time.Millisecond); len(proxy.Requests()) == 0; {
		<-tick.C
	}
}

func testAllConnectionsInUse(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	proxy := ldaptest.NewProxy(t, dir.Addr())
	proxy.Mute(true)
	b := mustNew(t, Options{Addr: proxy.Addr(), Base: ldaptest.Base, Timeout: time.Minute, Connections: 1})
	ctx, cancel := context.WithCancel(t.Context())
	group := sync.WaitGroup{}
	group.Go(func() {
		if ok, err := b.Verify(ctx, nil, "alice", hermes.NewSecret("secret")); ok || err == nil {
			t.Errorf("the call with the connection: Verify = %t, %v, want an error", ok, err)
		}
	})
	awaitRequest(proxy)
	short, end := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer end()
	_, err := b.Verify(short, nil, "alice", hermes.NewSecret("secret"))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("the call that waits: got %v, want the deadline and the reason", err)
	}
	cancel()
	group.Wait()
}

func TestBackend_Close(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	proxy := ldaptest.NewProxy(t, dir.Addr())
	b := mustNew(t, Options{Addr: proxy.Addr(), Base: ldaptest.Base})
	concurrently(4, func() { wantVerify(t, b, "before", "alice", "secret", true) })
	for range 2 {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		wantError(t, b, "after", "alice", "secret")
	}
	// The connections are closed at last. The time limit is that of the test binary.
	for tick := time.NewTicker(time.Millisecond); ; <-tick.C {
		if open, _ := proxy.Connections(); open == 0 {
			break
		}
	}
}

// A connection that was unused for too long is not used again.
func TestPool_takeUnused(t *testing.T) {
	t.Parallel()
	made := 0
	p := newPool(1, func(context.Context) (*conn, error) {
		made++
		near, far := net.Pipe()
		t.Cleanup(func() { far.Close() })
		c := &conn{Conn: goldap.NewConn(near, false), raw: near}
		c.Start()
		return c, nil
	})
	t.Cleanup(p.close)
	now := time.Unix(0, 0)
	p.now = func() time.Time { return now }
	for _, row := range []struct {
		after time.Duration
		want  int
		why   string
	}{
		{0, 1, "the first connection"},
		{59 * time.Second, 1, "used a moment ago"},
		{59 * time.Second, 1, "used a moment ago, although made long before"},
		{60 * time.Second, 2, "unused for so long that a firewall may have dropped it"},
		{time.Second, 2, "the new connection"},
	} {
		now = now.Add(row.after)
		if err := p.do(t.Context(), func(*conn) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if made != row.want {
			t.Errorf("%s: made %d connections, want %d", row.why, made, row.want)
		}
	}
}

func TestIsAnswer(t *testing.T) {
	t.Parallel()
	invalidCredentials := goldap.NewError(goldap.LDAPResultInvalidCredentials, errors.New("wrong password"))
	for _, row := range []struct {
		err  error
		want bool
		why  string
	}{
		{invalidCredentials, true, "a result of the server"},
		{fmt.Errorf("bind: %w", invalidCredentials), true, "a wrapped result of the server"},
		{goldap.NewError(goldap.ErrorNetwork, io.EOF), false, "a fault of the connection"},
		{io.EOF, false, "another error"},
	} {
		if got := isAnswer(row.err); got != row.want {
			t.Errorf("isAnswer(%v) = %t, want %t: %s", row.err, got, row.want, row.why)
		}
	}
}
