package ldap_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/backendtest"
	"github.com/hermes-voip/go-hermes/hermes/ldap"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
)

var account = ldap.Options{BindDN: ldaptest.Account, BindPassword: hermes.NewSecret(ldaptest.Password)}

func TestBackend(t *testing.T) {
	for _, row := range []struct {
		name   string
		hidden bool
		opts   ldap.Options
	}{
		{"search", false, ldap.Options{Base: ldaptest.Base}},
		{"search with an account", true, ldap.Options{Base: ldaptest.People, BindDN: account.BindDN, BindPassword: account.BindPassword}},
		{"template", false, ldap.Options{UserDN: template}},
		{"template with an account", true, ldap.Options{UserDN: template, BindDN: account.BindDN, BindPassword: account.BindPassword}},
	} {
		t.Run(row.name, func(t *testing.T) {
			backendtest.Run(t, func(t *testing.T) backendtest.Fixture {
				dir := ldaptest.New(t, ldaptest.Options{Hidden: row.hidden})
				proxy := ldaptest.NewProxy(t, dir.Addr())
				opts := row.opts
				opts.Addr = proxy.Addr()
				return backendtest.Fixture{
					Backend: open(t, opts).Backend, Store: memstore.New(), AddUser: func(t *testing.T, user, password string) {
						dir.AddUser(t, user, password)
					},
					Work: func(fn func()) uint64 {
						proxy.Requests()
						fn()
						return uint64(len(proxy.Requests()))
					},
				}
			})
		})
	}
}

func TestRequests(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	proxy := ldaptest.NewProxy(t, dir.Addr())
	alice, nobody := ldaptest.UserDN("alice"), ldaptest.UserDN("nobody")
	search, template := ldap.Options{Base: ldaptest.People}, ldap.Options{UserDN: template}
	for _, row := range []struct {
		opts           ldap.Options
		user, password string
		want           []string
		why            string
	}{
		{search, "alice", "secret", []string{"search " + ldaptest.People, "bind " + alice}, "found, then asked"},
		{search, "nobody", "secret", []string{"search " + ldaptest.People, "bind " + nobody}, "an unknown user costs the same"},
		{template, "alice", "secret", []string{"search " + alice, "bind " + alice}, "one entry looked at, then asked"},
		{template, "nobody", "secret", []string{"search " + nobody, "bind " + nobody}, "an unknown user costs the same"},
		{template, "a,ou=x", "secret", []string{`search uid=a\,ou=x,` + ldaptest.People, `bind uid=a\,ou=x,` + ldaptest.People}, "a name is one value"},
		{search, "alice", "", nil, "a bind without a password is answered with success"},
		{search, "", "secret", nil, "a bind without a name is answered with success"},
		{search, "alice", "secret\x00", nil, "some servers' hashes end at a NUL"},
		{search, "alice", strings.Repeat("x", 1025), nil, "a server may break off at a long request"},
		{search, "alice\x00", "secret", nil, "no directory has it"},
		{search, "alice\xff", "secret", nil, "no directory has it"},
		{search, strings.Repeat("a", 257), "secret", nil, "no directory has it"},
	} {
		opts := row.opts
		opts.Addr = proxy.Addr()
		b := open(t, opts)
		b.wants(row.why, row.user, row.password, row.user == "alice" && row.password == "secret")
		if diff := cmp.Diff(row.want, proxy.Requests()); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", row.why, diff)
		}
		b.Close()
	}
}

// TestInjection has users whose names would let in or lead elsewhere if a filter or a name took them as they are.
func TestInjection(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.Add(t, "ou=staff,"+ldaptest.People, ldaptest.Attributes{"objectClass": {"organizationalUnit"}, "ou": {"staff"}})
	dir.Add(t, "uid=boss,ou=staff,"+ldaptest.People, ldaptest.Attributes{
		"objectClass": {"inetOrgPerson", "simpleSecurityObject"}, "uid": {"boss"}, "cn": {"x"}, "sn": {"x"}, "userPassword": {"secret"},
	})
	dir.AddUser(t, "alice", "secret")
	for _, opts := range []ldap.Options{{Base: ldaptest.People, OneLevel: true}, {UserDN: template}} {
		opts.Addr = dir.Addr()
		b := open(t, opts)
		for _, user := range []string{
			"boss,ou=staff", `boss\,ou=staff`, "boss+cn=x", "*", "al*", "alice)(uid=*", "*)(|(uid=*", "nobody)(uid=alice", `\61lice`, `\2a`,
			"alice)(userPassword=*", "nobody))(|(uid=alice", "alice,dc=x", "#04056c696365",
		} {
			b.wants("taken as it is", user, "secret", false)
			b.has("taken as it is", user, false)
		}
		b.wants("still herself", "alice", "secret", true)
	}
}

func TestFilter(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	dir.Add(t, ldaptest.UserDN("bob"), ldaptest.Attributes{
		"objectClass": {"inetOrgPerson"}, "uid": {"bob"}, "cn": {"x"}, "sn": {"x"}, "userPassword": {"secret"}, "employeeType": {"voip"},
	})
	for _, opts := range []ldap.Options{{Base: ldaptest.Base}, {UserDN: template}} {
		opts.Addr, opts.Filter = dir.Addr(), "(employeeType=voip)"
		b := open(t, opts)
		b.wants("matches the filter", "bob", "secret", true)
		b.has("matches the filter", "bob", true)
		b.wants("her password is right, but she is no user here", "alice", "secret", false)
		b.has("no user here", "alice", false)
	}
}

func TestAttributeAndScope(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.Add(t, "cn=Alice Example,"+ldaptest.People, ldaptest.Attributes{
		"objectClass": {"inetOrgPerson"}, "uid": {"al", "alice"}, "cn": {"Alice Example"}, "sn": {"x"}, "mail": {"alice@example.test"}, "userPassword": {"secret"},
	})
	dir.AddUser(t, "nopass", "")
	b := open(t, ldap.Options{Addr: dir.Addr(), Base: ldaptest.Base})
	b.wants("one of two values", "alice", "secret", true)
	b.wants("the other", "al", "secret", true)
	b.wants("no password is stored", "nopass", "secret", false)
	b.has("no password is stored", "nopass", true)
	b = open(t, ldap.Options{Addr: dir.Addr(), Base: ldaptest.Base, Attribute: "MAIL"})
	b.wants("another attribute, in any case", "alice@example.test", "secret", true)
	b.wants("not by uid", "alice", "secret", false)
	b = open(t, ldap.Options{Addr: dir.Addr(), Base: ldaptest.Base, OneLevel: true})
	b.wants("she is two levels down", "alice", "secret", false)
	b = open(t, ldap.Options{Addr: dir.Addr(), UserDN: "cn={user}," + ldaptest.People})
	b.wants("by the entry's own name", "Alice Example", "secret", true)
	b.wants("which is exact", "alice example", "secret", false)
}

func TestAmbiguous(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	twin := ldaptest.Attributes{"objectClass": {"inetOrgPerson"}, "uid": {"alice"}, "cn": {"twin"}, "sn": {"x"}, "userPassword": {"another"}}
	dir.Add(t, "cn=twin,"+ldaptest.People, twin)
	b := open(t, ldap.Options{Addr: dir.Addr(), Base: ldaptest.Base})
	for _, password := range []string{"secret", "another", "wrong"} {
		err := b.fails("two entries are one user", "alice", password)
		if err != nil && !strings.Contains(err.Error(), "2 entries") {
			t.Errorf("got %v, want how many", err)
		}
	}
	dir.Remove(t, "cn=twin,"+ldaptest.People)
	twin["uid"] = []string{"ALICE"}
	dir.Add(t, "cn=twin,"+ldaptest.People, twin)
	b.wants("names in another case are other users", "alice", "secret", true)
	b.wants("names in another case are other users", "ALICE", "secret", false)
	b.wants("names in another case are other users", "ALICE", "another", true)
	for _, name := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		twin["cn"] = []string{"twin" + name}
		dir.Add(t, "cn=twin"+name+","+ldaptest.People, twin)
	}
	b.fails("more than are asked for", "alice", "secret")
}

func TestWhoLooks(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{Hidden: true})
	dir.AddUser(t, "alice", "secret")
	b := open(t, ldap.Options{Addr: dir.Addr(), UserDN: template})
	b.wants("nobody is shown to the anonymous", "alice", "secret", false)
	b.has("nobody is shown to the anonymous", "alice", false)
	b = open(t, ldap.Options{Addr: dir.Addr(), UserDN: template, BindDN: ldaptest.Account, BindPassword: hermes.NewSecret("wrong")})
	err := b.fails("the account's password is wrong", "alice", "secret")
	if err != nil && !strings.Contains(err.Error(), ldaptest.Account) {
		t.Errorf("got %v, want the account in it", err)
	}
}

func TestAnonymousBindRefused(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{NoAnonymousBind: true})
	dir.AddUser(t, "alice", "secret")
	b := open(t, ldap.Options{Addr: dir.Addr(), Base: ldaptest.Base})
	for range 2 {
		b.wants("a new connection is anonymous", "alice", "secret", true)
		b.has("a new connection is anonymous", "alice", true)
		b.wants("a new connection is anonymous", "alice", "wrong", false)
	}
}

func TestBaseThatIsNot(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	b := open(t, ldap.Options{Addr: dir.Addr(), Base: "ou=missing," + ldaptest.Base})
	b.fails("a setting that is wrong is no unknown user", "alice", "secret")
	b = open(t, ldap.Options{Addr: dir.Addr(), UserDN: "uid={user},ou=missing," + ldaptest.Base})
	b.wants("here it cannot be told apart", "alice", "secret", false)
}

func TestReferralsAreNotFollowed(t *testing.T) {
	dir, elsewhere := ldaptest.New(t, ldaptest.Options{}), ldaptest.New(t, ldaptest.Options{})
	elsewhere.AddUser(t, "mallory", "secret")
	proxy := ldaptest.NewProxy(t, elsewhere.Addr())
	dir.AddUser(t, "alice", "secret")
	dir.Add(t, "ou=elsewhere,"+ldaptest.People, ldaptest.Attributes{
		"objectClass": {"referral", "extensibleObject"}, "ou": {"elsewhere"}, "ref": {"ldap://" + proxy.Addr() + "/" + ldaptest.People},
	})
	b := open(t, ldap.Options{Addr: dir.Addr(), Base: ldaptest.Base})
	b.wants("found here", "alice", "secret", true)
	b.wants("found elsewhere only", "mallory", "secret", false)
	b = open(t, ldap.Options{Addr: dir.Addr(), Base: "ou=elsewhere," + ldaptest.People})
	b.fails("the base is elsewhere", "mallory", "secret")
	b = open(t, ldap.Options{Addr: dir.Addr(), UserDN: "uid={user},ou=elsewhere," + ldaptest.People})
	b.fails("the user is elsewhere", "mallory", "secret")
	if _, made := proxy.Connections(); made != 0 || !slices.Equal(proxy.Requests(), nil) {
		t.Errorf("the other server got %d connections, want none", made)
	}
}
