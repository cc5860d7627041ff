package main

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// networkShare is the part of max-connections that clients of one network may have.
const networkShare = 16

// connectionWait is how long a connection waits for a place. Phones of one office start at once
// after a power cut, and are not served for long each.
const connectionWait = 5 * time.Second

// connLimiter is a listener that lets a connection wait if there are too many, of all clients or of
// the client's network, and closes it if too many wait or it waits for too long.
type connLimiter struct {
	*net.TCPListener
	places   *hermes.Places[netip.Prefix]
	proxies  []netip.Prefix  // the networks of proxies, which have no share: each serves many clients
	refused  *hermes.Sampler // of the log lines about closed connections
	accepted chan acceptance // is not buffered: a connection is either taken by Accept or closed
	ctx      context.Context // ends when the listener is closed
	cancel   context.CancelFunc

	finishing atomic.Bool    // accept no more
	accepting sync.WaitGroup // run, and the connections that wait
	open      requestCounter // the connections that are served
}

// acceptance is a result of Accept.
type acceptance struct {
	conn net.Conn
	err  error
}

// newConnLimiter begins to accept connections. As many may wait as one network may have.
func newConnLimiter(l *net.TCPListener, c *config, wait time.Duration, log *slog.Logger) *connLimiter {
	most := int(c.maxConnections)
	share := max(1, most/networkShare)
	limited := &connLimiter{
		TCPListener: l, proxies: c.trustedProxies, accepted: make(chan acceptance),
		places: hermes.NewPlaces[netip.Prefix](hermes.PlaceLimits{Total: most, Share: share, Queue: share, Wait: wait}),
		refused: hermes.NewSampler(0, func(count int) {
			log.Warn("connections were closed: max-connections allows no more, or no more of one network", "count", count)
		}),
	}
	limited.ctx, limited.cancel = context.WithCancel(context.Background())
	limited.accepting.Go(limited.run)
	return limited
}

// run accepts connections until the listener is closed.
func (l *connLimiter) run() {
	for {
		c, err := l.AcceptTCP()
		if err != nil {
			if l.finishing.Load() || !l.deliver(acceptance{err: err}) {
				return
			}
			continue
		}
		if give, ok := l.places.TryTake(l.network(c)); ok {
			l.serve(c, give)
			continue
		}
		l.accepting.Go(func() { l.wait(c) })
	}
}

// finish accepts no more connections, and returns when Accept has returned those that were accepted
// before. Accept has to be called meanwhile. The channel is closed when all connections are.
func (l *connLimiter) finish() <-chan struct{} {
	l.finishing.Store(true)
	_ = l.SetDeadline(time.Unix(1, 0)) // ends AcceptTCP
	l.accepting.Wait()
	return l.open.drain()
}

// wait serves a connection when it gets a place.
func (l *connLimiter) wait(c *net.TCPConn) {
	give, ok := l.places.Take(l.ctx, l.network(c))
	if !ok {
		c.Close()
		l.refused.Allow()
		return
	}
	l.serve(c, give)
}

// serve hands a connection with a place to Accept.
func (l *connLimiter) serve(c *net.TCPConn, give func()) {
	l.open.begin()
	limited := &limitedConn{TCPConn: c, give: sync.OnceFunc(func() {
		give()
		l.open.end()
	})}
	if !l.deliver(acceptance{conn: limited}) {
		limited.Close()
	}
}

// deliver hands a result to Accept. It returns false if the listener was closed.
func (l *connLimiter) deliver(a acceptance) bool {
	select {
	case l.accepted <- a:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// Accept implements [net.Listener].
func (l *connLimiter) Accept() (net.Conn, error) {
	select {
	case a := <-l.accepted:
		return a.conn, a.err
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener]. Connections that wait are closed.
func (l *connLimiter) Close() error {
	l.cancel()
	return l.TCPListener.Close()
}

// network returns the network that the connection counts against, or the zero Prefix if it comes
// from a proxy.
func (l *connLimiter) network(c *net.TCPConn) netip.Prefix {
	peer, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	address := peer.AddrPort().Addr().Unmap().WithZone("")
	for _, p := range l.proxies {
		if p.Contains(address) {
			return netip.Prefix{}
		}
	}
	return hermes.NetworkOf(address)
}

// limitedConn is a connection that has a place.
type limitedConn struct {
	*net.TCPConn
	give func() // gives the place back; may be called more than once
}

// Close implements [net.Conn].
func (c *limitedConn) Close() error {
	defer c.give()
	return c.TCPConn.Close()
}
