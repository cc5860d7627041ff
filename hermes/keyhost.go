package hermes

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hermes-voip/go-hermes/sip"
)

// Resolver looks up host names. *net.Resolver implements it.
type Resolver interface {
	// LookupNetIP returns the addresses of a host. network is "ip", for IPv4 and IPv6.
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// hostRule says where an API key may be used from: from ranges of addresses, or from a host by
// name.
type hostRule struct {
	ranges []netip.Prefix
	name   string
}

// parseHostRule reads an IP address, CIDR ranges separated by commas, or a host name.
func parseHostRule(s string) (hostRule, error) {
	if err := checkText("host", s, 255); err != nil {
		return hostRule{}, err
	}
	var rule hostRule
	for part := range strings.SplitSeq(s, ",") {
		p, ok := parseRange(part)
		if !ok {
			return parseHostName(s)
		}
		rule.ranges = append(rule.ranges, p)
	}
	return rule, nil
}

func parseRange(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), a.Zone() == ""
	}
	p, err := netip.ParsePrefix(s)
	return p, err == nil && !p.Addr().Is4In6() && p == p.Masked()
}

func parseHostName(s string) (hostRule, error) {
	d, err := sip.ParseDomain(s)
	if err != nil {
		return hostRule{}, badParameter("host %q: want an IP address, CIDR ranges (without host bits) separated by commas, or a host name", s)
	}
	return hostRule{name: d.String()}, nil
}

// keyUsable reports whether the expiry and the host of a key allow its use now.
func (c *Client) keyUsable(ctx context.Context, host string, expires time.Time) bool {
	return (expires.IsZero() || c.now().Before(expires)) && c.hostAllows(ctx, host, c.actor.Remote)
}

// hostAllows reports whether a key that is bound to host may be used from remote. It returns false
// if it cannot know: the address is unknown, the rule cannot be read, or the name does not resolve.
// Names are resolved forward; a reverse look-up is controlled by the owner of the address.
func (c *Client) hostAllows(ctx context.Context, host string, remote netip.Addr) bool {
	if host == "" {
		return true
	}
	rule, err := parseHostRule(host)
	if err != nil || !remote.IsValid() {
		return false
	}
	remote = remote.Unmap().WithZone("")
	if rule.name != "" {
		return slices.Contains(c.hosts.lookup(ctx, rule.name, c.clock.now()), remote)
	}
	return slices.ContainsFunc(rule.ranges, func(p netip.Prefix) bool { return p.Contains(remote) })
}

const (
	hostCacheTime = 30 * time.Second
	hostCacheSize = 1024
	lookupTimeout = 2 * time.Second
)

// hostCache keeps look-ups for hostCacheTime, because every request of a key that is bound to a
// name needs one.
type hostCache struct {
	resolver Resolver
	mu       sync.Mutex
	found    map[string]hostEntry
}

type hostEntry struct {
	addrs []netip.Addr
	until time.Time
}

func newHostCache(r Resolver) *hostCache {
	return &hostCache{resolver: r, found: map[string]hostEntry{}}
}

func (h *hostCache) lookup(ctx context.Context, name string, now time.Time) []netip.Addr {
	h.mu.Lock()
	e, ok := h.found[name]
	h.mu.Unlock()
	if ok && now.Before(e.until) {
		return e.addrs
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	addrs, err := h.resolver.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return nil
	}
	addrs = slices.Clone(addrs) // the resolver may keep its slice
	for i, a := range addrs {
		addrs[i] = a.Unmap().WithZone("")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.found) >= hostCacheSize {
		clear(h.found)
	}
	h.found[name] = hostEntry{addrs: addrs, until: now.Add(hostCacheTime)}
	return addrs
}
