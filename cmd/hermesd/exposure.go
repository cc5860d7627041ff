package main

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/hermes-voip/go-hermes/internal/doctor"
)

// widestIPv4 and widestIPv6 are the lengths of the largest private networks, 10.0.0.0/8 and
// fc00::/7. A range of trusted proxies that is larger has addresses of strangers.
const widestIPv4, widestIPv6 = 8, 7

// exposures returns a warning for each setting that is allowed but may let clients hurt others, or
// keep them out. A server logs them at its start, and doctor reports them.
func (c *config) exposures() (warnings []string) {
	if c.behindTLSProxy && len(c.trustedProxies) == 0 {
		warnings = append(warnings, "behind-tls-proxy without trusted-proxies: all clients have the address of the proxy, "+
			"and the limits for one address apply to all of them together: want the proxy's addresses in trusted-proxies")
	}
	if c.behindTLSProxy && c.origin == "" {
		warnings = append(warnings, "behind-tls-proxy without origin: a request whose Host is the proxy's public name is answered "+
			"421: want origin, such as https://hermes.example.com")
	}
	for _, p := range c.trustedProxies {
		if tooWide(p) {
			warnings = append(warnings, fmt.Sprintf("trusted-proxies has %s: any client there can pretend to have another address: "+
				"want the proxy's addresses only", p))
		}
	}
	return warnings
}

// examineProxies checks from whom the address of a client is believed, and its Host.
func (c *config) examineProxies() doctor.Finding {
	const check = "proxies"
	if warnings := c.exposures(); len(warnings) > 0 {
		return doctor.Finding{Level: doctor.Warn, Check: check, Detail: strings.Join(warnings, "; "),
			Remedy: "set trusted-proxies to the addresses of the proxies alone, and origin to the URL that clients use"}
	}
	return okFinding(check, "the address of a client is that of its connection or what a trusted proxy says")
}

// tooWide reports whether p is larger than any private network.
func tooWide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < widestIPv4
	}
	return p.Bits() < widestIPv6
}
