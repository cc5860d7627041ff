package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// writeCertificate writes a self-signed certificate for sip.example.test, and its key.
func writeCertificate(t *testing.T, certFile, keyFile string, serial int64) {
	t.Helper()
	writeCertificateUntil(t, certFile, keyFile, serial, time.Now().Add(time.Hour))
}

func writeCertificateUntil(t *testing.T, certFile, keyFile string, serial int64, end time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		DNSNames:     []string{"sip.example.test"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     end,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: cert},
		keyFile:  {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCertificate_Reload serves HTTPS on all addresses. SIGHUP reads the certificate again; one
// that cannot be read changes nothing.
func TestCertificate_Reload(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	writeCertificate(t, certFile, keyFile, 1)
	p := startHermesd(t, nil, "--db", "memory:", "--listen", "0.0.0.0:0", "--tls-cert", certFile, "--tls-key", keyFile)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(p.url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	want := "curl -sS --cacert " + certFile + " --connect-to ::127.0.0.1:" + port + " -c hermes.cookies -d username=admin " +
		"--data-urlencode password@- https://sip.example.test:" + port + "/api/auth/login"
	if got := p.waitForLine(t, "curl "); !strings.Contains(got, want) {
		t.Errorf("%q, want %q in it", got, want)
	}
	clientConfig := &tls.Config{InsecureSkipVerify: true}
	serial := func() int64 {
		t.Helper()
		c, err := tls.Dial("tcp", "127.0.0.1:"+port, clientConfig)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Errorf("certificate %d, want 1", got)
	}
	writeCertificate(t, certFile, keyFile, 2)
	p.signal(t, syscall.SIGHUP)
	p.waitForLine(t, "certificate read again")
	if got := serial(); got != 2 {
		t.Errorf("certificate %d after SIGHUP, want 2", got)
	}
	if err := os.WriteFile(keyFile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGHUP)
	p.waitForLine(t, "the previous one stays in use")
	if got := serial(); got != 2 {
		t.Errorf("certificate %d after SIGHUP with an empty key file, want 2", got)
	}
	p.url = "https://127.0.0.1:" + port
	p.http = &http.Client{Transport: &http.Transport{TLSClientConfig: clientConfig, ForceAttemptHTTP2: true}}
	if s := p.login(t, "admin", p.password()); !s.cookie.Secure || s.cookie.Name != "__Host-hermes" {
		t.Errorf("cookie %v, want a Secure one of the name __Host-hermes", s.cookie)
	}
}
