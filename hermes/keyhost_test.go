package hermes

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// names is a resolver that knows these.
type names struct {
	addrs map[string][]string
	asked []string
}

func (n *names) LookupNetIP(ctx context.Context, network, host string) (found []netip.Addr, err error) {
	n.asked = append(n.asked, network+" "+host)
	if _, ok := ctx.Deadline(); !ok {
		return nil, errors.New("a look-up without a deadline")
	}
	texts, ok := n.addrs[host]
	if !ok {
		return nil, errors.New("no such host")
	}
	for _, s := range texts {
		found = append(found, netip.MustParseAddr(s))
	}
	return found, nil
}

func rules(r Resolver, now *time.Time) *Client {
	return &Client{opts: &Options{Now: func() time.Time { return *now }}, hosts: newHostCache(r)}
}

func TestHostAllows(t *testing.T) {
	known := &names{addrs: map[string][]string{
		"ci.example.com": {"192.0.2.7", "2001:db8::7", "::ffff:192.0.2.8"}, "local.example.com": {"fe80::7%eth0"}, "empty.example.com": {},
	}}
	now := time.Unix(1e9, 0)
	for _, r := range []struct {
		host, remote string
		want         bool
		why          string
	}{
		{"", "192.0.2.1", true, "a key pair that is bound to nothing"},
		{"", "", true, "also from who knows where"},
		{"192.0.2.1", "192.0.2.1", true, "an address"},
		{"192.0.2.1", "192.0.2.2", false, "another address"},
		{"192.0.2.1", "::ffff:192.0.2.1", true, "as a dual-stack socket shows it"},
		{"::ffff:192.0.2.1", "192.0.2.1", true, "the same the other way round"},
		{"192.0.2.1", "", false, "an address that is not known"},
		{"192.0.2.0/24", "192.0.2.255", true, "a range"},
		{"192.0.2.0/24", "192.0.3.0", false, "beyond it"},
		{"192.0.2.0/24", "::ffff:192.0.2.9", true, "a range and a mapped address"},
		{"192.0.2.0/25,198.51.100.0/24", "198.51.100.1", true, "the second range"},
		{"192.0.2.0/25,198.51.100.7", "198.51.100.7", true, "a range and an address"},
		{"0.0.0.0/0", "2001:db8::1", false, "all of IPv4 has no IPv6"},
		{"::/0", "192.0.2.1", false, "nor the other way round"},
		{"2001:db8::/32", "2001:db8:ffff::1", true, "an IPv6 range"},
		{"2001:db8::1", "2001:db8:0::1", true, "another spelling"},
		{"fe80::/10", "fe80::1%eth0", true, "an interface is no part of the address"},
		{"ci.example.com", "192.0.2.7", true, "a name that leads here"},
		{"CI.Example.com", "2001:db8::7", true, "names have no case"},
		{"ci.example.com", "192.0.2.8", true, "an address that DNS gave mapped"},
		{"ci.example.com", "::ffff:192.0.2.7", true, "and a mapped caller"},
		{"local.example.com", "fe80::7%eth1", true, "interfaces again"},
		{"ci.example.com", "192.0.2.9", false, "a name that leads elsewhere"},
		{"empty.example.com", "192.0.2.7", false, "a name without addresses"},
		{"gone.example.com", "192.0.2.7", false, "a name that does not resolve"},
		{"ci.example.com", "", false, "a name, for an address that is not known"},
		{"192.0.2.0/24 ", "192.0.2.1", false, "a rule that cannot be read"},
	} {
		var remote netip.Addr
		if r.remote != "" {
			remote = netip.MustParseAddr(r.remote)
		}
		if got := rules(known, &now).hostAllows(t.Context(), r.host, remote); got != r.want {
			t.Errorf("%q from %q: %v, want %v: %s", r.host, r.remote, got, r.want, r.why)
		}
	}
}

func TestParseHost(t *testing.T) {
	for _, in := range []string{
		"192.0.2.1", "2001:db8::1", "192.0.2.0/24", "192.0.2.1/32", "0.0.0.0/0", "::/0", "192.0.2.0/24,2001:db8::/32,198.51.100.1",
		"localhost", "ci.example.com", "xn--mnchen-3ya.example",
	} {
		if _, err := parseHostRule(in); err != nil {
			t.Errorf("%q: %v", in, err)
		}
	}
	for _, r := range []struct{ in, why string }{
		{"", "nothing"}, {",", "two nothings"}, {"192.0.2.1,", "a comma too many"}, {"192.0.2.0/24, 198.51.100.1", "a blank"},
		{"192.0.2.1/24", "host bits: which is meant?"}, {"2001:db8::1/32", "host bits"}, {"192.0.2.0/33", "too long a prefix"}, {"192.0.2.0/", "no prefix"},
		{"192.0.2.256", "no octet"}, {"192.0.2", "three octets, which is no name"}, {"192.0.02.1", "a leading zero, octal for some"},
		{"::ffff:192.0.2.0/120", "a mapped range, which no caller could match"}, {"fe80::1%eth0", "an interface"},
		{"ci.example.com,192.0.2.1", "a name among ranges"}, {"a.example,b.example", "two names"}, {"*.example.com", "a wildcard"},
		{"-a.example.com", "no host name"}, {"ci.example.com:443", "a port"}, {"http://ci.example.com", "a URL"}, {"[2001:db8::1]", "brackets"},
		{"münchen.example", "not in its ASCII form"}, {"ci.example.com\n", "a line break"}, {strings.Repeat("192.0.2.1,", 30), "over 255 characters"},
	} {
		if rule, err := parseHostRule(r.in); !errors.Is(err, Parameters) || rule.name != "" || rule.ranges != nil {
			t.Errorf("%q: %v, %v; want parameters: %s", r.in, rule, err, r.why)
		}
	}
}

func TestHostCache(t *testing.T) {
	known := &names{addrs: map[string][]string{"ci.example.com": {"192.0.2.7"}}}
	now := time.Unix(1e9, 0)
	c := rules(known, &now)
	allows := func(host, remote string) bool { return c.hostAllows(t.Context(), host, netip.MustParseAddr(remote)) }
	if !allows("ci.example.com", "192.0.2.7") || !allows("ci.example.com", "192.0.2.7") || allows("ci.example.com", "192.0.2.8") {
		t.Error("the name is not taken for its address")
	}
	if want := []string{"ip ci.example.com"}; !slices.Equal(known.asked, want) {
		t.Errorf("asked %q for three requests, want %q", known.asked, want)
	}
	known.addrs["ci.example.com"] = []string{"192.0.2.8"}
	now = now.Add(30*time.Second - 1)
	if !allows("ci.example.com", "192.0.2.7") {
		t.Error("a look-up was forgotten before 30 seconds")
	}
	now = now.Add(1)
	if allows("ci.example.com", "192.0.2.7") || !allows("ci.example.com", "192.0.2.8") {
		t.Error("the name's new address is not seen after 30 seconds")
	}
	delete(known.addrs, "ci.example.com")
	now = now.Add(30 * time.Second)
	for range 2 {
		if allows("ci.example.com", "192.0.2.8") {
			t.Error("a name that no longer resolves still lets in")
		}
	}
	if len(known.asked) != 4 {
		t.Errorf("asked %d times, want 4: that a name does not resolve is not kept", len(known.asked))
	}
}

func TestHostCacheIsBounded(t *testing.T) {
	known := &names{addrs: map[string][]string{}}
	now := time.Unix(1e9, 0)
	c := rules(known, &now)
	for i := range hostCacheSize + 10 {
		host := fmt.Sprintf("h%d.example.com", i)
		known.addrs[host] = []string{"192.0.2.7"}
		if !c.hostAllows(t.Context(), host, netip.MustParseAddr("192.0.2.7")) {
			t.Fatalf("%s is not allowed", host)
		}
	}
	if n := len(c.hosts.found); n > hostCacheSize {
		t.Errorf("%d names are kept, want %d at most", n, hostCacheSize)
	}
}
