package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
)

func TestBackendTexts(t *testing.T) {
	for _, tt := range []struct {
		why, in string
		want    []string
	}{
		{"one", "local", []string{"local"}},
		{"a comma list", "local, htpasswd:/a", []string{"local", "htpasswd:/a"}},
		{"flags", "local\nhtpasswd:/a", []string{"local", "htpasswd:/a"}},
		{"a name's own commas", "ldap://h/ou=a,dc=b,ldaps://h/uid={user},dc=b,local",
			[]string{"ldap://h/ou=a,dc=b", "ldaps://h/uid={user},dc=b", "local"}},
		{"a flag begins another, whatever it is", "local\nlocale", []string{"local", "locale"}},
		{"what is no backend's beginning goes on with the one before", "htpasswd:/a,locale", []string{"htpasswd:/a,locale"}},
		{"nothing", "", []string{""}},
	} {
		if d := cmp.Diff(tt.want, backendTexts(tt.in)); d != "" {
			t.Errorf("%s: %s", tt.why, d)
		}
	}
}

// htpasswdFile is a file with one user.
func htpasswdFile(t *testing.T, user, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(path, []byte(user+":"+string(hash)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Where no backend can be written nobody is made; one whom a backend knows is let in.
func TestHtpasswdAlone(t *testing.T) {
	e := env{"HERMES_DATA": filepath.Join(t.TempDir(), "data"), "HERMES_AUTH_BACKEND": "htpasswd:" + htpasswdFile(t, "mary", "correct horse")}
	p := start(t, e)
	if p.password() != "" {
		t.Error("a user was made whom no backend can have")
	}
	p.line("run hermesd bootstrap --user NAME")
	for _, st := range []struct {
		why, stdin string
		args       []string
		code       int
		stderr     string
	}{
		{"a stranger", "", []string{"--user", "admin"}, exitFailure, "no authentication backend can be written"},
		{"a password that cannot be kept", "battery staple\n", []string{"--user", "mary", "--password-stdin"}, exitFailure, "no authentication backend can be written"},
		{"a user of the file", "", []string{"--user", "mary"}, exitOK, "with the password that the backend htpasswd knows"},
		{"once", "", []string{"--user", "mary"}, exitBootstrapped, "already bootstrapped"},
		{"or to recover", "", []string{"--user", "mary", "--recover"}, exitOK, "level=WARN"},
	} {
		code, stdout, stderr := tryRunWith(t, st.stdin, e, append([]string{"bootstrap"}, st.args...)...)
		if code != st.code || stdout != "" || !strings.Contains(stderr, st.stderr) {
			t.Errorf("%s: exit code %d, %q, %q", st.why, code, stdout, stderr)
		}
	}
	s := p.login("mary", "correct horse")
	want := []any{map[string]any{"user": "mary", "access": "full_write", "backend": "htpasswd"}}
	if d := cmp.Diff(want, s.must("auth/list_users")["list"]); d != "" {
		t.Error(d)
	}
	if a := s.call("auth/add_user", "user", "new"); a["cause"] != "readonly" {
		t.Errorf("auth/add_user: %v, want readonly", a)
	}
}

// A directory beside Hermes' own users. While it is down its users are not let in, others are, and the log says why.
func TestLDAP(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "mary", "correct horse")
	p := start(t, nil, "--db", "memory:", "--auth-backend", "local", "--auth-backend", "ldap://"+dir.Addr()+"/"+ldaptest.Base)
	p.login("admin", p.password()).must("auth/authorize", "user", "mary", "access", "limited_read")
	p.login("mary", "correct horse").must("domain/list")
	s := &session{p: p}
	if a := s.call("auth/login", "username", "mary", "password", "battery staple"); a["cause"] != "unauthorized" {
		t.Errorf("a wrong password: %v, want unauthorized", a)
	}
	dir.Stop()
	if a := s.call("auth/login", "username", "mary", "password", "correct horse"); a["cause"] != "unauthorized" {
		t.Errorf("a directory that is down: %v, want unauthorized", a)
	}
	p.line(`subject=mary outcome=unauthorized reason="ldap: ` + dir.Addr())
	p.login("admin", p.password())
}
