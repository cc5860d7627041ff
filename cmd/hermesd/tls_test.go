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

// writeCertificate makes a certificate for sip.example.test that signs itself.
func writeCertificate(t *testing.T, certFile, keyFile string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"sip.example.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: cert}, keyFile: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// HTTPS on all addresses; the certificate is read again on SIGHUP, and one that cannot be read
// changes nothing.
func TestTLS(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	writeCertificate(t, certFile, keyFile, 1)
	p := start(t, nil, "--db", "memory:", "--listen", "0.0.0.0:0", "--tls-cert", certFile, "--tls-key", keyFile)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(p.url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	want := "curl -sS --cacert " + certFile + " --connect-to ::127.0.0.1:" + port + " -c hermes.cookies -d 'username=admin&password=" +
		p.password() + "' https://sip.example.test:" + port + "/api/auth/login"
	if got := p.line("curl "); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	dial := &tls.Config{InsecureSkipVerify: true}
	serial := func() int64 {
		t.Helper()
		c, err := tls.Dial("tcp", "127.0.0.1:"+port, dial)
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
	p.signal(syscall.SIGHUP)
	p.line("certificate read again")
	if got := serial(); got != 2 {
		t.Errorf("certificate %d after SIGHUP, want 2", got)
	}
	if err := os.WriteFile(keyFile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	p.line("the certificate of before stays")
	if got := serial(); got != 2 {
		t.Errorf("certificate %d after a SIGHUP in vain, want 2", got)
	}
	p.url = "https://127.0.0.1:" + port
	p.http = &http.Client{Transport: &http.Transport{TLSClientConfig: dial, ForceAttemptHTTP2: true}}
	if s := p.login("admin", p.password()); !s.cookie.Secure || s.cookie.Name != "__Host-hermes" {
		t.Errorf("cookie %v, want one that is Secure", s.cookie)
	}
}

func TestBehindTLSProxy(t *testing.T) {
	p := start(t, nil, "--db", "memory:", "--listen", "0.0.0.0:0", "--behind-tls-proxy")
	if want := "http://127.0.0.1:"; !strings.Contains(p.line("curl "), want) {
		t.Errorf("%q, want an address that can be reached", p.line("curl "))
	}
	p.url = strings.Replace(p.url, "0.0.0.0", "127.0.0.1", 1)
	if s := p.login("admin", p.password()); !s.cookie.Secure {
		t.Errorf("cookie %v, want one that is Secure", s.cookie)
	}
}

// SIGHUP without TLS is no reason to end.
func TestHangupWithoutTLS(t *testing.T) {
	p := start(t, nil, "--db", "memory:")
	p.signal(syscall.SIGHUP)
	p.line("there is no certificate to read again")
	if status, _ := p.get("/healthz"); status != http.StatusOK {
		t.Errorf("/healthz: %d", status)
	}
}

func TestCurlQuotes(t *testing.T) {
	for in, want := range map[string]string{"/etc/ssl/a-b_c.pem": "/etc/ssl/a-b_c.pem", "a b": "'a b'", "a'b": `'a'\''b'`, "$x": "'$x'"} {
		if got := quote(in); got != want {
			t.Errorf("quote(%q) = %s, want %s", in, got, want)
		}
	}
}
