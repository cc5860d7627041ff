package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
)

func TestListener_Origin(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	writeCertificate(t, certFile, keyFile, 1)
	for _, tt := range []struct {
		why  string
		args []string
		want func(p *process, port string) string
	}{
		{"the printed URL on loopback", nil, func(p *process, _ string) string { return p.url }},
		{"the certificate's name with TLS", []string{"--tls-cert", certFile, "--tls-key", keyFile},
			func(_ *process, port string) string { return "https://sip.example.test:" + port }},
		{"the setting", []string{"--behind-tls-proxy", "--origin", "https://Hermes.example.test:443/"},
			func(*process, string) string { return "https://hermes.example.test" }},
		{"the default of package hermes behind a proxy", []string{"--behind-tls-proxy"},
			func(*process, string) string { return "hermes" }},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			p := startHermesd(t, nil, append([]string{"--db", "memory:"}, tt.args...)...)
			p.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
			u, err := url.Parse(p.url)
			if err != nil {
				t.Fatal(err)
			}
			s := &session{p: p}
			if got, want := s.mustCall(t, "auth/challenge", "key", "hek_0123456789")["origin"], tt.want(p, u.Port()); got != want {
				t.Errorf("origin %v, want %s", got, want)
			}
		})
	}
}

func TestListener_Origin_Port(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	c := &certificate{certFile: filepath.Join(folder, "cert.pem"), keyFile: filepath.Join(folder, "key.pem")}
	writeCertificate(t, c.certFile, c.keyFile, 1)
	if err := c.reload(); err != nil {
		t.Fatal(err)
	}
	for port, want := range map[int]string{
		443:  "https://sip.example.test",
		8443: "https://sip.example.test:8443",
		1443: "https://sip.example.test:1443",
	} {
		l := &listener{Listener: portListener{port: port}, certificate: c}
		if got := l.origin(&config{behindTLSProxy: true}); got != want {
			t.Errorf("port %d: %q, want %q", port, got, want)
		}
	}
}

// portListener is a listener of which only the port is known.
type portListener struct {
	net.Listener
	port int
}

func (l portListener) Addr() net.Addr { return &net.TCPAddr{Port: l.port} }

func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]bool{
		"127.0.0.1:80":              true,
		"127.9.9.9:80":              true,
		"[::1]:80":                  true,
		"[::ffff:127.0.0.1]:80":     true,
		"localhost:80":              true,
		":80":                       false,
		"0.0.0.0:80":                false,
		"[::]:80":                   false,
		"192.0.2.1:80":              false,
		"localhost.example.test:80": false,
		"x":                         false,
	} {
		if got := isLoopback(addr); got != want {
			t.Errorf("isLoopback(%q) = %v", addr, got)
		}
	}
}

func TestShellQuote(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"/etc/ssl/a-b_c.pem": "/etc/ssl/a-b_c.pem",
		"a b":                "'a b'",
		"a'b":                `'a'\''b'`,
		"$x":                 "'$x'",
	} {
		if got := shellQuote(in); got != want {
			t.Errorf("shellQuote(%q) = %s, want %s", in, got, want)
		}
	}
}
