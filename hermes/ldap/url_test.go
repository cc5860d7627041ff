package ldap_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/ldap"
	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
)

// file writes a file of a test and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestParse(t *testing.T) {
	password := file(t, "pass,word?#% \n")
	secret := hermes.NewSecret("pass,word?#% ")
	for _, row := range []struct {
		url, why string
		want     ldap.Options
	}{
		{"ldap://localhost/dc=test", "the least", ldap.Options{Addr: "localhost:389", Base: "dc=test"}},
		{"ldaps://ldap.example.test/dc=test", "another port", ldap.Options{Addr: "ldap.example.test:636", Security: ldap.TLS, Base: "dc=test"}},
		{"LDAP://localhost:3890/dc=test????", "all left out", ldap.Options{Addr: "localhost:3890", Base: "dc=test"}},
		{"ldap://[::1]/dc=test", "IPv6", ldap.Options{Addr: "[::1]:389", Base: "dc=test"}},
		{"ldap://h/ou=people,dc=test?mail?one?(a=b)", "as Apache's AuthLDAPURL",
			ldap.Options{Addr: "h:389", Base: "ou=people,dc=test", Attribute: "mail", OneLevel: true, Filter: "(a=b)"}},
		{"ldap://h/dc=test??sub", "the scope alone", ldap.Options{Addr: "h:389", Base: "dc=test"}},
		{"ldap://h/uid={user},dc=test", "a template", ldap.Options{Addr: "h:389", UserDN: "uid={user},dc=test"}},
		{"ldap://h/uid=%7Buser%7D,dc=test???(a=b)", "a template, escaped, and a filter",
			ldap.Options{Addr: "h:389", UserDN: "uid={user},dc=test", Filter: "(a=b)"}},
		{"ldap://h/ou=My%20People%2Cdc=test", "escapes in a name", ldap.Options{Addr: "h:389", Base: "ou=My People,dc=test"}},
		{"ldap://h/ou=My People,dc=test", "a space as it is", ldap.Options{Addr: "h:389", Base: "ou=My People,dc=test"}},
		{`ldap://h/ou=a\,b,dc=test`, "an escape of the name's own", ldap.Options{Addr: "h:389", Base: `ou=a\,b,dc=test`}},
		{"ldap://h/dc=test???(&(a=b+c)(d=%3F%2525))", "escapes in a filter; a plus is a plus",
			ldap.Options{Addr: "h:389", Base: "dc=test", Filter: "(&(a=b+c)(d=?%25))"}},
		{"ldap://h/dc=test????x-starttls,x-timeout=1m,x-connections=9", "extensions",
			ldap.Options{Addr: "h:389", Base: "dc=test", Security: ldap.StartTLS, Timeout: time.Minute, Connections: 9}},
		{"ldap://h/dc=test????!x-bind-dn=cn=hermes%2Cdc=test,!x-bind-password-file=" + password, "an account; nothing is passed over anyway",
			ldap.Options{Addr: "h:389", Base: "dc=test", BindDN: "cn=hermes,dc=test", BindPassword: secret}},
	} {
		got, err := ldap.Parse(row.url)
		if err != nil {
			t.Errorf("%s: %s: %v", row.why, row.url, err)
			continue
		}
		if diff := cmp.Diff(row.want, got, cmp.Comparer(func(a, b hermes.Secret) bool { return a == b }), cmpopts.IgnoreFields(ldap.Options{}, "RootCAs")); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", row.why, row.url, diff)
		}
		if _, err := ldap.New(got); err != nil {
			t.Errorf("%s: New refuses it: %v", row.why, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	password := file(t, "canary")
	for _, row := range []struct{ url, word, why string }{
		{"", "scheme", "empty"},
		{"local", "scheme", "no URL"},
		{"http://h/dc=test", "http", "another scheme"},
		{"ldapi://h/dc=test", "ldapi", "a socket"},
		{"ldap:dc=test", "host", "no host"},
		{"ldap:///dc=test", "host", "no host"},
		{"ldap://:389/dc=test", "host", "no host"},
		{"ldap://h:x/dc=test", "port", "no port"},
		{"ldap://h", "base", "no base: the whole directory is not meant"},
		{"ldap://h/", "base", "no base"},
		{"ldap://h/people", "people", "no distinguished name"},
		{"ldap://h/dc=test#x", "%23", "a fragment"},
		{"ldap://h/dc=test??base", "base", "the base itself is no user"},
		{"ldap://h/dc=test??subtree", "subtree", "no scope"},
		{"ldap://h/dc=test?a,b", "a,b", "two attributes"},
		{"ldap://h/dc=test???a=b", "a=b", "no filter"},
		{"ldap://h/dc=test???(a=%zz)", "%zz", "a bad escape"},
		{"ldap://h/dc=test?????", "question marks", "too many parts"},
		{"ldap://h/uid={user},dc=test?uid", "{user}", "an attribute besides a template"},
		{"ldap://h/uid={user},dc=test??sub", "{user}", "a scope besides a template"},
		{"ldap://h/dc=test????x-nonsense=1", "x-nonsense", "a setting that is misspelt must not be passed over"},
		{"ldap://h/dc=test????bindname=cn=x", "bindname", "not known"},
		{"ldap://h/dc=test????x-bind-password=canary", "x-bind-password", "no password in a URL"},
		{"ldap://h/dc=test????x-bind-dn=cn=hermes,dc=test,x-bind-password-file=" + password, "%2C", "a comma that is not escaped"},
		{"ldap://h/dc=test????x-bind-dn=cn=hermes", "password", "an account without a password"},
		{"ldap://h/dc=test????x-bind-password-file=" + password, "account", "a password without an account"},
		{"ldap://h/dc=test????x-bind-dn=cn=x,x-bind-password-file=/nonexistant/file", "/nonexistant/file", "no file"},
		{"ldap://h/dc=test????x-bind-dn=cn=x,x-bind-password-file=" + file(t, "\n"), "want a password", "an empty file"},
		{"ldap://h/dc=test????x-bind-dn=cn=x,x-bind-password-file=" + file(t, "canary\ncanary\n"), "want a password", "two lines"},
		{"ldap://h/dc=test????x-bind-dn=cn=x,x-bind-password-file=" + file(t, strings.Repeat("x", 1<<20+1)), "larger", "no password"},
		{"ldap://h/dc=test????x-ca-file=" + password, "PEM", "no certificates"},
		{"ldap://h/dc=test????x-ca-file=/nonexistant/file", "/nonexistant/file", "no file"},
		{"ldap://h/dc=test????x-starttls=no", "x-starttls", "it has no value, least of all no"},
		{"ldaps://h/dc=test????x-starttls", "ldap://", "encrypted twice"},
		{"ldap://h/dc=test????x-timeout=5", `"5"`, "no unit"},
		{"ldap://h/dc=test????x-timeout=0s", `"0s"`, "no time"},
		{"ldap://h/dc=test????x-timeout", "x-timeout", "no value"},
		{"ldap://h/dc=test????x-timeout=", "x-timeout", "no value"},
		{"ldap://h/dc=test????x-timeout=5s,x-timeout=6s", "once", "twice"},
		{"ldap://h/dc=test????x-connections=0", `"0"`, "none"},
		{"ldap://h/dc=test????x-connections=many", `"many"`, "no number"},
		{"ldap://h/dc=test????,", "extension", "an empty one"},
		{"ldap://cn=x:canary@h/dc=test", "x-bind-password-file", "a password in the URL"},
		{"ldap://cn=x:can/ary@h/dc=test", "malformed", "a password in the URL that cannot be parsed"},
		{"ldap://cn=x:canary%zz@h/dc=test", "malformed", "a password in the URL that cannot be parsed"},
	} {
		o, err := ldap.Parse(row.url)
		if err == nil {
			t.Errorf("%s: %s: got %+v, want an error", row.why, row.url, o)
			continue
		}
		if !strings.Contains(err.Error(), row.word) {
			t.Errorf("%s: %s: got %v, want %q in it", row.why, row.url, err, row.word)
		}
		if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "can/ary") {
			t.Errorf("%s: the error quotes the password: %v", row.why, err)
		}
	}
}

// TestURL logs in with nothing but a URL and the files that it names.
func TestURL(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{Hidden: true})
	dir.AddUser(t, "alice", "secret")
	extensions := "x-ca-file=" + file(t, string(dir.RootsPEM())) +
		",x-bind-dn=" + strings.ReplaceAll(ldaptest.Account, ",", "%2C") + ",x-bind-password-file=" + file(t, ldaptest.Password+"\r\n")
	for _, url := range []string{
		"ldap://" + dir.Addr() + "/" + ldaptest.Base + "????" + extensions,
		"ldap://" + dir.Addr() + "/" + ldaptest.Base + "?uid?sub?(sn=else)?x-starttls," + extensions,
		"ldaps://" + dir.TLSAddr() + "/" + ldaptest.People + "??one??" + extensions,
		"ldaps://" + dir.TLSAddr() + "/uid={user}," + ldaptest.People + "????" + extensions,
	} {
		opts, err := ldap.Parse(url)
		if err != nil {
			t.Fatal(err)
		}
		b := open(t, opts)
		b.wants(url, "alice", "secret", true)
		b.wants(url, "alice", "wrong", false)
		b.has(url, "alice", true)
	}
}
