package main

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"sync"

	"github.com/hermes-voip/go-hermes/hermes"
)

// networkShare is the part of max-connections that clients of one network may have.
const networkShare = 16

// connLimiter is a listener that closes a connection at once if there are too many, of all clients
// or of the client's network.
type connLimiter struct {
	*net.TCPListener
	places  *hermes.Places[netip.Prefix]
	proxies []netip.Prefix  // the networks of proxies, which have no share: each serves many clients
	refused *hermes.Sampler // of the log lines about closed connections
}

func newConnLimiter(l *net.TCPListener, c *config, log *slog.Logger) *connLimiter {
	most := int(c.maxConnections)
	return &connLimiter{
		TCPListener: l, proxies: c.trustedProxies,
		places: hermes.NewPlaces[netip.Prefix](hermes.PlaceLimits{Total: most, Share: max(1, most/networkShare)}),
		refused: hermes.NewSampler(0, func(count int) {
			log.Warn("connections were closed at once: max-connections allows no more, or no more of one network", "count", count)
		}),
	}
}

// Accept implements [net.Listener].
func (l *connLimiter) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptTCP()
		if err != nil {
			return nil, err
		}
		give, ok := l.places.Take(context.Background(), l.network(c))
		if ok {
			return &limitedConn{TCPConn: c, give: sync.OnceFunc(give)}, nil
		}
		c.Close()
		l.refused.Allow()
	}
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
