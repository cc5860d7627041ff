package api

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestClientAddr(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}
	for _, row := range []struct {
		why, peer string
		forwarded []string
		want      string
	}{
		{"no proxy", "192.0.2.1:5000", nil, "192.0.2.1"},
		{"who is no proxy is not believed", "192.0.2.1:5000", []string{"198.51.100.1"}, "192.0.2.1"},
		{"a proxy", "10.0.0.1:5000", []string{"198.51.100.1"}, "198.51.100.1"},
		{"the rightmost hop counts", "10.0.0.1:5000", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
		{"a chain of proxies", "10.0.0.1:5000", []string{"203.0.113.9, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"in two headers", "10.0.0.1:5000", []string{"203.0.113.9", "198.51.100.1,10.0.0.2"}, "198.51.100.1"},
		{"nobody but proxies", "10.0.0.1:5000", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a proxy that says nothing", "10.0.0.1:5000", nil, "10.0.0.1"},
		{"empty hops", "10.0.0.1:5000", []string{" , 198.51.100.1, "}, "198.51.100.1"},
		{"with a port", "10.0.0.1:5000", []string{"198.51.100.1:6000"}, "198.51.100.1"},
		{"IPv6", "[2001:db8:1::1]:5000", []string{"2001:db8:2::9"}, "2001:db8:2::9"},
		{"IPv6 with a port", "[2001:db8:1::1]:5000", []string{"[2001:db8:2::9]:443"}, "2001:db8:2::9"},
		{"a peer that is mapped into IPv6", "[::ffff:10.0.0.1]:5000", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a hop that is mapped into IPv6", "10.0.0.1:5000", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"a zone is none of the address", "[fe80::1%eth0]:5000", nil, "fe80::1"},
		{"garbage makes the client unknown, not a proxy of it", "10.0.0.1:5000", []string{"198.51.100.1, unknown"}, "invalid IP"},
		{"what stands left of the client is not read", "10.0.0.1:5000", []string{"garbage, 198.51.100.1"}, "198.51.100.1"},
		{"a Unix socket", "@", []string{"198.51.100.1"}, "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = row.peer
		for _, f := range row.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		if got := clientAddr(r, trusted); got.String() != row.want {
			t.Errorf("%s: got %s, want %s", row.why, got, row.want)
		}
	}
}
