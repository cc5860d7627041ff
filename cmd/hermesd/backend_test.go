package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"

	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
)

func TestSplitBackends(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		why, in string
		want    []string
	}{
		{"one", "local", []string{"local"}},
		{"a comma list", "local, htpasswd:/a", []string{"local", "htpasswd:/a"}},
		{"repeated flags", "local\nhtpasswd:/a", []string{"local", "htpasswd:/a"}},
		{"commas in a distinguished name", "ldap://h/ou=a,dc=b,ldaps://h/uid={user},dc=b,local",
			[]string{"ldap://h/ou=a,dc=b", "ldaps://h/uid={user},dc=b", "local"}},
		{"a repeated flag separates in any case", "local\nlocale", []string{"local", "locale"}},
		{"a part that is no backend belongs to the one before it", "htpasswd:/a,locale", []string{"htpasswd:/a,locale"}},
		{"nothing", "", []string{""}},
	} {
		if d := cmp.Diff(tt.want, splitBackends(tt.in)); d != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.why, d)
		}
	}
}

// writeHtpasswd writes an htpasswd file with one user, and returns its path.
func writeHtpasswd(t *testing.T, user, password string) string {
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

// TestConfig_OpenBackends serves with an LDAP directory beside Hermes' own users. While the
// directory is down, its users cannot log in, others can, and the log says why.
func TestConfig_OpenBackends(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "mary", "correct horse")
	p := startHermesd(t, nil, "--db", "memory:",
		"--auth-backend", "local", "--auth-backend", "ldap://"+dir.Addr()+"/"+ldaptest.Base)
	p.login(t, "admin", p.password()).mustCall(t, "auth/authorize", "user", "mary", "access", "limited_read")
	p.login(t, "mary", "correct horse").mustCall(t, "domain/list")
	s := &session{p: p}
	if a := s.call(t, "auth/login", "username", "mary", "password", "battery staple"); a["cause"] != "unauthorized" {
		t.Errorf("a wrong password: %v, want unauthorized", a)
	}
	dir.Stop()
	if a := s.call(t, "auth/login", "username", "mary", "password", "correct horse"); a["cause"] != "unauthorized" {
		t.Errorf("a directory that is down: %v, want unauthorized", a)
	}
	p.waitForLine(t, `subject=mary outcome=unauthorized reason="ldap: `+dir.Addr())
	p.login(t, "admin", p.password())
}
