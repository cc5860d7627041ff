package main

import (
	"crypto/tls"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseOrigin(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://hermes.example.com":      "https://hermes.example.com",
		"HTTPS://Hermes.Example.COM/":     "https://hermes.example.com",
		"https://hermes.example.com:443":  "https://hermes.example.com",
		"https://hermes.example.com:8443": "https://hermes.example.com:8443",
		"http://localhost:8080":           "http://localhost:8080",
		"http://127.0.0.1:80":             "http://127.0.0.1",
		"https://[2001:DB8::1]":           "https://[2001:db8::1]",
		"https://[2001:db8::1]:8443":      "https://[2001:db8::1]:8443",

		"":                                  "",
		"hermes.example.com":                "",
		"https://":                          "",
		"ftp://hermes.example.com":          "",
		"https://hermes.example.com/api":    "",
		"https://hermes.example.com?":       "",
		"https://hermes.example.com?x":      "",
		"https://hermes.example.com#x":      "",
		"https://user@hermes.example.com":   "",
		"https://hermes.example.com:x":      "",
		"https://hermes.example.com:0":      "",
		"https://hermes.example.com:65536":  "",
		"https://hermes_example":            "",
		"https://hermes.example.com:8443:1": "",
	} {
		got, err := parseOrigin(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("parseOrigin(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
}

// TestListener_ServesHost sends requests with several Host headers to servers that are reached in
// different ways.
func TestListener_ServesHost(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	writeCertificate(t, certFile, keyFile, 1)
	for _, tt := range []struct {
		why     string
		args    []string
		ours    string // hosts that are accepted
		foreign string
	}{
		{"on loopback", nil,
			"127.0.0.1 127.0.0.1:1 localhost LOCALHOST:80 localhost. [::1] [::1]:8080",
			"evil.example 127.0.0.2 localhost.evil.example 192.0.2.1 [::2] sip.example.test"},
		{"on an address of loopback", []string{"--listen", "127.0.0.2:0"},
			"127.0.0.2 127.0.0.1 localhost", "127.0.0.3 evil.example"},
		{"with TLS", []string{"--tls-cert", certFile, "--tls-key", keyFile},
			"sip.example.test SIP.example.test:443 sip.example.test. 127.0.0.1", "evil.example localhost x.sip.example.test"},
		{"with TLS and an origin", []string{"--tls-cert", certFile, "--tls-key", keyFile, "--origin", "https://Hermes.example.test:8443"},
			"sip.example.test hermes.example.test hermes.example.test:8443", "evil.example localhost"},
		{"behind a proxy", []string{"--behind-tls-proxy", "--listen", "0.0.0.0:0", "--origin", "https://hermes.example.test"},
			"hermes.example.test 127.0.0.1", "evil.example localhost 0.0.0.0.evil.example"},
		{"behind a proxy without an origin", []string{"--behind-tls-proxy", "--listen", "0.0.0.0:0"},
			"127.0.0.1", "hermes hermes.example.test"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			p := startHermesd(t, nil, append([]string{"--db", "memory:"}, tt.args...)...)
			p.url = strings.Replace(p.url, "0.0.0.0", "127.0.0.1", 1)
			insecure := &tls.Config{InsecureSkipVerify: true}
			p.http = &http.Client{Transport: &http.Transport{TLSClientConfig: insecure}}
			wantHosts(t, p, tt.ours, tt.foreign)
			if strings.HasPrefix(p.url, "https:") {
				p.http = &http.Client{Transport: &http.Transport{TLSClientConfig: insecure, ForceAttemptHTTP2: true}}
				wantHosts(t, p, tt.ours, tt.foreign)
			}
		})
	}
	t.Run("without Host, and in the target", func(t *testing.T) {
		t.Parallel()
		p := startHermesd(t, nil, "--db", "memory:")
		for request, want := range map[string]string{
			"GET /api/auth/challenge?key=x HTTP/1.0\r\n\r\n":                                          " 421 ",
			"GET http://evil.example/api/auth/challenge?key=x HTTP/1.1\r\nHost: localhost\r\n\r\n":    " 421 ",
			"GET http://localhost:1/api/auth/challenge?key=x HTTP/1.1\r\nHost: evil.example\r\n\r\n":  " 200 ",
			"GET /readyz HTTP/1.0\r\n\r\n":                                                            " 200 ",
			"GET /api/auth/challenge?key=x HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n": " 400 ",
		} {
			if got := rawStatus(t, p, request); !strings.Contains(got, want) {
				t.Errorf("%q: %q, want%s", request, got, want)
			}
		}
	})
}

// wantHosts sends requests with each Host of ours, which must be answered, and of foreign, which
// must be refused except for probes.
func wantHosts(t *testing.T, p *process, ours, foreign string) {
	t.Helper()
	want := func(host, path string, want int) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "GET", p.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		res, err := p.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s, Host %s, %s: %d, want %d", res.Proto, host, path, res.StatusCode, want)
		}
	}
	const node = "/api/auth/challenge?key=hek_0123456789"
	for host := range strings.FieldsSeq(ours) {
		want(host, node, http.StatusOK)
	}
	for host := range strings.FieldsSeq(foreign) {
		want(host, node, http.StatusMisdirectedRequest)
		want(host, "/healthz", http.StatusOK)
	}
}

// rawStatus sends a request as it is, and returns the status line of the answer.
func rawStatus(t *testing.T, p *process, request string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(request)); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	n, err := conn.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	line = line[:n]
	return strings.SplitN(string(line), "\r\n", 2)[0]
}
