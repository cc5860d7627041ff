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

// hostCovers reports whether a key that is bound to inner can be used only where one that is bound
// to outer can: each range of inner lies in a range of outer, or both are the same name.
func hostCovers(outer, inner string) bool {
	o, outerErr := parseHostRule(outer)
	i, innerErr := parseHostRule(inner)
	if outerErr != nil || innerErr != nil || o.name != i.name {
		return false
	}
	for _, r := range i.ranges {
		within := func(p netip.Prefix) bool { return p.Bits() <= r.Bits() && p.Contains(r.Addr()) }
		if !slices.ContainsFunc(o.ranges, within) {
			return false
		}
	}
	return true
}

const (
	hostCacheTime  = 30 * time.Second
	hostFailedTime = 5 * time.Second
	hostCacheSize  = 1024
	lookupTimeout  = 2 * time.Second
)

// hostCache keeps look-ups for hostCacheTime, because every request of a key that is bound to a
// name needs one, and failed ones for hostFailedTime.
type hostCache struct {
	resolver Resolver
	mu       sync.Mutex
	entries  map[string]*hostEntry
}

// hostEntry is a look-up, or its result.
type hostEntry struct {
	done chan struct{} // closed when the look-up has ended, and what follows is set

	addrs []netip.Addr // none if it failed
	at    time.Time
	keep  time.Duration
}

func newHostCache(r Resolver) *hostCache {
	return &hostCache{resolver: r, entries: map[string]*hostEntry{}}
}

// lookup returns the addresses of a name. Concurrent calls for one name share a look-up.
func (h *hostCache) lookup(ctx context.Context, name string, now time.Time) []netip.Addr {
	h.mu.Lock()
	e, ok := h.entries[name]
	if !ok || e.isOver(now) {
		if !ok && len(h.entries) >= hostCacheSize {
			clear(h.entries)
		}
		e = &hostEntry{done: make(chan struct{})}
		h.entries[name] = e
		// The look-up goes on if this caller goes away, since others may wait for it.
		go h.resolve(context.WithoutCancel(ctx), name, now, e)
	}
	h.mu.Unlock()
	select {
	case <-e.done:
		return e.addrs
	case <-ctx.Done():
		return nil
	}
}

// isOver reports whether the entry has a result that is not to be used any more.
func (e *hostEntry) isOver(now time.Time) bool {
	select {
	case <-e.done:
		return !now.Before(e.at.Add(e.keep))
	default:
		return false
	}
}

func (h *hostCache) resolve(ctx context.Context, name string, now time.Time, e *hostEntry) {
	defer close(e.done)
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	addrs, err := h.resolver.LookupNetIP(ctx, "ip", name)
	e.at, e.keep = now, hostCacheTime
	if err != nil {
		e.keep = hostFailedTime
		return
	}
	e.addrs = slices.Clone(addrs) // the resolver may keep its slice
	for i, a := range e.addrs {
		e.addrs[i] = a.Unmap().WithZone("")
	}
}
