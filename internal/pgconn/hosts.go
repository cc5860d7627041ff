package pgconn

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

const (
	// silentAfter is how long a statement waits before its host is asked for a sign of life, and how
	// long the host has for that. A silent host is so left within twice that time.
	silentAfter = 2 * time.Second
	// probeFresh is how long the result of asking a host is used by other connections.
	probeFresh = 500 * time.Millisecond
)

// Hosts are the servers of a URL, and what is known about them. Pools that share Hosts learn from
// each other which server to use. It is safe for concurrent use.
//
// The servers are tried in turn, beginning with the one that was used last, until one is as the
// parameter target_session_attrs wants it: any failure is a reason to try the next. If there are
// several servers, a statement that waits for 2 s makes a probe: a new connection to its server,
// and the first byte of an answer. If the server does not answer that within 2 s, all connections
// to it are closed. A stopped server and a lost network look the same to a client, and only the
// server can say that a statement takes long.
type Hosts struct {
	attrs string
	all   []*host
	first atomic.Pointer[host] // tried first
}

// NewHosts returns the servers of a URL; see [ParseURL].
func NewHosts(url string) (*Hosts, error) {
	t, err := ParseURL(url)
	if err != nil {
		return nil, err
	}
	return newHosts(t), nil
}

// NewReplicaHosts is NewHosts for servers that are only read: target_session_attrs defaults to
// prefer-standby where there are several.
func NewReplicaHosts(url string) (*Hosts, error) {
	t, err := ParseURL(url)
	if err != nil {
		return nil, err
	}
	if len(t.Hosts) > 1 && !t.attrsGiven {
		t.SessionAttrs = preferStandby
	}
	return newHosts(t), nil
}

func newHosts(t Targets) *Hosts {
	h := &Hosts{attrs: t.SessionAttrs}
	for _, target := range t.Hosts {
		one := &host{Target: target, hosts: h, open: map[*guardedConn]struct{}{}}
		one.dialer.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: silentAfter, Interval: time.Second, Count: 3}
		one.dial = one.dialer.DialContext
		h.all = append(h.all, one)
	}
	h.first.Store(h.all[0])
	return h
}

// several reports whether there is another server if one fails.
func (h *Hosts) several() bool { return len(h.all) > 1 }

// order returns the servers in the order in which they are tried. Those that were silent when they
// were last tried come last, because each of them takes its time.
func (h *Hosts) order() []*host {
	i := slices.Index(h.all, h.first.Load())
	all := slices.Concat(h.all[i:], h.all[:i])
	slices.SortStableFunc(all, func(a, b *host) int {
		switch aSilent, bSilent := a.silent.Load(), b.silent.Load(); {
		case aSilent == bSilent:
			return 0
		case aSilent:
			return 1
		}
		return -1
	})
	return all
}

// passes returns the values of target_session_attrs with which the servers are tried.
func (h *Hosts) passes() []string {
	if h.attrs == preferStandby {
		return []string{standby, anyServer}
	}
	return []string{h.attrs}
}

// use notes that a server is the one to use. Connections to others that are idle are not used again
// where only one server can be right.
func (h *Hosts) use(used *host) {
	if h.first.Swap(used) == used || h.attrs != readWrite && h.attrs != primary {
		return
	}
	for _, other := range h.all {
		if other != used {
			other.generation.Add(1)
		}
	}
}

// host is one server of Hosts.
type host struct {
	Target
	hosts  *Hosts
	dialer net.Dialer
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	// generation is that of the connections that may be used. Idle connections of an earlier one are
	// closed instead.
	generation atomic.Int64
	silent     atomic.Bool // whether it did not answer when it was last tried

	mu   sync.Mutex
	open map[*guardedConn]struct{} // the connections that leave when the server is silent
	last *probe                    // nil if there was none
}

// adopt makes a connection, which was made in a generation, one that can be used.
func (h *host) adopt(c *guardedConn, generation int64, leaves bool) {
	c.host, c.generation = h, generation
	c.leaves.Store(leaves)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open[c] = struct{}{}
}

// forget is called when a connection is closed.
func (h *host) forget(c *guardedConn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, c)
}

// leave makes connections that are idle, or become idle, not be used again: the server answers, but
// does not do what the connections are for.
func (h *host) leave() { h.generation.Add(1) }

// abandon closes all connections to a silent server.
func (h *host) abandon() {
	h.silent.Store(true)
	h.leave()
	h.mu.Lock()
	var all []*guardedConn
	for c := range h.open {
		all = append(all, c)
	}
	h.mu.Unlock()
	for _, c := range all {
		c.abort()
	}
}

// probe is an attempt to get an answer from a server.
type probe struct {
	began time.Time
	done  chan struct{} // closed at the end
	err   error         // valid at the end
}

// answers returns nil if the server answers a new connection within silentAfter. Concurrent callers
// share a probe.
func (h *host) answers() error {
	h.mu.Lock()
	p := h.last
	mine := p == nil || time.Since(p.began) > silentAfter+probeFresh || p.isDone() && time.Since(p.began) > probeFresh
	if mine {
		p = &probe{began: time.Now(), done: make(chan struct{})}
		h.last = p
	}
	h.mu.Unlock()
	if mine {
		p.err = h.ask()
		close(p.done)
	}
	<-p.done
	return p.err
}

func (p *probe) isDone() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// sslRequest is the first message of a client that asks for TLS. Every server answers it by one
// byte, before it looks at users, databases or the number of connections.
var sslRequest = []byte{0, 0, 0, 8, 4, 210, 22, 47}

// ask makes a probe. Its error is not a net.Error, because the statements that wait did not exceed
// their own time.
func (h *host) ask() error {
	ctx, cancel := context.WithTimeout(context.Background(), silentAfter)
	defer cancel()
	nc, err := h.dial(ctx, h.Network, h.Addr)
	if err == nil {
		defer nc.Close()
		deadline, _ := ctx.Deadline()
		err = nc.SetDeadline(deadline)
	}
	if err == nil {
		_, err = nc.Write(sslRequest)
	}
	if err == nil {
		_, err = io.ReadFull(nc, make([]byte, 1))
	}
	if err != nil {
		return fmt.Errorf("%s is silent: a statement waits, and a new connection has no answer: %s", h.Addr, err)
	}
	return nil
}

// session is what a server says about a new connection.
type session struct{ inRecovery, readOnly bool }

// is reports whether the server is as a value of target_session_attrs wants it.
func (s session) is(attrs string) bool {
	switch attrs {
	case readWrite:
		return !s.readOnly
	case readOnly:
		return s.readOnly
	case primary:
		return !s.inRecovery
	case standby:
		return s.inRecovery
	}
	return true
}

// readSession asks the server of a new connection.
func readSession(ctx context.Context, cn *pgdriver.Conn) (s session, err error) {
	rows, err := cn.QueryContext(ctx, "SELECT pg_catalog.pg_is_in_recovery(), "+
		"pg_catalog.current_setting('transaction_read_only')::pg_catalog.bool", nil)
	if err != nil {
		return s, err
	}
	row := make([]driver.Value, 2)
	if err := rows.Next(row); err != nil {
		return s, errors.Join(err, rows.Close())
	}
	s.inRecovery, _ = row[0].(bool)
	s.readOnly, _ = row[1].(bool)
	return s, rows.Close()
}

// readOnlyState is the SQLSTATE of a change that a server in recovery, or a session that is set to
// be read-only, refuses.
const readOnlyState = "25006"

// unfitError is the error of a server that is not as target_session_attrs wants it.
type unfitError struct {
	attrs string
	session
}

// Error implements error.
func (e unfitError) Error() string {
	is := "a primary that accepts changes"
	switch {
	case e.inRecovery:
		is = "a standby"
	case e.readOnly:
		is = "a primary that accepts no changes"
	}
	return "it is " + is + ", want target_session_attrs=" + e.attrs
}

// SQLState returns the state of a change that is refused, for [State].
func (unfitError) SQLState() string { return readOnlyState }

// hostsError has the errors of the servers, in the order in which they were tried.
type hostsError struct {
	addrs []string
	errs  []error
}

// Error implements error.
func (e hostsError) Error() string {
	var b strings.Builder
	b.WriteString("no host serves")
	for i, addr := range e.addrs {
		fmt.Fprintf(&b, "; %s: %s", addr, e.errs[i])
	}
	return b.String()
}

// Unwrap returns the errors of the servers.
func (e hostsError) Unwrap() []error { return e.errs }
