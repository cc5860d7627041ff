package ldaptest_test

import (
	"crypto/tls"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

func dial(t *testing.T, addr string) *ldap.Conn {
	t.Helper()
	conn, err := ldap.DialURL("ldap://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestNew(t *testing.T) {
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
		t.Errorf("no password: got %v, want success: a client must not mistake it for a proof", err)
	}
	if err := conn.Bind("", "anything"); err != nil {
		t.Errorf("no name: got %v, want success: a client must not mistake it for a proof", err)
	}
}

func TestServer_Start(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	for _, stop := range []func(){dir.Stop, dir.Kill} {
		stop()
		if _, err := ldap.DialURL("ldap://" + dir.Addr()); err == nil {
			t.Error("a stopped server accepts connections")
		}
		dir.Start(t)
		if err := dial(t, dir.Addr()).Bind(ldaptest.UserDN("alice"), "secret"); err != nil {
			t.Errorf("after a restart: %v", err)
		}
	}
}

func TestNew_Hidden(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{Hidden: true})
	conn := dial(t, dir.Addr())
	all := ldap.NewSearchRequest(ldaptest.Base, ldap.ScopeWholeSubtree, 0, 0, 0, false, "(objectClass=*)", nil, nil)
	if res, err := conn.Search(all); err != nil || len(res.Entries) != 0 {
		t.Errorf("an anonymous search: got %v, %v, want no entries", res.Entries, err)
	}
	if err := conn.Bind(ldaptest.Account, ldaptest.Password); err != nil {
		t.Fatal(err)
	}
	if res, err := conn.Search(all); err != nil || len(res.Entries) != 3 {
		t.Errorf("the account's search: got %v, %v, want 3 entries", res.Entries, err)
	}
}

// TestNew_EndsWithProcess runs this test binary again, as a test that starts a server and is then
// killed: the server ends and its folder is removed.
func TestNew_EndsWithProcess(t *testing.T) {
	if os.Getenv("LDAPTEST_CHILD") != "" {
		dir := ldaptest.New(t, ldaptest.Options{})
		os.Stdout.WriteString("addr " + dir.Addr() + "\n")
		select {}
	}
	ldaptest.New(t, ldaptest.Options{}) // skips the test if slapd is not installed
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	if err := os.Chmod(filepath.Dir(tmp), 0o755); err != nil { // the server may run as another user
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestNew_EndsWithProcess$", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), "LDAPTEST_CHILD=1", "TMPDIR="+tmp)
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
	testserver.WaitFor(t, "the folder's removal", func() bool {
		left, _ := filepath.Glob(filepath.Join(tmp, "ldaptest-*"))
		return len(left) == 0
	})
	testserver.WaitFor(t, "the server's end", func() bool {
		conn, err := ldap.DialURL("ldap://" + addr)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
}
