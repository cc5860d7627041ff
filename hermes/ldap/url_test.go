package ldap

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
)

// writeFile writes text into a new file and returns its path.
func writeFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestParse(t *testing.T) {
	t.Parallel()
	t.Run("well-formed", func(t *testing.T) {
		t.Parallel()
		password := writeFile(t, "pass,word?#% \n")
		secret := hermes.NewSecret("pass,word?#% ")
		for _, row := range []struct {
			url, why string
			want     Options
		}{
			{"ldap://localhost/dc=test", "a base only", Options{Addr: "localhost:389", Base: "dc=test"}},
			{"ldaps://ldap.example.test/dc=test", "the scheme ldaps",
				Options{Addr: "ldap.example.test:636", Security: TLS, Base: "dc=test"}},
			{"LDAP://localhost:3890/dc=test????", "empty parts", Options{Addr: "localhost:3890", Base: "dc=test"}},
			{"ldap://[::1]/dc=test", "IPv6", Options{Addr: "[::1]:389", Base: "dc=test"}},
			{"ldap://h/ou=people,dc=test?mail?one?(a=b)", "as Apache's AuthLDAPURL",
				Options{Addr: "h:389", Base: "ou=people,dc=test", Attribute: "mail", OneLevel: true, Filter: "(a=b)"}},
			{"ldap://h/dc=test??sub", "the scope alone", Options{Addr: "h:389", Base: "dc=test"}},
			{"ldap://h/uid={user},dc=test", "a user DN", Options{Addr: "h:389", UserDN: "uid={user},dc=test"}},
			{"ldap://h/uid=%7Buser%7D,dc=test???(a=b)", "an escaped user DN, and a filter",
				Options{Addr: "h:389", UserDN: "uid={user},dc=test", Filter: "(a=b)"}},
			{"ldap://h/ou=My%20People%2Cdc=test", "escapes in a name", Options{Addr: "h:389", Base: "ou=My People,dc=test"}},
			{"ldap://h/ou=My People,dc=test", "a space that is not escaped", Options{Addr: "h:389", Base: "ou=My People,dc=test"}},
			{`ldap://h/ou=a\,b,dc=test`, "an escape of the DN itself", Options{Addr: "h:389", Base: `ou=a\,b,dc=test`}},
			{"ldap://h/dc=test???(&(a=b+c)(d=%3F%2525))", "escapes in a filter, where + is not a space",
				Options{Addr: "h:389", Base: "dc=test", Filter: "(&(a=b+c)(d=?%25))"}},
			{"ldap://h/dc=test????x-starttls,x-timeout=1m,x-connections=9", "extensions",
				Options{Addr: "h:389", Base: "dc=test", Security: StartTLS, Timeout: time.Minute, Connections: 9}},
			{"ldap://h/dc=test????!x-bind-dn=cn=hermes%2Cdc=test,!x-bind-password-file=" + password,
				"an account, in critical extensions",
				Options{Addr: "h:389", Base: "dc=test", BindDN: "cn=hermes,dc=test", BindPassword: secret}},
		} {
			got, err := Parse(row.url)
			if err != nil {
				t.Errorf("%s: %s: %v", row.why, row.url, err)
				continue
			}
			sameSecret := cmp.Comparer(func(a, b hermes.Secret) bool { return a == b })
			ignoreRoots := cmpopts.IgnoreFields(Options{}, "RootCAs")
			if diff := cmp.Diff(row.want, got, sameSecret, ignoreRoots); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", row.why, row.url, diff)
			}
			if _, err := New(got); err != nil {
				t.Errorf("%s: New: %v", row.why, err)
			}
		}
	})
	t.Run("malformed", func(t *testing.T) {
		t.Parallel()
		password := writeFile(t, "canary")
		for _, row := range []struct{ url, word, why string }{
			{"", "scheme", "an empty URL"},
			{"local", "scheme", "not a URL"},
			{"http://h/dc=test", "http", "another scheme"},
			{"ldapi://h/dc=test", "ldapi", "the scheme of Unix sockets"},
			{"ldap:dc=test", "host", "no host"},
			{"ldap:///dc=test", "host", "no host"},
			{"ldap://:389/dc=test", "host", "no host"},
			{"ldap://h:x/dc=test", "port", "a port that is not a number"},
			{"ldap://h", "base", "no base, so that the whole directory would be searched"},
			{"ldap://h/", "base", "no base"},
			{"ldap://h/people", "people", "not a DN"},
			{"ldap://h/dc=test#x", "%23", "a fragment"},
			{"ldap://h/dc=test??base", "base", "the scope of the base alone"},
			{"ldap://h/dc=test??subtree", "subtree", "an unknown scope"},
			{"ldap://h/dc=test?a,b", "a,b", "two attributes"},
			{"ldap://h/dc=test???a=b", "a=b", "not a filter"},
			{"ldap://h/dc=test???(a=%zz)", "%zz", "a malformed escape"},
			{"ldap://h/dc=test?????", "question marks", "too many parts"},
			{"ldap://h/uid={user},dc=test?uid", "{user}", "an attribute in addition to a user DN"},
			{"ldap://h/uid={user},dc=test??sub", "{user}", "a scope in addition to a user DN"},
			{"ldap://h/dc=test????x-nonsense=1", "x-nonsense", "an unknown extension, which may be a spelling mistake"},
			{"ldap://h/dc=test????bindname=cn=x", "bindname", "an unknown extension"},
			{"ldap://h/dc=test????x-bind-password=canary", "x-bind-password", "a password in the URL"},
			{"ldap://h/dc=test????x-bind-dn=cn=hermes,dc=test,x-bind-password-file=" + password, "%2C", "a comma that is not escaped"},
			{"ldap://h/dc=test????x-bind-dn=cn=hermes", "password", "an account without a password"},
			{"ldap://h/dc=test????x-bind-password-file=" + password, "account", "a password without an account"},
			{"ldap://h/dc=test????x-bind-dn=cn=x,x-bind-password-file=/nonexistant/file", "/nonexistant/file", "a missing password file"},
			{"ldap://h/dc=test????x-bind-dn=cn=x,x-bind-password-file=" + writeFile(t, "\n"),
				"want a password", "an empty password file"},
			{"ldap://h/dc=test????x-bind-dn=cn=x,x-bind-password-file=" + writeFile(t, "canary\ncanary\n"),
				"want a password", "a password file of two lines"},
			{"ldap://h/dc=test????x-bind-dn=cn=x,x-bind-password-file=" + writeFile(t, strings.Repeat("x", 1<<20+1)),
				"larger", "a large password file"},
			{"ldap://h/dc=test????x-ca-file=" + password, "PEM", "a file without certificates"},
			{"ldap://h/dc=test????x-ca-file=/nonexistant/file", "/nonexistant/file", "a missing file of certificates"},
			{"ldap://h/dc=test????x-starttls=no", "x-starttls", "a value of x-starttls, which has none"},
			{"ldaps://h/dc=test????x-starttls", "ldap://", "StartTLS with ldaps, which is encrypted already"},
			{"ldap://h/dc=test????x-timeout=5", `"5"`, "a duration without a unit"},
			{"ldap://h/dc=test????x-timeout=0s", `"0s"`, "a timeout of zero"},
			{"ldap://h/dc=test????x-timeout", "x-timeout", "an extension without a value"},
			{"ldap://h/dc=test????x-timeout=", "x-timeout", "an extension with an empty value"},
			{"ldap://h/dc=test????x-timeout=5s,x-timeout=6s", "once", "an extension that is given twice"},
			{"ldap://h/dc=test????x-connections=0", `"0"`, "no connections"},
			{"ldap://h/dc=test????x-connections=many", `"many"`, "a count that is not a number"},
			{"ldap://h/dc=test????,", "extension", "an empty extension"},
			{"ldap://cn=x:canary@h/dc=test", "x-bind-password-file", "a password in the URL"},
			{"ldap://cn=x:can/ary@h/dc=test", "malformed", "a password in a malformed URL"},
			{"ldap://cn=x:canary%zz@h/dc=test", "malformed", "a password in a malformed URL"},
		} {
			o, err := Parse(row.url)
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
	})
	t.Run("login", testParseLogin)
}

// testParseLogin verifies passwords with the options that Parse returns for a URL and its files.
func testParseLogin(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{Hidden: true})
	dir.AddUser(t, "alice", "secret")
	extensions := "x-ca-file=" + writeFile(t, string(dir.RootsPEM())) +
		",x-bind-dn=" + strings.ReplaceAll(ldaptest.Account, ",", "%2C") +
		",x-bind-password-file=" + writeFile(t, ldaptest.Password+"\r\n")
	for _, text := range []string{
		"ldap://" + dir.Addr() + "/" + ldaptest.Base + "????" + extensions,
		"ldap://" + dir.Addr() + "/" + ldaptest.Base + "?uid?sub?(sn=else)?x-starttls," + extensions,
		"ldaps://" + dir.TLSAddr() + "/" + ldaptest.People + "??one??" + extensions,
		"ldaps://" + dir.TLSAddr() + "/uid={user}," + ldaptest.People + "????" + extensions,
	} {
		opts, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		b := mustNew(t, opts)
		wantVerify(t, b, text, "alice", "secret", true)
		wantVerify(t, b, text, "alice", "wrong", false)
		wantHas(t, b, text, "alice", true)
	}
}
