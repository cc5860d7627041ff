package pgconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// setTLS decides the mode and makes the configuration; nil is none.
func (t *Target) setTLS(mode, rootCert, cert, key string) error {
	if mode == "" {
		mode = "verify-full"
		if t.local() {
			mode = "disable"
		}
	}
	switch mode {
	case "disable", "verify-ca", "verify-full":
		t.SSLMode = mode
	case "require":
		t.SSLMode = "verify-full"
	default:
		return fmt.Errorf("sslmode %q, wanted disable, require, verify-ca or verify-full", mode)
	}
	if t.SSLMode == "disable" {
		if rootCert != "" || cert != "" || key != "" {
			return errors.New("certificates without TLS, wanted sslmode=verify-full as well")
		}
		return nil
	}
	if t.Network == "unix" {
		return fmt.Errorf("sslmode %q for a Unix socket, on which PostgreSQL has no TLS", mode)
	}
	return t.makeTLS(rootCert, cert, key)
}

func (t *Target) makeTLS(rootCert, cert, key string) error {
	t.tls = &tls.Config{ServerName: t.Host, MinVersion: tls.VersionTLS12}
	if rootCert != "" && rootCert != "system" {
		pem, err := os.ReadFile(rootCert)
		if err != nil {
			return fmt.Errorf("sslrootcert: %w", err)
		}
		t.tls.RootCAs = x509.NewCertPool()
		if !t.tls.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("sslrootcert %q holds no certificate in PEM form", rootCert)
		}
	}
	if (cert == "") != (key == "") {
		return errors.New("one of sslcert and sslkey, wanted both or neither")
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return fmt.Errorf("sslcert and sslkey: %w", err)
		}
		t.tls.Certificates = []tls.Certificate{pair}
	}
	if t.SSLMode == "verify-ca" {
		verifyChainOnly(t.tls)
	}
	return nil
}

// verifyChainOnly leaves out the name: crypto/tls verifies both or neither, so neither, and then the chain by hand.
func verifyChainOnly(conf *tls.Config) {
	conf.InsecureSkipVerify = true
	conf.VerifyConnection = func(cs tls.ConnectionState) error {
		opts := x509.VerifyOptions{Roots: conf.RootCAs, Intermediates: x509.NewCertPool()}
		for _, c := range cs.PeerCertificates[1:] {
			opts.Intermediates.AddCert(c)
		}
		if _, err := cs.PeerCertificates[0].Verify(opts); err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: cs.PeerCertificates, Err: err}
		}
		return nil
	}
}
