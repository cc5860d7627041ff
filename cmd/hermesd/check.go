package main

import (
	"net"
	"net/netip"
)

// checkServe judges what only a server needs: how it is reached, and by what it seals.
func (c *config) checkServe() error {
	if err := c.checkTLS(); err != nil {
		return err
	}
	if !c.tls() && !c.behindTLSProxy && !loopback(c.listen) {
		return c.wrong("listen", "%q: is no loopback address, and passwords would cross the network in clear: want tls-cert and tls-key, or behind-tls-proxy where TLS ends in front of hermesd", c.listen)
	}
	return c.checkKeys()
}

func (c *config) tls() bool { return c.tlsCert != "" }

func (c *config) checkTLS() error {
	switch {
	case c.tlsCert != "" && c.tlsKey == "":
		return c.wrong("tls-key", "missing: tls-cert wants the private key that belongs to it")
	case c.tlsCert == "" && c.tlsKey != "":
		return c.wrong("tls-cert", "missing: tls-key wants the certificate that it belongs to")
	}
	return nil
}

// checkKeys wants a secret key for a database that others may share: one made up here would
// not be theirs.
func (c *config) checkKeys() error {
	if c.db.kind == dbPostgres && len(c.secretKeys) == 0 {
		return c.wrong("secret-key", "missing: PostgreSQL wants one, the same in every hermesd that uses the database; `head -c 32 /dev/urandom | base64` makes one")
	}
	return nil
}

// checkKept refuses a command that makes sense only for a database that stays.
func (c *config) checkKept(command string) error {
	if c.db.kind == dbMemory {
		return c.wrong("db", "memory: is gone when the process ends, so there is nothing to %s", command)
	}
	return nil
}

// loopback tells whether only this machine can reach the address. Of names, localhost is
// trusted to be what RFC 6761 says.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}
