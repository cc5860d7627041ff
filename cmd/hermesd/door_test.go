package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
)

// What key pairs sign is this server's name, where it has one.
func TestOrigin(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	writeCertificate(t, certFile, keyFile, 1)
	for _, tt := range []struct {
		why  string
		args []string
		want func(p *process, port string) string
	}{
		{"on loopback the URL that is printed", nil, func(p *process, _ string) string { return p.url }},
		{"with TLS the certificate's name", []string{"--tls-cert", certFile, "--tls-key", keyFile},
			func(_ *process, port string) string { return "https://sip.example.test:" + port }},
		{"behind a proxy nothing is known", []string{"--behind-tls-proxy"}, func(*process, string) string { return "hermes" }},
	} {
		p := start(t, nil, append([]string{"--db", "memory:"}, tt.args...)...)
		p.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		u, err := url.Parse(p.url)
		if err != nil {
			t.Fatal(err)
		}
		s := &session{p: p}
		if got, want := s.must("auth/challenge", "key", "hek_0123456789")["origin"], tt.want(p, u.Port()); got != want {
			t.Errorf("%s: %v, want %s", tt.why, got, want)
		}
	}
}

func TestOriginPort(t *testing.T) {
	folder := t.TempDir()
	c := &certificate{certFile: filepath.Join(folder, "cert.pem"), keyFile: filepath.Join(folder, "key.pem")}
	writeCertificate(t, c.certFile, c.keyFile, 1)
	if err := c.reload(); err != nil {
		t.Fatal(err)
	}
	for port, want := range map[int]string{443: "https://sip.example.test", 8443: "https://sip.example.test:8443", 1443: "https://sip.example.test:1443"} {
		d := &door{listener: at{port: port}, certificate: c}
		if got := d.origin(&config{behindTLSProxy: true}); got != want {
			t.Errorf("port %d: %q, want %q", port, got, want)
		}
	}
}

// at is a listener at a port.
type at struct {
	net.Listener
	port int
}

func (a at) Addr() net.Addr { return &net.TCPAddr{Port: a.port} }
