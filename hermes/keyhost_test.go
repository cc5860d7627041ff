package hermes

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// mapResolver is a Resolver that knows the hosts in addrs and records what it was asked.
type mapResolver struct {
	addrs map[string][]string
	asked []string
}

func (r *mapResolver) LookupNetIP(ctx context.Context, network, host string) (found []netip.Addr, err error) {
	r.asked = append(r.asked, network+" "+host)
	if _, ok := ctx.Deadline(); !ok {
		return nil, errors.New("a look-up without a deadline")
	}
	texts, ok := r.addrs[host]
	if !ok {
		return nil, errors.New("no such host")
	}
	for _, s := range texts {
		found = append(found, netip.MustParseAddr(s))
	}
	return found, nil
}

// newHostClient returns a Client for hostAllows, whose clock shows *now.
func newHostClient(r Resolver, now *time.Time) *Client {
	opts := &Options{Now: func() time.Time { return *now }}
	return &Client{opts: opts, clock: newClock(opts.Now), hosts: newHostCache(r)}
}

func TestClient_hostAllows(t *testing.T) {
	t.Parallel()
	resolver := &mapResolver{addrs: map[string][]string{
		"ci.example.com":    {"192.0.2.7", "2001:db8::7", "::ffff:192.0.2.8"},
		"local.example.com": {"fe80::7%eth0"},
		"empty.example.com": {},
	}}
	now := time.Unix(1e9, 0)
	for _, r := range []struct {
		rule         string
		host, remote string
		want         bool
	}{
		{"a key pair that is bound to no host", "", "192.0.2.1", true},
		{"no host and an unknown address", "", "", true},
		{"an address", "192.0.2.1", "192.0.2.1", true},
		{"another address", "192.0.2.1", "192.0.2.2", false},
		{"an IPv4 address as a dual-stack socket shows it", "192.0.2.1", "::ffff:192.0.2.1", true},
		{"a key that is bound to a mapped address", "::ffff:192.0.2.1", "192.0.2.1", true},
		{"an unknown address", "192.0.2.1", "", false},
		{"the last address of a range", "192.0.2.0/24", "192.0.2.255", true},
		{"the first address after a range", "192.0.2.0/24", "192.0.3.0", false},
		{"a mapped address in a range", "192.0.2.0/24", "::ffff:192.0.2.9", true},
		{"the second range", "192.0.2.0/25,198.51.100.0/24", "198.51.100.1", true},
		{"an address after a range", "192.0.2.0/25,198.51.100.7", "198.51.100.7", true},
		{"all of IPv4 has no IPv6 address", "0.0.0.0/0", "2001:db8::1", false},
		{"all of IPv6 has no IPv4 address", "::/0", "192.0.2.1", false},
		{"an IPv6 range", "2001:db8::/32", "2001:db8:ffff::1", true},
		{"another spelling of an IPv6 address", "2001:db8::1", "2001:db8:0::1", true},
		{"the zone of an address is ignored", "fe80::/10", "fe80::1%eth0", true},
		{"a name that resolves to the address", "ci.example.com", "192.0.2.7", true},
		{"names are not case-sensitive", "CI.Example.com", "2001:db8::7", true},
		{"a name that resolves to a mapped address", "ci.example.com", "192.0.2.8", true},
		{"a name and a mapped remote address", "ci.example.com", "::ffff:192.0.2.7", true},
		{"the zones of resolved addresses are ignored", "local.example.com", "fe80::7%eth1", true},
		{"a name that resolves to other addresses", "ci.example.com", "192.0.2.9", false},
		{"a name without addresses", "empty.example.com", "192.0.2.7", false},
		{"a name that does not resolve", "gone.example.com", "192.0.2.7", false},
		{"a name and an unknown address", "ci.example.com", "", false},
		{"a rule that cannot be read", "192.0.2.0/24 ", "192.0.2.1", false},
	} {
		var remote netip.Addr
		if r.remote != "" {
			remote = netip.MustParseAddr(r.remote)
		}
		if got := newHostClient(resolver, &now).hostAllows(t.Context(), r.host, remote); got != r.want {
			t.Errorf("%s: host %q, remote %q: got %v, want %v", r.rule, r.host, r.remote, got, r.want)
		}
	}
}

func TestParseHostRule(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"192.0.2.1", "2001:db8::1", "192.0.2.0/24", "192.0.2.1/32", "0.0.0.0/0", "::/0",
		"192.0.2.0/24,2001:db8::/32,198.51.100.1", "localhost", "ci.example.com", "xn--mnchen-3ya.example",
	} {
		if _, err := parseHostRule(in); err != nil {
			t.Errorf("%q: got %v, want nil", in, err)
		}
	}
	for _, r := range []struct{ rule, in string }{
		{"an empty text", ""},
		{"a comma alone", ","},
		{"a trailing comma", "192.0.2.1,"},
		{"a blank after the comma", "192.0.2.0/24, 198.51.100.1"},
		{"IPv4 host bits: the range and the address are both possible", "192.0.2.1/24"},
		{"IPv6 host bits", "2001:db8::1/32"},
		{"a prefix that is too long", "192.0.2.0/33"},
		{"an empty prefix", "192.0.2.0/"},
		{"an octet over 255", "192.0.2.256"},
		{"three octets, which are not a name either", "192.0.2"},
		{"a leading zero, which some programs read as octal", "192.0.02.1"},
		{"a mapped range, which no address could match", "::ffff:192.0.2.0/120"},
		{"a zone", "fe80::1%eth0"},
		{"a name and a range", "ci.example.com,192.0.2.1"},
		{"two names", "a.example,b.example"},
		{"a wildcard", "*.example.com"},
		{"a label that begins with a hyphen", "-a.example.com"},
		{"a port", "ci.example.com:443"},
		{"a URL", "http://ci.example.com"},
		{"brackets", "[2001:db8::1]"},
		{"a name that is not in its ASCII form", "münchen.example"},
		{"a line feed", "ci.example.com\n"},
		{"more than 255 characters", strings.Repeat("192.0.2.1,", 30)},
	} {
		if rule, err := parseHostRule(r.in); !errors.Is(err, Parameters) || rule.name != "" || rule.ranges != nil {
			t.Errorf("%s: %q: got %v, %v; want the cause %s", r.rule, r.in, rule, err, Parameters)
		}
	}
}

func TestHostCache_lookup(t *testing.T) {
	t.Parallel()
	const host = "ci.example.com"
	resolver := &mapResolver{addrs: map[string][]string{host: {"192.0.2.7"}}}
	now := time.Unix(1e9, 0)
	c := newHostClient(resolver, &now)
	allows := func(remote string) bool { return c.hostAllows(t.Context(), host, netip.MustParseAddr(remote)) }
	for remote, want := range map[string]bool{"192.0.2.7": true, "192.0.2.8": false} {
		for range 2 {
			if got := allows(remote); got != want {
				t.Errorf("from %s: got %v, want %v", remote, got, want)
			}
		}
	}
	if want := []string{"ip " + host}; !slices.Equal(resolver.asked, want) {
		t.Errorf("the look-ups for four requests are %q, want %q", resolver.asked, want)
	}

	resolver.addrs[host] = []string{"192.0.2.8"}
	now = now.Add(30*time.Second - 1)
	if !allows("192.0.2.7") {
		t.Error("a look-up was dropped before 30 seconds had passed")
	}
	now = now.Add(1)
	if allows("192.0.2.7") || !allows("192.0.2.8") {
		t.Error("the new address of the host is not used after 30 seconds")
	}

	delete(resolver.addrs, host)
	now = now.Add(30 * time.Second)
	for range 2 {
		if allows("192.0.2.8") {
			t.Error("a host that does not resolve any more is still allowed")
		}
	}
	if len(resolver.asked) != 3 {
		t.Errorf("got %d look-ups, want 3: a failed look-up is kept", len(resolver.asked))
	}
	resolver.addrs[host] = []string{"192.0.2.8"}
	now = now.Add(hostFailedTime - 1)
	if allows("192.0.2.8") {
		t.Errorf("a failed look-up was dropped before %s had passed", hostFailedTime)
	}
	now = now.Add(1)
	if !allows("192.0.2.8") {
		t.Errorf("a failed look-up is kept for more than %s", hostFailedTime)
	}

	resolver.addrs[host] = []string{"192.0.2.9"}
	now = now.Add(-time.Hour)
	allows("192.0.2.8")
	now = now.Add(30 * time.Second)
	if allows("192.0.2.8") || !allows("192.0.2.9") {
		t.Error("a look-up is kept until the clock, which was set back, shows its time again")
	}
}

// waitingResolver is a Resolver that answers when the test lets it.
type waitingResolver struct {
	asked  atomic.Int32
	answer chan []netip.Addr
}

func (r *waitingResolver) LookupNetIP(ctx context.Context, _, _ string) ([]netip.Addr, error) {
	r.asked.Add(1)
	select {
	case addrs := <-r.answer:
		return addrs, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Concurrent calls share one look-up, which does not end with the first of them.
func TestHostCache_lookup_shared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		resolver := &waitingResolver{answer: make(chan []netip.Addr)}
		h := newHostCache(resolver)
		remote := netip.MustParseAddr("192.0.2.7")
		first, cancel := context.WithCancel(t.Context())
		gone := make(chan []netip.Addr)
		go func() { gone <- h.lookup(first, "ci.example.com", time.Now()) }()
		synctest.Wait()
		found := make(chan []netip.Addr)
		for range 8 {
			go func() { found <- h.lookup(t.Context(), "ci.example.com", time.Now()) }()
		}
		synctest.Wait()
		cancel()
		if addrs := <-gone; addrs != nil {
			t.Errorf("got %v for a call that was cancelled, want none", addrs)
		}
		resolver.answer <- []netip.Addr{remote}
		for range 8 {
			if addrs := <-found; !slices.Equal(addrs, []netip.Addr{remote}) {
				t.Errorf("got %v, want %v", addrs, remote)
			}
		}
		if n := resolver.asked.Load(); n != 1 {
			t.Errorf("got %d look-ups, want 1", n)
		}
	})
}

func TestHostCovers(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule         string
		outer, inner string
		want         bool
	}{
		{"the same address", "192.0.2.1", "192.0.2.1", true},
		{"another spelling of the address", "192.0.2.1", "::ffff:192.0.2.1", true},
		{"another address", "192.0.2.1", "192.0.2.2", false},
		{"an address in the range", "192.0.2.0/24", "192.0.2.7", true},
		{"the same range", "192.0.2.0/24", "192.0.2.0/24", true},
		{"a wider range that begins at the same address", "192.0.2.0/24", "192.0.2.0/23", false},
		{"everywhere", "192.0.2.0/24", "0.0.0.0/0", false},
		{"a range in one of two", "192.0.2.0/24,2001:db8::/32", "2001:db8:1::/48", true},
		{"a range in each of two", "192.0.2.0/24,2001:db8::/32", "2001:db8::1,192.0.2.128/25", true},
		{"one of two ranges is outside", "192.0.2.0/24", "192.0.2.1,198.51.100.1", false},
		{"IPv6 in all of IPv4", "0.0.0.0/0", "::/0", false},
		{"no host at all, as a key pair may have", "0.0.0.0/0", "", false},
		{"the same name", "ci.example.com", "CI.example.com", true},
		{"another name", "ci.example.com", "example.com", false},
		{"a name in a range, which could be made to resolve elsewhere", "0.0.0.0/0", "ci.example.com", false},
		{"an address in the place of a name", "ci.example.com", "192.0.2.1", false},
		{"a rule that cannot be read", "192.0.2.0/24 ", "192.0.2.1", false},
	} {
		if got := hostCovers(r.outer, r.inner); got != r.want {
			t.Errorf("%s: hostCovers(%q, %q) = %t, want %t", r.rule, r.outer, r.inner, got, r.want)
		}
	}
}

func TestHostCache_lookup_bounded(t *testing.T) {
	t.Parallel()
	resolver := &mapResolver{addrs: map[string][]string{}}
	now := time.Unix(1e9, 0)
	c := newHostClient(resolver, &now)
	for i := range hostCacheSize + 10 {
		host := fmt.Sprintf("h%d.example.com", i)
		resolver.addrs[host] = []string{"192.0.2.7"}
		if !c.hostAllows(t.Context(), host, netip.MustParseAddr("192.0.2.7")) {
			t.Fatalf("%s is not allowed", host)
		}
	}
	if n := len(c.hosts.entries); n > hostCacheSize {
		t.Errorf("the cache has %d names, want at most %d", n, hostCacheSize)
	}
}
