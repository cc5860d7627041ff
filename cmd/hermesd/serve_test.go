package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What was answered ok outlives a kill, and nothing but the first start prints a password.
func TestKill(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, nil, "--data", data, "--domain", "example.test")
	password := p.password()
	s := p.login("admin", password)
	s.must("domain/set_servers", "domain", "example.test", "registrar", "sip.example.test", "r_port", "5060",
		"proxy", "sip.example.test", "p_port", "5060", "prov_url", "https://prov.example.test/")
	s.must("number/add_range", "start", "+4723000100", "end", "+4723000109")
	added := s.must("user/add", "user", "alice@example.test", "displayname", "Alice")["user"]
	s.must("phone/add", "user", "alice@example.test", "mac", "00:11:22:33:44:55")
	number := s.must("number/assign", "user", "alice@example.test")["number"]
	p.signal(syscall.SIGKILL)
	if code := p.wait(); code != -int(syscall.SIGKILL) {
		t.Fatalf("exit code %d", code)
	}

	p = start(t, nil, "--data", data)
	if again := p.password(); again != "" {
		t.Error("the second start made a password")
	}
	if status, text := p.get("/readyz"); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, text)
	}
	s = p.login("admin", password)
	if d := cmp.Diff(added, s.must("user/get", "user", "alice@example.test")["user"]); d != "" {
		t.Errorf("user/get after the kill, unlike user/add before: %s", d)
	}
	if d := cmp.Diff([]any{"001122334455"}, s.must("phone/get", "user", "alice@example.test")["list"]); d != "" {
		t.Errorf("phone/get: %s", d)
	}
	alias := map[string]any{"alias": number.(string) + "@example.test", "destination": "alice@example.test"}
	if d := cmp.Diff([]any{alias}, s.must("alias/list", "destination", "alice@example.test", "e164", "true")["list"]); d != "" {
		t.Errorf("alias/list: %s", d)
	}
	if n := len(s.must("number/list")["list"].([]any)); n != 9 {
		t.Errorf("%d numbers in the pool, want 9", n)
	}
	if d := cmp.Diff([]any{"example.test"}, s.must("domain/list")["list"]); d != "" {
		t.Errorf("the domain is not in Kamailio's table: %s", d)
	}
}

// The login line is made of what a shell takes as one command, and the modes are as narrow as they are promised.
func TestFirstStart(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, nil, "--data", data)
	want := "curl -sS -c hermes.cookies -d 'username=admin&password=" + p.password() + "' " + p.url + "/api/auth/login"
	if got := p.line("curl "); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	lines := p.log()
	at := func(prefix string) int {
		return slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, prefix) })
	}
	if !(at("password: ") < at("curl ") && at("curl ") < at("hermesd: listening ")) {
		t.Errorf("password, curl and listening are not in this order:\n%s", strings.Join(lines, "\n"))
	}
	for name, want := range map[string]os.FileMode{"": 0o700 | os.ModeDir, "secret.key": 0o600, "hermes.db": 0o600, "hermes.db-wal": 0o600} {
		info, err := os.Stat(filepath.Join(data, name))
		if err != nil {
			t.Error(err)
		} else if info.Mode() != want {
			t.Errorf("%q: mode %v, want %v", name, info.Mode(), want)
		}
	}
	names, err := filepath.Glob(filepath.Join(data, "secret.key*"))
	if err != nil || len(names) != 1 {
		t.Errorf("files %q (%v), want secret.key alone", names, err)
	}
}

// Of two first starts one makes the user, and what one seals and signs the other opens.
func TestTwoFirstStarts(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	a, b := launch(t, nil, "--data", data, "--domain", "example.test"), launch(t, nil, "--data", data, "--domain", "example.test")
	a.listening()
	b.listening()
	password := a.password() + b.password()
	if a.password() != "" && b.password() != "" {
		t.Fatal("both made a first user")
	}
	s := a.login("admin", password)
	s.must("domain/set_servers", "domain", "example.test", "registrar", "sip.example.test", "r_port", "5060",
		"proxy", "sip.example.test", "p_port", "5060", "prov_url", "https://prov.example.test/")
	added := s.must("user/add", "user", "alice@example.test")["user"]
	s.p = b
	if d := cmp.Diff(added, s.must("user/get", "user", "alice@example.test")["user"]); d != "" {
		t.Error(d)
	}
}

// slowLogin sends a login but for the end of its body. It returns when the server reads the body.
func slowLogin(t *testing.T, p *process) (conn net.Conn, answer *bufio.Reader, rest string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	body := "username=admin&password=" + p.password()
	io.WriteString(conn, "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Content-Length: "+strconv.Itoa(len(body))+"\r\nExpect: 100-continue\r\n\r\n")
	answer = bufio.NewReader(conn)
	res, err := http.ReadResponse(answer, nil)
	if err != nil || res.StatusCode != http.StatusContinue {
		t.Fatalf("%v, %v, want 100 Continue", res, err)
	}
	io.WriteString(conn, body[:5])
	return conn, answer, body[5:]
}

// SIGTERM: what runs is answered, what is new is refused, and meanwhile /readyz tells why.
func TestDrain(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := start(t, nil, "--db", "memory:")
		conn, answer, rest := slowLogin(t, p)
		p.signal(sig)
		p.line("msg=stopping")
		if status, text := p.get("/readyz"); status != http.StatusServiceUnavailable || text != "draining" {
			t.Errorf("%v: /readyz: %d %q, want 503 draining", sig, status, text)
		}
		if status, _ := p.get("/healthz"); status != http.StatusOK {
			t.Errorf("%v: /healthz: %d", sig, status)
		}
		s := &session{p: p}
		if a := s.call("auth/login", "username", "admin", "password", p.password()); a["cause"] != "busy" || s.answeredStatus != http.StatusServiceUnavailable {
			t.Errorf("%v: a new request: %d %v, want 503 busy", sig, s.answeredStatus, a)
		}
		io.WriteString(conn, rest)
		res, err := http.ReadResponse(answer, nil)
		if err != nil {
			t.Fatalf("%v: the request in flight: %v", sig, err)
		}
		if a := s.answer(res); a["response"] != "ok" {
			t.Errorf("%v: the request in flight: %v", sig, a)
		}
		if code := p.wait(); code != 0 {
			t.Errorf("%v: exit code %d", sig, code)
		}
	}
}

func TestSecondSignal(t *testing.T) {
	p := start(t, nil, "--db", "memory:")
	slowLogin(t, p)
	p.signal(syscall.SIGTERM)
	p.line("msg=stopping")
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != -int(syscall.SIGTERM) {
		t.Errorf("exit code %d, want the end by SIGTERM", code)
	}
}

func TestMemory(t *testing.T) {
	p := start(t, nil, "--db", "memory:", "--domain", "example.test")
	s := p.login("admin", p.password())
	if d := cmp.Diff([]any{"example.test"}, s.must("domain/list")["list"]); d != "" {
		t.Error(d)
	}
	if made, _ := os.ReadDir(p.cmd.Dir); len(made) != 0 {
		t.Errorf("files were made: %v", made)
	}
}

// The defaults of the command line alone: a folder where hermesd was started.
func TestDefaultFolder(t *testing.T) {
	p := start(t, nil)
	if _, err := os.Stat(filepath.Join(p.cmd.Dir, "hermes-data", "hermes.db")); err != nil {
		t.Error(err)
	}
}

// A lost key is told: one made anew would not open what the old one sealed.
func TestLostKey(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, nil, "--data", data)
	p.signal(syscall.SIGTERM)
	p.wait()
	if err := os.Remove(filepath.Join(data, "secret.key")); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := tryRun(t, nil, "--data", data, "--listen", "127.0.0.1:0")
	if code != exitUsage || !strings.Contains(stderr, "secret-key: ") || !strings.Contains(stderr, "secret.key is missing") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if err := os.WriteFile(filepath.Join(data, "secret.key"), []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr = tryRun(t, nil, "--data", data, "--listen", "127.0.0.1:0")
	if code != exitUsage || !strings.Contains(stderr, "want 32 bytes in base64") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

// What is dangerous and not refused is told.
func TestWarnings(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, nil, "--data", data)
	if err := os.Chmod(filepath.Join(data, "secret.key"), 0o640); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGTERM)
	p.wait()
	start(t, nil, "--data", data).line("others can read the secret key")
	p = start(t, nil, "--data", data, "--secret-key", testKey, "--log-format", "json")
	if line := p.line("a secret in a flag"); !strings.HasPrefix(line, "{") || !strings.Contains(line, `"file":"HERMES_SECRET_KEY_FILE"`) {
		t.Errorf("%q, want JSON that names the way out", line)
	}
}

// An address that is taken leaves no trace.
func TestAddressTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	data := filepath.Join(t.TempDir(), "data")
	code, _, stderr := tryRun(t, nil, "--data", data, "--listen", l.Addr().String())
	if code != exitFailure || !strings.HasPrefix(stderr, "hermesd: listen") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	if _, err := os.Stat(data); err == nil {
		t.Error("the data folder was made")
	}
}
