package pgconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

// setTLS sets SSLMode and the TLS configuration, which stays nil if the mode is disable.
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
		return fmt.Errorf("sslmode %q, want disable, require, verify-ca or verify-full", mode)
	}
	if t.SSLMode == "disable" {
		if rootCert != "" || cert != "" || key != "" {
			return errors.New("certificates without TLS, want sslmode=verify-full too")
		}
		return nil
	}
	if t.Network == "unix" {
		return fmt.Errorf("sslmode %q for a Unix socket, where PostgreSQL does not support TLS", mode)
	}
	return t.makeTLS(rootCert, cert, key)
}

// makeTLS sets the TLS configuration for SSLMode.
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
		return errors.New("only one of sslcert and sslkey, want both or neither")
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

// verifyChainOnly makes conf verify the chain of certificates but not the server's name. crypto/tls
// verifies either both or nothing, so this turns its verification off and verifies the chain
// itself.
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
