package main

import (
	"crypto/tls"
	"strings"
	"sync/atomic"
)

// certificate is the server's, which can be exchanged while it serves.
type certificate struct {
	certFile, keyFile string
	now               atomic.Pointer[tls.Certificate]
}

// reload reads the files again. What was served before stays where they cannot be used.
func (c *certificate) reload() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err == nil {
		c.now.Store(&pair)
	}
	return err
}

// config offers HTTP/2 too.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.now.Load(), nil
		},
	}
}

// host is one that the certificate is for. Of a wildcard it is some host under it.
func (c *certificate) host() string {
	leaf := c.now.Load().Leaf
	switch {
	case len(leaf.DNSNames) > 0:
		return strings.Replace(leaf.DNSNames[0], "*", "hermes", 1)
	case len(leaf.IPAddresses) > 0:
		return leaf.IPAddresses[0].String()
	}
	return leaf.Subject.CommonName
}
