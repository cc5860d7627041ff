package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
)

// listener accepts the connections of clients.
type listener struct {
	net.Listener
	limiter     *connLimiter
	certificate *certificate // nil without TLS
}

// openListener reads the certificate, if there is one, and binds the address, unless a service
// manager has done that. Connections that are refused are logged.
func openListener(c *config, log *slog.Logger) (*listener, error) {
	l := &listener{}
	if c.servesTLS() {
		l.certificate = &certificate{certFile: c.tlsCert, keyFile: c.tlsKey}
		if err := l.certificate.reload(); err != nil {
			return nil, c.settingErrorf("tls-cert", "%q: %s", c.tlsCert, err)
		}
	}
	bound := c.inherited
	if bound == nil {
		binding := net.ListenConfig{Control: setSocketOptions}
		// Connections do not inherit the options of a socket for Multipath TCP.
		binding.SetMultipathTCP(false)
		own, err := binding.Listen(context.Background(), listenNetwork(c.listen), c.listen)
		if err != nil {
			return nil, fmt.Errorf("listen: %w", err)
		}
		bound = own.(*net.TCPListener)
	}
	l.limiter = newConnLimiter(bound, c, connectionWait, log)
	l.Listener = l.limiter
	if l.certificate != nil {
		l.Listener = tls.NewListener(l.Listener, l.certificate.tlsConfig())
	}
	return l, nil
}

// listenNetwork returns tcp4 for an IPv4 address: for 0.0.0.0 on tcp, package net would also listen
// on all IPv6 addresses.
func listenNetwork(address string) string {
	if a, err := netip.ParseAddrPort(address); err == nil && a.Addr().Is4() {
		return "tcp4"
	}
	return "tcp"
}

// url returns the URL of the "listening on" line.
func (l *listener) url() string {
	if l.certificate != nil {
		return "https://" + l.Addr().String()
	}
	return "http://" + l.Addr().String()
}

// origin returns the server's name that key pairs sign, which must be the same after a restart: the
// setting origin. Without it, with TLS, it is made from the certificate. Behind a TLS proxy neither
// the public name is known then nor is the address the same in all servers, so it is "", for which
// package hermes has a default. The Host header of a request is not used: a man in the middle would
// choose it.
func (l *listener) origin(c *config) string {
	if c.origin != "" {
		return c.origin
	}
	if l.certificate == nil {
		if c.behindTLSProxy {
			return ""
		}
		return l.url()
	}
	host := l.certificate.host()
	if host == "" {
		return ""
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "https://" + strings.TrimSuffix(net.JoinHostPort(host, port), ":443")
}

// curlTarget returns the options and the URL for curl to reach the server from this machine. The
// options end in a blank unless they are empty.
func (l *listener) curlTarget() (options, url string) {
	address := localAddress(l.Addr().String())
	if l.certificate == nil {
		return "", "http://" + address
	}
	_, port, _ := net.SplitHostPort(address)
	return fmt.Sprintf("--cacert %s --connect-to ::%s ", shellQuote(l.certificate.certFile), address),
		"https://" + net.JoinHostPort(l.certificate.host(), port)
}

// loginCommand returns a command line for bash that asks for the user's password and logs in. The
// password is in no argument of a program, where other users of the machine could read it.
func (l *listener) loginCommand(user string) string {
	options, url := l.curlTarget()
	return fmt.Sprintf("(read -rsp 'Password of %[1]s? ' p; echo >&2; printf %%s \"$p\" | "+
		"curl -sS %[2]s-c hermes.cookies -d username=%[1]s --data-urlencode password@- %[3]s/api/auth/login)", user, options, url)
}

// localAddress replaces an unspecified address, such as 0.0.0.0, by the loopback address.
func localAddress(address string) string {
	a, err := netip.ParseAddrPort(address)
	if err != nil || !a.Addr().IsUnspecified() {
		return address
	}
	if a.Addr().Is4() {
		return fmt.Sprintf("127.0.0.1:%d", a.Port())
	}
	return fmt.Sprintf("[::1]:%d", a.Port())
}

// isLoopback reports whether the address can only be reached from this machine. The name localhost
// counts as loopback, as in RFC 6761.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// shellQuote quotes s, if needed, as one word for a shell.
func shellQuote(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
