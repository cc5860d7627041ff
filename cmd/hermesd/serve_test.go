package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// TestConfig_CheckServe checks the rules that join several settings, which only a server has.
func TestConfig_CheckServe(t *testing.T) {
	t.Parallel()
	data, wrong := filepath.Join(t.TempDir(), "data"), t.TempDir()
	writeTemplate(t, wrong, "<settings>")
	tests := []struct {
		why  string
		args []string
		env  env
		want string // the parts of the error, separated by |
	}{
		{"all addresses", []string{"--listen", ":0"}, nil, `listen: ":0": is not a loopback address|(flag --listen)`},
		{"another address", nil, env{"HERMES_LISTEN": "192.0.2.1:0"}, `(environment HERMES_LISTEN)`},
		{"a name", []string{"--listen", "sip.example.test:0"}, nil, `listen: `},
		{"a certificate without a key", []string{"--tls-cert", "x"}, nil, `tls-key: missing`},
		{"a key without a certificate", []string{"--tls-key", "x"}, nil, `tls-cert: missing`},
		{"a missing certificate file", []string{"--tls-cert", "/nonexistent", "--tls-key", "/nonexistent"}, nil,
			`tls-cert: |/nonexistent|(flag --tls-cert)`},
		{"a missing htpasswd file", []string{"--auth-backend", "htpasswd:/nonexistent"}, nil,
			`auth-backend: |/nonexistent|(flag --auth-backend)`},
		{"a missing folder of templates", []string{"--prov-templates", "/nonexistent"}, nil,
			`prov-templates: |/nonexistent|(flag --prov-templates)`},
		{"a wrong template", []string{"--prov-templates", wrong}, nil, `prov-templates: |snom/snomMODEL.htm: `},
		{"PostgreSQL without a key", []string{"--db", "postgres://localhost/x"}, nil, `secret-key: missing`},
	}
	for _, tt := range tests {
		code, _, stderr := runCommand(t, tt.env, append([]string{"serve", "--data", data}, tt.args...)...)
		if code != exitUsage || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: exit code %d and %q, want %d and one line", tt.why, code, stderr, exitUsage)
		}
		for part := range strings.SplitSeq(tt.want, "|") {
			if !strings.Contains(stderr, part) {
				t.Errorf("%s: %q, want %q in it", tt.why, stderr, part)
			}
		}
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("a server that refused its settings created its folder")
	}
}

func TestServer_Serve(t *testing.T) {
	t.Parallel()
	t.Run("the first start prints the password once, and a command that asks for it", func(t *testing.T) {
		t.Parallel()
		testserver.RequireProgram(t, "bash", "bash")
		testserver.RequireProgram(t, "curl", "curl")
		p := startHermesd(t, nil)
		command := p.waitForLine(t, "curl ")
		lines := p.log()
		if n := strings.Count(strings.Join(lines, "\n"), p.password()); n != 1 {
			t.Errorf("the password is printed %d times, want once:\n%s", n, strings.Join(lines, "\n"))
		}
		bash := exec.Command("bash", "-c", command)
		bash.Dir, bash.Stdin = p.cmd.Dir, strings.NewReader(p.password()+"\n")
		if out, err := bash.Output(); err != nil || !strings.Contains(string(out), `"response":"ok"`) {
			t.Errorf("%s\n%q, %v, want ok", command, out, err)
		}
		index := func(part string) int {
			return slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, part) })
		}
		if !(index("password: ") < index("curl ") && index("curl ") < index("hermesd: listening ")) {
			t.Errorf("want password, curl and listening in this order:\n%s", strings.Join(lines, "\n"))
		}
	})
	t.Run("only the owner can read the files", func(t *testing.T) {
		t.Parallel()
		data := filepath.Join(t.TempDir(), "data")
		startHermesd(t, nil, "--data", data)
		for name, want := range map[string]os.FileMode{
			"":              0o700 | os.ModeDir,
			"secret.key":    0o600,
			"hermes.db":     0o600,
			"hermes.db-wal": 0o600,
		} {
			info, err := os.Stat(filepath.Join(data, name))
			if err != nil {
				t.Error(err)
			} else if info.Mode() != want {
				t.Errorf("%q: mode %v, want %v", name, info.Mode(), want)
			}
		}
		names, err := filepath.Glob(filepath.Join(data, "secret.key*"))
		if err != nil || len(names) != 1 {
			t.Errorf("files %q (%v), want only secret.key", names, err)
		}
	})
	t.Run("an address in use leaves no files", func(t *testing.T) {
		t.Parallel()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		data := filepath.Join(t.TempDir(), "data")
		code, _, stderr := runCommand(t, nil, "--data", data, "--listen", l.Addr().String())
		if code != exitFailure || !strings.HasPrefix(stderr, "hermesd: listen") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("exit code %d, %q", code, stderr)
		}
		if _, err := os.Stat(data); err == nil {
			t.Error("the data folder was created")
		}
	})
}

// TestServer_NewHandlers checks that cookies are Secure behind a proxy that ends TLS.
func TestServer_NewHandlers(t *testing.T) {
	t.Parallel()
	p := startHermesd(t, nil, "--db", "memory:", "--listen", "0.0.0.0:0", "--behind-tls-proxy")
	if line := p.waitForLine(t, "curl "); !strings.Contains(line, "http://127.0.0.1:") {
		t.Errorf("%q, want an address that can be reached", line)
	}
	p.url = strings.Replace(p.url, "0.0.0.0", "127.0.0.1", 1)
	if s := p.login(t, "admin", p.password()); !s.cookie.Secure {
		t.Errorf("cookie %v, want a Secure one", s.cookie)
	}
}

func TestServer_LogWarnings(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := startHermesd(t, nil, "--data", data)
	if err := os.Chmod(filepath.Join(data, "secret.key"), 0o640); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGTERM)
	p.waitExit()
	p = startHermesd(t, nil, "--data", data, "--behind-tls-proxy", "--trusted-proxies", "0.0.0.0/0")
	p.waitForLine(t, "others can read the secret key")
	p.waitForLine(t, "behind-tls-proxy without origin")
	p.waitForLine(t, "trusted-proxies has 0.0.0.0/0")
	p = startHermesd(t, nil, "--secret-key", testKey, "--log-format", "json")
	line := p.waitForLine(t, "a secret in a flag")
	if !strings.HasPrefix(line, "{") || !strings.Contains(line, `"file":"HERMES_SECRET_KEY_FILE"`) {
		t.Errorf("%q, want JSON with the name of the variable to use instead", line)
	}
}
