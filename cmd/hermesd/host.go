package main

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/hermes-voip/go-hermes/sip"
)

// parseOrigin reads the setting origin and returns the URL as browsers write an origin: in lower
// case, without the default port of its scheme and without a path.
func parseOrigin(s string) (string, error) {
	wrong := errors.New("want https://HOST or https://HOST:PORT, such as https://hermes.example.com")
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Path != "" && u.Path != "/" {
		return "", wrong
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", wrong
	}
	host := u.Hostname()
	if a, err := netip.ParseAddr(host); err == nil && a.Zone() == "" {
		host = a.Unmap().String()
	} else if d, err := sip.ParseDomain(host); err == nil {
		host = d.String()
	} else {
		return "", wrong
	}
	port := u.Port()
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n == 0) {
		return "", wrong
	}
	if port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
			host = "[" + host + "]"
		}
		return u.Scheme + "://" + host, nil
	}
	return u.Scheme + "://" + net.JoinHostPort(host, port), nil
}

// servesHost returns a function that reports whether clients reach the server under a host: the
// host of its origin; the one that it listens on; with TLS a name in the certificate; without TLS,
// on loopback, any name of loopback. See [api.Options.ServesHost].
func (l *listener) servesHost(c *config) func(host string) bool {
	own := map[string]bool{}
	if u, err := url.Parse(l.origin(c)); err == nil {
		own[u.Hostname()] = true
	}
	if host, _, err := net.SplitHostPort(c.listen); err == nil {
		own[canonicalHost(host)] = true
	}
	if l.certificate == nil && isLoopback(c.listen) {
		own["localhost"], own["127.0.0.1"], own["::1"] = true, true, true
	}
	return func(host string) bool {
		if host == "" {
			return false
		}
		return own[host] || l.certificate != nil && l.certificate.names(host)
	}
}

// canonicalHost returns a host of the setting listen as [api.Options.ServesHost] gets it.
func canonicalHost(host string) string {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().WithZone("").String()
	}
	if d, err := sip.ParseDomain(host); err == nil {
		return d.String()
	}
	return host
}
