package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// door is where clients come in.
type door struct {
	listener    net.Listener
	certificate *certificate // nil without TLS
}

// openDoor binds the address, so that nothing is made where another process has it.
func openDoor(c *config) (*door, error) {
	d := &door{}
	if c.tls() {
		d.certificate = &certificate{certFile: c.tlsCert, keyFile: c.tlsKey}
		if err := d.certificate.reload(); err != nil {
			return nil, c.wrong("tls-cert", "%q: %s", c.tlsCert, err)
		}
	}
	l, err := net.Listen(network(c.listen), c.listen)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if d.certificate != nil {
		l = tls.NewListener(l, d.certificate.config())
	}
	d.listener = l
	return d, nil
}

// network keeps an IPv4 address to IPv4: of 0.0.0.0, net would make all of IPv6 too.
func network(address string) string {
	if a, err := netip.ParseAddrPort(address); err == nil && a.Addr().Is4() {
		return "tcp4"
	}
	return "tcp"
}

func (d *door) close() { d.listener.Close() }

// url is what the listening line shows.
func (d *door) url() string {
	if d.certificate != nil {
		return "https://" + d.listener.Addr().String()
	}
	return "http://" + d.listener.Addr().String()
}

// origin is what key pairs sign: this server's name, the same after a restart. With TLS it is the certificate's. Behind a
// proxy that ends TLS the name is the proxy's affair and not known here, nor is the listening address the same
// in all that serve behind it: "", for which hermes has a word. What a request calls the server is no help: a server in
// the middle would have its own name there.
func (d *door) origin(c *config) string {
	if d.certificate == nil {
		if c.behindTLSProxy {
			return ""
		}
		return d.url()
	}
	host := d.certificate.host()
	if host == "" {
		return ""
	}
	_, port, _ := net.SplitHostPort(d.listener.Addr().String())
	return "https://" + strings.TrimSuffix(net.JoinHostPort(host, port), ":443")
}

// curl begins a command line by which this machine reaches the server: options, and the URL.
func (d *door) curl() (options, url string) {
	here := reachable(d.listener.Addr().String())
	if d.certificate == nil {
		return "", "http://" + here
	}
	_, port, _ := net.SplitHostPort(here)
	return fmt.Sprintf("--cacert %s --connect-to ::%s ", quote(d.certificate.certFile), here),
		"https://" + net.JoinHostPort(d.certificate.host(), port)
}

// reachable puts a loopback address for one that stands for all.
func reachable(address string) string {
	a, err := netip.ParseAddrPort(address)
	if err != nil || !a.Addr().IsUnspecified() {
		return address
	}
	if a.Addr().Is4() {
		return fmt.Sprintf("127.0.0.1:%d", a.Port())
	}
	return fmt.Sprintf("[::1]:%d", a.Port())
}

// quote makes one word of s for a shell.
func quote(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
