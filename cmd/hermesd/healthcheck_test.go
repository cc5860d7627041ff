package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// TestApp_RunHealthcheck asks servers that are ready, not ready and not there.
func TestApp_RunHealthcheck(t *testing.T) {
	t.Parallel()
	address := func(p *process) string { return p.url[strings.LastIndex(p.url, "/")+1:] }
	t.Run("ready", func(t *testing.T) {
		t.Parallel()
		p := startHermesd(t, nil, "--db", "memory:")
		code, stdout, stderr := runCommand(t, env{"HERMES_LISTEN": address(p)}, "healthcheck")
		if code != exitOK || stdout != "ok\n" || stderr != "" {
			t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
		}
	})
	t.Run("with TLS, on all addresses", func(t *testing.T) {
		t.Parallel()
		folder := t.TempDir()
		certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
		writeCertificate(t, certFile, keyFile, 1)
		p := startHermesd(t, nil, "--db", "memory:", "--listen", "0.0.0.0:0", "--tls-cert", certFile, "--tls-key", keyFile)
		port := p.url[strings.LastIndex(p.url, ":"):]
		code, stdout, stderr := runCommand(t, nil, "healthcheck", "--listen", "0.0.0.0"+port, "--tls-cert", certFile, "--tls-key", keyFile)
		if code != exitOK || stdout != "ok\n" || stderr != "" {
			t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
		}
	})
	t.Run("not ready", func(t *testing.T) {
		t.Parallel()
		db := pgtest.New(t, pgtest.Options{NoFsync: true})
		p := startHermesd(t, env{"HERMES_DB": db.URL(), "HERMES_SECRET_KEY": testKey}, "--migrate", "auto")
		p.waitReadyz(t, http.StatusServiceUnavailable, string(notBootstrapped))
		code, stdout, stderr := runCommand(t, nil, "healthcheck", "--listen", address(p))
		if code != exitFailure || stdout != "" || stderr != "hermesd: not ready: not bootstrapped\n" {
			t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
		}
	})
	t.Run("nothing answers", func(t *testing.T) {
		t.Parallel()
		code, stdout, stderr := runCommand(t, nil, "healthcheck", "--listen", "127.0.0.1:1")
		if code != exitFailure || stdout != "" || !strings.Contains(stderr, "http://127.0.0.1:1/readyz: ") {
			t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
		}
	})
	t.Run("port 0 is no address to ask", func(t *testing.T) {
		t.Parallel()
		if code, _, stderr := runCommand(t, nil, "healthcheck", "--listen", "127.0.0.1:0"); code != exitUsage {
			t.Errorf("exit code %d, %q", code, stderr)
		}
	})
}
