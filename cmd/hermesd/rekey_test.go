package main

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

const nextKey = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="

// The README's way to another secret key, beside servers that run: nobody is logged out, no password is lost.
func TestRekey(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	db := pgtest.New(t, pgtest.Options{NoFsync: true})
	db.Exec(t, "INSERT INTO domain (domain, did) VALUES ('example.test', 'example.test')")
	for name, e := range map[string]env{
		"embedded":   {"HERMES_DATA": data, "HERMES_DOMAIN": "example.test"},
		"PostgreSQL": {"HERMES_DB": db.URL(), "HERMES_MIGRATE": "auto"},
	} {
		t.Run(name, func(t *testing.T) { rotate(t, e) })
	}
}

// with is e with these secret keys.
func (e env) with(keys string) env {
	next := env{"HERMES_SECRET_KEY": keys}
	for name, v := range e {
		if name != "HERMES_SECRET_KEY" {
			next[name] = v
		}
	}
	return next
}

func rotate(t *testing.T, e env) {
	p := start(t, e.with(testKey))
	password := "correct horse"
	if code, _, stderr := tryRunWith(t, password, e.with(testKey), "bootstrap", "--user", "root", "--password-stdin", "--recover"); code != exitOK {
		t.Fatalf("bootstrap: %d %q", code, stderr)
	}
	s := p.login("root", password)
	added := addUsers(s)

	p = restart(t, p, e.with(nextKey+","+testKey))
	s.p = p
	wantUsers(t, s, added)
	other := p.login("root", password) // the first key signs
	for _, want := range []string{"sealed anew: 3\n", "sealed anew: 0\n"} {
		if code, stdout, stderr := tryRun(t, e.with(nextKey+","+testKey), "rekey"); code != exitOK || stdout != want || stderr != "" {
			t.Errorf("rekey: %d %q %q, want %q", code, stdout, stderr, want)
		}
	}
	wantUsers(t, s, added)

	p = restart(t, p, e.with(nextKey))
	s.p, other.p = p, p
	wantUsers(t, other, added)
	if a := s.call("user/list"); a["cause"] != "unauthorized" {
		t.Errorf("a session that the old key signed: %v, want unauthorized", a)
	}
	code, stdout, stderr := tryRun(t, e.with(testKey), "rekey")
	if code != exitFailure || stdout != "sealed anew: 0\n" || !strings.Contains(stderr, "none of the 1 secret keys opens it") {
		t.Errorf("rekey without the key that sealed: %d %q %q", code, stdout, stderr)
	}
	wantUsers(t, other, added)
}

// addUsers returns the users as user/add answered them, by address.
func addUsers(s *session) map[string]any {
	s.must("domain/set_servers", "domain", "example.test", "registrar", "sip.example.test", "r_port", "5060",
		"proxy", "sip.example.test", "p_port", "5060", "prov_url", "https://prov.example.test/")
	added := map[string]any{}
	for _, user := range []string{"alice@example.test", "bob@example.test", "carol@example.test"} {
		added[user] = s.must("user/add", "user", user)["user"]
	}
	return added
}

func wantUsers(t *testing.T, s *session, want map[string]any) {
	t.Helper()
	for user, as := range want {
		if d := cmp.Diff(as, s.must("user/get", "user", user)["user"]); d != "" {
			t.Errorf("%s: %s", user, d)
		}
	}
}

// restart ends p and starts a hermesd in its place.
func restart(t *testing.T, p *process, e env) *process {
	t.Helper()
	p.signal(syscall.SIGTERM)
	if code := p.wait(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	return start(t, e)
}
