package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// ServesHost reports whether a request is for this server, by its Host; see [Options.ServesHost].
// It is for a program that serves other paths beside the API. The Handler answers requests for
// other servers itself, whatever their path is.
//
// [http.Server] takes r.Host from the request's target where that has a host, and from :authority
// over HTTP/2.
func (h *Handler) ServesHost(r *http.Request) bool {
	if h.opts.ServesHost == nil {
		return true
	}
	host := hostOf(r.Host)
	return host != "" && (isLocalAddress(r, host) || h.opts.ServesHost(host))
}

// hostOf returns the host of a Host header, which may have a port: a name in lower case without a
// final dot, or an IP address without brackets. It returns "" if the header is empty or malformed.
func hostOf(header string) string {
	host := header
	if i := strings.LastIndexByte(header, ':'); i > strings.LastIndexByte(header, ']') {
		if strings.Trim(header[i+1:], "0123456789") != "" {
			return ""
		}
		host = header[:i]
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		if !ok || err != nil || !a.Is6() {
			return ""
		}
		return a.Unmap().WithZone("").String()
	}
	if strings.Contains(host, ":") {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// isLocalAddress reports whether host is the IP address that the client connected to. No name on
// the way can have been pointed at this server then.
func isLocalAddress(r *http.Request, host string) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	address, err := netip.ParseAddrPort(local.String())
	return err == nil && address.Addr().Unmap().WithZone("").String() == host
}
