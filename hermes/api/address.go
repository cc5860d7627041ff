package api

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddr is where the request comes from: the peer, or, where that is a trusted proxy, the
// rightmost hop of X-Forwarded-For that is none. What stands further left is what the
// client itself may have written. A hop that is no address makes the client unknown (zero).
func clientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := plainAddr(peer.Addr())
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !isTrusted(addr, trusted) {
			return addr
		}
		if hop = strings.TrimSpace(hop); hop == "" {
			continue
		}
		if addr = parseHop(hop); !addr.IsValid() {
			return addr
		}
	}
	return addr
}

func isTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
}

// parseHop reads an address; some proxies add the port.
func parseHop(s string) netip.Addr {
	if a, err := netip.ParseAddr(s); err == nil {
		return plainAddr(a)
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil {
		return netip.Addr{}
	}
	return plainAddr(ap.Addr())
}

// plainAddr makes an IPv4 address of one that is mapped into IPv6, so that it compares as what it is.
func plainAddr(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
