package ldaptest_test

import (
	"crypto/tls"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
)

func dial(t *testing.T, addr string) *ldap.Conn {
	t.Helper()
	conn, err := ldap.DialURL("ldap://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestBind(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	conn := dial(t, dir.Addr())
	if err := conn.StartTLS(&tls.Config{RootCAs: dir.Roots(), ServerName: "127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	if err := conn.Bind(ldaptest.UserDN("alice"), "secret"); err != nil {
		t.Errorf("the right password: %v", err)
	}
	if err := conn.Bind(ldaptest.UserDN("alice"), "wrong"); !ldap.IsErrorWithCode(err, ldap.LDAPResultInvalidCredentials) {
		t.Errorf("a wrong password: got %v, want invalid credentials", err)
	}
	if err := conn.UnauthenticatedBind(ldaptest.UserDN("alice")); err != nil {
		t.Errorf("no password: got %v, want the success that a client must not fall for", err)
	}
	if err := conn.Bind("", "anything"); err != nil {
		t.Errorf("no name: got %v, want the success that a client must not fall for", err)
	}
}

func TestRestartKeepsEntries(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	for _, stop := range []func(){dir.Stop, dir.Kill} {
		stop()
		if _, err := ldap.DialURL("ldap://" + dir.Addr()); err == nil {
			t.Error("a stopped server answers")
		}
		dir.Start(t)
		if err := dial(t, dir.Addr()).Bind(ldaptest.UserDN("alice"), "secret"); err != nil {
			t.Errorf("after a restart: %v", err)
		}
	}
}

func TestHidden(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{Hidden: true})
	conn := dial(t, dir.Addr())
	all := ldap.NewSearchRequest(ldaptest.Base, ldap.ScopeWholeSubtree, 0, 0, 0, false, "(objectClass=*)", nil, nil)
	if res, err := conn.Search(all); err != nil || len(res.Entries) != 0 {
		t.Errorf("anybody's search: got %v, %v, want no entries", res.Entries, err)
	}
	if err := conn.Bind(ldaptest.Account, ldaptest.Password); err != nil {
		t.Fatal(err)
	}
	if res, err := conn.Search(all); err != nil || len(res.Entries) != 3 {
		t.Errorf("the account's search: got %v, %v, want 3 entries", res.Entries, err)
	}
}

func TestProxy(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	proxy := ldaptest.NewProxy(t, dir.Addr())
	conn := dial(t, proxy.Addr())
	if err := conn.Bind(ldaptest.Account, ldaptest.Password); err != nil {
		t.Fatal(err)
	}
	if got := proxy.Requests(); !slices.Equal(got, []string{"bind " + ldaptest.Account}) {
		t.Errorf("got %q, want the bind", got)
	}
	proxy.Cut()
	if err := conn.Bind(ldaptest.Account, ldaptest.Password); err == nil {
		t.Error("a connection that was cut serves")
	}
}

const helperEnv = "HERMES_TEST_LDAPTEST_HELPER"

// TestNothingIsLeft kills a test process, and wants its server and folder gone.
func TestNothingIsLeft(t *testing.T) {
	if os.Getenv(helperEnv) != "" {
		dir := ldaptest.New(t, ldaptest.Options{})
		os.Stdout.WriteString("addr " + dir.Addr() + "\n")
		select {}
	}
	ldaptest.New(t, ldaptest.Options{}) // skips where there is no slapd
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	if err := os.Chmod(filepath.Dir(tmp), 0o755); err != nil { // the server may be another user
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestNothingIsLeft$", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), helperEnv+"=1", "TMPDIR="+tmp)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, _ := out.Read(line)
	addr, _ := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "addr ")
	dial(t, addr)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	await(t, "the folder to go", func() bool {
		left, _ := filepath.Glob(filepath.Join(tmp, "ldaptest-*"))
		return len(left) == 0
	})
	await(t, "the server to end", func() bool {
		conn, err := ldap.DialURL("ldap://" + addr)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
}

func await(t *testing.T, what string, cond func() bool) {
	t.Helper()
	t.Log("waiting for", what) // until the test's own time limit
	for tick := time.NewTicker(5 * time.Millisecond); !cond(); {
		<-tick.C
	}
}
