package main

import (
	"net/netip"
	"strings"
	"testing"
)

func TestConfig_Exposures(t *testing.T) {
	t.Parallel()
	const origin = "https://hermes.example.com"
	for _, tt := range []struct {
		why    string
		proxy  bool
		origin string
		ranges string
		want   string // the beginnings of the warnings, separated by |
	}{
		{"no proxy", false, "", "", ""},
		{"a proxy that is described", true, origin, "10.0.0.0/8 fc00::/7 192.0.2.1/32", ""},
		{"a proxy of which nothing is known", true, "", "", "behind-tls-proxy without trusted-proxies|behind-tls-proxy without origin"},
		{"all of IPv4 and IPv6", true, origin, "0.0.0.0/0 ::/0", "trusted-proxies has 0.0.0.0/0|trusted-proxies has ::/0"},
		{"all in two halves", false, "", "0.0.0.0/1 128.0.0.0/1", "trusted-proxies has 0.0.0.0/1|trusted-proxies has 128.0.0.0/1"},
	} {
		c := &config{behindTLSProxy: tt.proxy, origin: tt.origin}
		for r := range strings.FieldsSeq(tt.ranges) {
			c.trustedProxies = append(c.trustedProxies, netip.MustParsePrefix(r))
		}
		got := c.exposures()
		want := strings.FieldsFunc(tt.want, func(r rune) bool { return r == '|' })
		if len(got) != len(want) {
			t.Errorf("%s: %q, want %d warnings", tt.why, got, len(want))
			continue
		}
		for i := range want {
			if !strings.HasPrefix(got[i], want[i]+":") {
				t.Errorf("%s: %q, want %q at its beginning", tt.why, got[i], want[i])
			}
		}
	}
}
