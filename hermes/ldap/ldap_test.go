package ldap

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/backendtest"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Run(m.Run)) }

var _ hermes.Backend = (*Backend)(nil)

// userDN is the DN of ldaptest's users, for Options.UserDN.
const userDN = "uid={user}," + ldaptest.People

// searchAccount has the account that may search, even if anonymous searches find nothing.
var searchAccount = Options{BindDN: ldaptest.Account, BindPassword: hermes.NewSecret(ldaptest.Password)}

// mustNew returns a backend that is closed at the end of the test.
func mustNew(t *testing.T, opts Options) *Backend {
	t.Helper()
	b, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// wantVerify calls Verify, which must return want and no error.
func wantVerify(t *testing.T, b *Backend, why, user, password string, want bool) {
	t.Helper()
	got, err := b.Verify(t.Context(), nil, user, hermes.NewSecret(password))
	if err != nil || got != want {
		t.Errorf("%s: Verify(%q, %q) = %t, %v, want %t", why, user, password, got, err, want)
	}
}

// wantHas calls Has, which must return want and no error.
func wantHas(t *testing.T, b *Backend, why, user string, want bool) {
	t.Helper()
	if got, err := b.Has(t.Context(), nil, user); err != nil || got != want {
		t.Errorf("%s: Has(%q) = %t, %v, want %t", why, user, got, err, want)
	}
}

// wantError calls Verify and Has, which must return errors. It returns the error of Verify.
func wantError(t *testing.T, b *Backend, why, user, password string) error {
	t.Helper()
	ok, err := b.Verify(t.Context(), nil, user, hermes.NewSecret(password))
	if ok || err == nil {
		t.Errorf("%s: Verify(%q, %q) = %t, %v, want an error", why, user, password, ok, err)
	}
	if has, hasErr := b.Has(t.Context(), nil, user); has || hasErr == nil {
		t.Errorf("%s: Has(%q) = %t, %v, want an error", why, user, has, hasErr)
	}
	return err
}

// encryptedOptions returns options for each way to encrypt.
func encryptedOptions(dir *ldaptest.Server) map[string]Options {
	return map[string]Options{
		"StartTLS": {Addr: dir.Addr(), Security: StartTLS, UserDN: userDN, RootCAs: dir.Roots()},
		"ldaps":    {Addr: dir.TLSAddr(), Security: TLS, UserDN: userDN, RootCAs: dir.Roots()},
	}
}

func TestBackend(t *testing.T) {
	searchBase, searchPeople := Options{Base: ldaptest.Base}, searchAccount
	searchPeople.Base = ldaptest.People
	anonymousDN, accountDN := Options{UserDN: userDN}, searchAccount
	accountDN.UserDN = userDN
	for _, row := range []struct {
		name   string
		hidden bool // from anonymous searches
		opts   Options
	}{
		{"base", false, searchBase},
		{"base with an account", true, searchPeople},
		{"user DN", false, anonymousDN},
		{"user DN with an account", true, accountDN},
	} {
		t.Run(row.name, func(t *testing.T) {
			backendtest.Run(t, func(t *testing.T) backendtest.Fixture {
				dir := ldaptest.New(t, ldaptest.Options{Hidden: row.hidden})
				proxy := ldaptest.NewProxy(t, dir.Addr())
				opts := row.opts
				opts.Addr = proxy.Addr()
				return backendtest.Fixture{
					Backend: mustNew(t, opts),
					Store:   memstore.New(),
					AddUser: func(t *testing.T, user, password string) { dir.AddUser(t, user, password) },
					Work: func(fn func()) uint64 {
						proxy.Requests()
						fn()
						return uint64(len(proxy.Requests()))
					},
				}
			})
		})
	}
	for _, name := range []string{"StartTLS", "ldaps"} {
		t.Run(name, func(t *testing.T) {
			backendtest.Run(t, func(t *testing.T) backendtest.Fixture {
				dir := ldaptest.New(t, ldaptest.Options{})
				return backendtest.Fixture{
					Backend: mustNew(t, encryptedOptions(dir)[name]),
					Store:   memstore.New(),
					AddUser: func(t *testing.T, user, password string) { dir.AddUser(t, user, password) },
				}
			})
		})
	}
}

func TestBackend_Verify(t *testing.T) {
	t.Run("requests", testRequests)
	t.Run("special names", testSpecialNames)
	t.Run("filter", testFilter)
	t.Run("attribute and scope", testAttributeAndScope)
	t.Run("several entries", testSeveralEntries)
	t.Run("search account", testSearchAccount)
	t.Run("anonymous bind refused", testAnonymousBindRefused)
	t.Run("missing base", testMissingBase)
	t.Run("referrals", testReferrals)
}

func testRequests(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	proxy := ldaptest.NewProxy(t, dir.Addr())
	alice, unknown, none := ldaptest.UserDN("alice"), ldaptest.UserDN("unknown"), ldaptest.UserDN(unknownUser)
	escaped := `uid=a\,ou=x,` + ldaptest.People
	base, dn := Options{Base: ldaptest.People}, Options{UserDN: userDN}
	for _, row := range []struct {
		opts           Options
		user, password string
		want           []string
		why            string
	}{
		{base, "alice", "secret", []string{"search " + ldaptest.People, "bind " + alice}, "search, then bind"},
		{base, "unknown", "secret", []string{"search " + ldaptest.People, "bind " + none}, "an unknown user takes as many"},
		{dn, "alice", "secret", []string{"search " + alice, "bind " + alice}, "search of one entry, then bind"},
		{dn, "unknown", "secret", []string{"search " + unknown, "bind " + none}, "an unknown user takes as many"},
		{base, "ALICE", "secret", []string{"search " + ldaptest.People, "bind " + none}, "a failed bind would count against alice"},
		{dn, "Alice", "secret", []string{"search " + ldaptest.UserDN("Alice"), "bind " + none}, "a failed bind would count against alice"},
		{dn, "a,ou=x", "secret", []string{"search " + escaped, "bind " + none}, "the name is escaped"},
		{base, "alice", "", nil, "the server answers a bind without a password with success"},
		{base, "", "secret", nil, "the server answers a bind without a name with success"},
		{base, "alice", "secret\x00", nil, "some servers ignore the part of a password after a NUL"},
		{base, "alice", strings.Repeat("x", 1025), nil, "a server may close the connection at a long request"},
		{base, "alice\x00", "secret", nil, "no directory has a user with a NUL in the name"},
		{base, "alice\xff", "secret", nil, "no directory has a user with invalid UTF-8 in the name"},
		{base, strings.Repeat("a", 257), "secret", nil, "no directory has a user with so long a name"},
	} {
		opts := row.opts
		opts.Addr = proxy.Addr()
		b := mustNew(t, opts)
		wantVerify(t, b, row.why, row.user, row.password, row.user == "alice" && row.password == "secret")
		if diff := cmp.Diff(row.want, proxy.Requests()); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", row.why, diff)
		}
		b.Close()
	}
}

// testSpecialNames tries names that would match another user if they were not escaped.
func testSpecialNames(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.Add(t, "ou=staff,"+ldaptest.People, ldaptest.Attributes{"objectClass": {"organizationalUnit"}, "ou": {"staff"}})
	dir.Add(t, "uid=boss,ou=staff,"+ldaptest.People, ldaptest.Attributes{
		"objectClass": {"inetOrgPerson", "simpleSecurityObject"}, "uid": {"boss"}, "cn": {"x"}, "sn": {"x"},
		"userPassword": {"secret"},
	})
	dir.AddUser(t, "alice", "secret")
	for _, opts := range []Options{{Base: ldaptest.People, OneLevel: true}, {UserDN: userDN}} {
		opts.Addr = dir.Addr()
		b := mustNew(t, opts)
		for _, user := range []string{
			"boss,ou=staff", `boss\,ou=staff`, "boss+cn=x", "*", "al*", "alice)(uid=*", "*)(|(uid=*", "unknown)(uid=alice",
			`\61lice`, `\2a`, "alice)(userPassword=*", "unknown))(|(uid=alice", "alice,dc=x", "#04056c696365",
		} {
			wantVerify(t, b, "the name is escaped", user, "secret", false)
			wantHas(t, b, "the name is escaped", user, false)
		}
		wantVerify(t, b, "the password is right", "alice", "secret", true)
	}
}

func testFilter(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	dir.Add(t, ldaptest.UserDN("bob"), ldaptest.Attributes{
		"objectClass": {"inetOrgPerson"}, "uid": {"bob"}, "cn": {"x"}, "sn": {"x"}, "userPassword": {"secret"},
		"employeeType": {"voip"},
	})
	for _, opts := range []Options{{Base: ldaptest.Base}, {UserDN: userDN}} {
		opts.Addr, opts.Filter = dir.Addr(), "(employeeType=voip)"
		b := mustNew(t, opts)
		wantVerify(t, b, "matches the filter", "bob", "secret", true)
		wantHas(t, b, "matches the filter", "bob", true)
		wantVerify(t, b, "the password is right, but the entry does not match the filter", "alice", "secret", false)
		wantHas(t, b, "the entry does not match the filter", "alice", false)
	}
}

func testAttributeAndScope(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.Add(t, "cn=Alice Example,"+ldaptest.People, ldaptest.Attributes{
		"objectClass": {"inetOrgPerson"}, "uid": {"al", "alice"}, "cn": {"Alice Example"}, "sn": {"x"},
		"mail": {"alice@example.test"}, "userPassword": {"secret"},
	})
	dir.AddUser(t, "nopass", "")
	b := mustNew(t, Options{Addr: dir.Addr(), Base: ldaptest.Base})
	wantVerify(t, b, "one of two values of the attribute", "alice", "secret", true)
	wantVerify(t, b, "the other value", "al", "secret", true)
	wantVerify(t, b, "no password is stored", "nopass", "secret", false)
	wantHas(t, b, "no password is stored", "nopass", true)
	b = mustNew(t, Options{Addr: dir.Addr(), Base: ldaptest.Base, Attribute: "MAIL"})
	wantVerify(t, b, "another attribute, whose name is in upper case", "alice@example.test", "secret", true)
	wantVerify(t, b, "uid is not the attribute", "alice", "secret", false)
	b = mustNew(t, Options{Addr: dir.Addr(), Base: ldaptest.Base, OneLevel: true})
	wantVerify(t, b, "the entry is two levels below the base", "alice", "secret", false)
	b = mustNew(t, Options{Addr: dir.Addr(), UserDN: "cn={user}," + ldaptest.People})
	wantVerify(t, b, "the attribute of the user DN", "Alice Example", "secret", true)
	wantVerify(t, b, "another case", "alice example", "secret", false)
}

func testSeveralEntries(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	twin := ldaptest.Attributes{
		"objectClass": {"inetOrgPerson"}, "uid": {"alice"}, "cn": {"twin"}, "sn": {"x"}, "userPassword": {"another"},
	}
	dir.Add(t, "cn=twin,"+ldaptest.People, twin)
	b := mustNew(t, Options{Addr: dir.Addr(), Base: ldaptest.Base})
	for _, password := range []string{"secret", "another", "wrong"} {
		err := wantError(t, b, "two entries of one user", "alice", password)
		if err != nil && !strings.Contains(err.Error(), "2 entries") {
			t.Errorf("got %v, want the number of entries in it", err)
		}
	}
	dir.Remove(t, "cn=twin,"+ldaptest.People)
	twin["uid"] = []string{"ALICE"}
	dir.Add(t, "cn=twin,"+ldaptest.People, twin)
	wantVerify(t, b, "names that differ in case are different users", "alice", "secret", true)
	wantVerify(t, b, "names that differ in case are different users", "ALICE", "secret", false)
	wantVerify(t, b, "names that differ in case are different users", "ALICE", "another", true)
	for _, name := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		twin["cn"] = []string{"twin" + name}
		dir.Add(t, "cn=twin"+name+","+ldaptest.People, twin)
	}
	wantError(t, b, "more entries than the size limit", "alice", "secret")
}

func testSearchAccount(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{Hidden: true})
	dir.AddUser(t, "alice", "secret")
	b := mustNew(t, Options{Addr: dir.Addr(), UserDN: userDN})
	wantVerify(t, b, "the anonymous search finds nothing", "alice", "secret", false)
	wantHas(t, b, "the anonymous search finds nothing", "alice", false)
	b = mustNew(t, Options{Addr: dir.Addr(), UserDN: userDN, BindDN: ldaptest.Account,
		BindPassword: hermes.NewSecret("wrong")})
	err := wantError(t, b, "the password of the account is wrong", "alice", "secret")
	if err != nil && !strings.Contains(err.Error(), ldaptest.Account) {
		t.Errorf("got %v, want the account to be named", err)
	}
}

func testAnonymousBindRefused(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{NoAnonymousBind: true})
	dir.AddUser(t, "alice", "secret")
	b := mustNew(t, Options{Addr: dir.Addr(), Base: ldaptest.Base})
	for range 2 {
		wantVerify(t, b, "a new connection is anonymous", "alice", "secret", true)
		wantHas(t, b, "a new connection is anonymous", "alice", true)
		wantVerify(t, b, "a new connection is anonymous", "alice", "wrong", false)
	}
}

func testMissingBase(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	b := mustNew(t, Options{Addr: dir.Addr(), Base: "ou=missing," + ldaptest.Base})
	wantError(t, b, "a search below an entry that is missing", "alice", "secret")
	b = mustNew(t, Options{Addr: dir.Addr(), UserDN: "uid={user},ou=missing," + ldaptest.Base})
	wantVerify(t, b, "an entry below one that is missing is an unknown user", "alice", "secret", false)
}

func testReferrals(t *testing.T) {
	dir, elsewhere := ldaptest.New(t, ldaptest.Options{}), ldaptest.New(t, ldaptest.Options{})
	elsewhere.AddUser(t, "mallory", "secret")
	proxy := ldaptest.NewProxy(t, elsewhere.Addr())
	dir.AddUser(t, "alice", "secret")
	dir.Add(t, "ou=elsewhere,"+ldaptest.People, ldaptest.Attributes{
		"objectClass": {"referral", "extensibleObject"}, "ou": {"elsewhere"},
		"ref": {"ldap://" + proxy.Addr() + "/" + ldaptest.People},
	})
	b := mustNew(t, Options{Addr: dir.Addr(), Base: ldaptest.Base})
	wantVerify(t, b, "a user of this server", "alice", "secret", true)
	wantVerify(t, b, "a user of the other server", "mallory", "secret", false)
	b = mustNew(t, Options{Addr: dir.Addr(), Base: "ou=elsewhere," + ldaptest.People})
	wantError(t, b, "the base is on the other server", "mallory", "secret")
	b = mustNew(t, Options{Addr: dir.Addr(), UserDN: "uid={user},ou=elsewhere," + ldaptest.People})
	wantError(t, b, "the entry is on the other server", "mallory", "secret")
	if _, made := proxy.Connections(); made != 0 || !slices.Equal(proxy.Requests(), nil) {
		t.Errorf("the other server got %d connections, want none", made)
	}
}
