package main

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
	"sync/atomic"
	"time"
)

// servesTLS reports whether hermesd itself serves HTTPS.
func (c *config) servesTLS() bool { return c.tlsCert != "" }

func (c *config) checkTLS() error {
	switch {
	case c.tlsCert != "" && c.tlsKey == "":
		return c.settingErrorf("tls-key", "missing: tls-cert wants the private key that belongs to it")
	case c.tlsCert == "" && c.tlsKey != "":
		return c.settingErrorf("tls-cert", "missing: tls-key wants the certificate that it belongs to")
	}
	return nil
}

// certificate is the server's certificate. It can be replaced while the server runs.
type certificate struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]
}

// reload reads the files again. If that fails, the current certificate stays in use.
func (c *certificate) reload() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err == nil {
		c.current.Store(&pair)
	}
	return err
}

// tlsConfig returns a configuration that always uses the current certificate. It offers HTTP/2.
func (c *certificate) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.current.Load(), nil
		},
	}
}

// end returns when the first certificate of the chain ends.
func (c *certificate) end() time.Time {
	pair := c.current.Load()
	end := pair.Leaf.NotAfter
	for _, der := range pair.Certificate[1:] {
		if issuer, err := x509.ParseCertificate(der); err == nil && issuer.NotAfter.Before(end) {
			end = issuer.NotAfter
		}
	}
	return end
}

// names reports whether the certificate is for a host, a name or an IP address.
func (c *certificate) names(host string) bool {
	return c.current.Load().Leaf.VerifyHostname(host) == nil
}

// host returns the first host name or address in the certificate. For a wildcard it returns a name
// that the wildcard matches.
func (c *certificate) host() string {
	leaf := c.current.Load().Leaf
	switch {
	case len(leaf.DNSNames) > 0:
		return strings.Replace(leaf.DNSNames[0], "*", "hermes", 1)
	case len(leaf.IPAddresses) > 0:
		return leaf.IPAddresses[0].String()
	}
	return leaf.Subject.CommonName
}
