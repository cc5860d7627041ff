package api_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// many returns n parameters that are ignored.
func many(n int) string { return strings.TrimSuffix(strings.Repeat("_=1&", n), "&") }

var (
	long64  = strings.Repeat("a", 64)
	host64  = strings.Repeat("a", 60) + ".com"
	group64 = strings.Repeat("%C3%A5", 64)
)

// parameterRows are the rules of API.md, section 1, each as a request by GET and by POST.
var parameterRows = []struct{ why, node, params, is string }{
	{"twice", "user/avail", "user=a@example.com&user=a@example.com", "invalid/parameters"},
	{"twice, one of them empty", "user/avail", "user=a@example.com&user=", "invalid/parameters"},
	{"twice, in different escapes", "user/avail", "user=a@example.com&%75ser=b@example.com", "invalid/parameters"},
	{"unknown", "user/avail", "user=a@example.com&users=1", "invalid/parameters"},
	{"unknown and empty", "user/avail", "user=a@example.com&users=", "invalid/parameters"},
	{"a name without a value", "user/avail", "user=a@example.com&users", "invalid/parameters"},
	{"a value without a name", "user/avail", "user=a@example.com&=1", "invalid/parameters"},
	{"names are case sensitive", "user/avail", "User=a@example.com", "invalid/parameters"},
	{"the cache buster is ignored", "user/avail", "user=a@example.com&_=1760000000", "ok/nonexistant"},
	{"even twice", "user/avail", "user=a@example.com&_=1&_=2", "ok/nonexistant"},
	{"empty pairs are none", "user/avail", "&&user=a@example.com&", "ok/nonexistant"},
	{"empty is absent", "user/list", "search=&limit=&after=", "ok"},
	{"empty is absent, and required", "user/avail", "user=", "invalid/parameters"},
	{"64 parameters", "user/avail", "user=a@example.com&" + many(61), "ok/nonexistant"}, // and session, auth_key
	{"65 parameters", "user/avail", "user=a@example.com&" + many(62), "invalid/parameters"},

	{"a semicolon is no separator", "user/avail", "user=a@example.com;_=1", "invalid/parameters"},
	{"an escaped one is a character", "user/avail", "user=a%3Bb@example.com", "ok/nonexistant"},
	{"a bad escape in a value", "user/avail", "user=a%4@example.com", "invalid/parameters"},
	{"a bad escape in a name", "user/avail", "user=a@example.com&%zz=1", "invalid/parameters"},
	{"a bad escape at the end", "user/avail", "user=a@example.com%", "invalid/parameters"},
	{"invalid UTF-8", "user/list", "search=%FF", "invalid/parameters"},
	{"overlong UTF-8", "user/list", "search=%C0%80", "invalid/parameters"},
	{"a surrogate", "user/list", "search=%ED%A0%80", "invalid/parameters"},
	{"NUL", "user/list", "search=a%00", "invalid/parameters"},
	{"a line break", "user/list", "search=a%0A", "invalid/parameters"},
	{"DEL", "user/list", "search=%7F", "invalid/parameters"},
	{"C1", "user/list", "search=%C2%85", "invalid/parameters"},
	{"right-to-left override", "user/list", "search=%E2%80%AE", "invalid/parameters"},
	{"an isolate", "user/list", "search=%E2%81%A6", "invalid/parameters"},
	{"a control character in a name", "user/list", "a%00=1", "invalid/parameters"},
	{"in a password too", "user/change_pw", "user=a@example.com&password=12345678%07", "invalid/parameters"},
	{"right-to-left letters are letters", "user/list", "search=%D7%A9", "ok"},

	{"one form", "user/avail", "user=a@example.com", "ok/nonexistant"},
	{"the other form", "user/avail", "username=a&domain=example.com", "ok/nonexistant"},
	{"both forms", "user/avail", "user=a@example.com&username=a&domain=example.com", "invalid/parameters"},
	{"both, half of the second", "user/avail", "user=a@example.com&domain=example.com", "invalid/parameters"},
	{"half of the second: the user", "user/avail", "username=a", "invalid/parameters"},
	{"half of the second: the domain", "user/avail", "domain=example.com", "invalid/parameters"},
	{"half of the second, the other empty", "user/avail", "username=&domain=example.com", "invalid/parameters"},
	{"one form, the other empty", "user/avail", "user=a@example.com&username=&domain=", "ok/nonexistant"},
	{"the other form, the first empty", "user/avail", "user=&username=a&domain=example.com", "ok/nonexistant"},
	{"no form", "user/avail", "", "invalid/parameters"},
	{"alias forms", "alias/list", "alias_username=a&alias_domain=example.com", "ok"},
	{"both alias forms", "alias/list", "alias=a@example.com&alias_username=a&alias_domain=example.com", "invalid/parameters"},
	{"half an alias", "alias/remove", "alias_username=a", "invalid/parameters"},
	{"user forms are no alias forms", "alias/remove", "username=a&domain=example.com", "invalid/parameters"},
	{"alias_domain of its own", "number/assign", "username=a&domain=example.com&alias_domain=example.org", "failed/nxdomain"},

	{"the scheme is dropped", "user/avail", "user=SIP:a@example.com", "ok/nonexistant"},
	{"not in the halves", "user/avail", "username=sip:a&domain=example.com", "failed/invalid"},
	{"64 characters of a user", "user/avail", "user=" + long64 + "@example.com", "ok/nonexistant"},
	{"65 characters of a user", "user/avail", "user=" + long64 + "a@example.com", "failed/invalid"},
	{"64 characters of a domain", "user/avail", "username=a&domain=" + host64, "ok/nonexistant"},
	{"65 characters of a domain", "user/avail", "username=a&domain=a" + host64, "failed/invalid"},
	{"a blank is none of the characters", "user/avail", "user=a%20b@example.com", "failed/invalid"},
	{"a blank at the end is no +", "user/avail", "user=a@example.com+", "failed/invalid"},

	{"a bare + of an address", "user/avail", "user=+4773500001@example.com", "ok/nonexistant"},
	{"a bare + of half an address", "user/avail", "username=+4773500001&domain=example.com", "ok/nonexistant"},
	{"a bare + of a number", "number/test", "number=+4773500001", "failed/nonexistant"},
	{"%2B is one as well", "number/test", "number=%2B4773500001", "failed/nonexistant"},
	{"%20 cannot be told from it", "number/test", "number=%204773500001", "failed/nonexistant"},
	{"two are too many", "number/test", "number=++4773500001", "failed/rejected"},
	{"a bare + of a search", "number/list", "search=+47", "failed/empty"},
	{"none in a domain", "domain/get_servers", "domain=+example.com", "failed/invalid"},
	{"none in a MAC", "phone/get", "mac=+01122334455", "failed/invalid"},
	{"15 digits", "number/test", "number=%2B123456789012345", "failed/nonexistant"},
	{"16 digits", "number/test", "number=%2B1234567890123456", "failed/rejected"},

	{"a search of 64 characters", "user/list", "search=" + group64, "ok"},
	{"a search of 65 characters", "user/list", "search=" + group64 + "a", "failed/invalid"},
	{"MAC in dotted groups", "phone/get", "mac=0011.2233.4455", "failed/nonexistant"},
	{"MAC with mixed separators", "phone/get", "mac=00:11-22:33:44:55", "failed/invalid"},

	{"limit 1", "user/list", "limit=1", "ok"},
	{"limit 0", "user/list", "limit=0", "invalid/parameters"},
	{"limit below 0", "user/list", "limit=-1", "invalid/parameters"},
	{"limit with a sign", "user/list", "limit=%2B1", "invalid/parameters"},
	{"limit of no number", "user/list", "limit=1e3", "invalid/parameters"},
	{"a large limit", "user/list", "limit=4611686018427387903", "ok"},
	{"a limit to which one more cannot be added", "user/list", "limit=9223372036854775807", "invalid/parameters"},
	{"a limit that no integer holds", "user/list", "limit=9223372036854775808", "invalid/parameters"},
	{"after that is no page", "user/list", "after=x", "invalid/parameters"},
	{"yes", "number/claim", "random=yes", "failed/empty"},
	{"1", "number/claim", "random=1", "failed/empty"},
	{"no", "number/claim", "random=no", "failed/empty"},
	{"0", "number/claim", "random=0", "failed/empty"},
	{"neither", "number/claim", "random=on", "invalid/parameters"},
	{"a port of 0 is no default", "user/add_remote", "user=a@example.org&password=x&registrar=sip.example.org&r_port=0", "invalid/parameters"},

	{"the answer differs at one node: twice", "domain/set_servers", "domain=a&domain=a", "failed/parameters"},
	{"the answer differs at one node: unknown", "domain/set_servers", "colour=red", "failed/parameters"},
	{"the answer differs at one node: escapes", "domain/set_servers", "domain=%", "failed/parameters"},
}

func TestParameters(t *testing.T) {
	w := world(t, nil)
	admin := w.Login("admin")
	for _, row := range parameterRows {
		for _, q := range []apitest.Question{
			{Caller: admin, Node: row.node, Query: row.params},
			{Caller: admin, Node: row.node, Form: row.params},
		} {
			a := w.Ask(q)
			if a.Is() != row.is || a.Status != 200 {
				t.Errorf("%s: %s?%s: got %d %s, want %s: %.200s", row.why, row.node, row.params, a.Status, a.Is(), row.is, a.Body)
			}
		}
	}
}

func TestQueryAndBodyCountTogether(t *testing.T) {
	w := world(t, nil)
	admin := w.Login("admin")
	for _, row := range []struct{ why, query, form, is string }{
		{"one half in each", "username=a", "domain=example.com", "ok/nonexistant"},
		{"once in each", "user=a@example.com", "user=a@example.com", "invalid/parameters"},
		{"one form in each", "user=a@example.com", "username=a&domain=example.com", "invalid/parameters"},
		{"65 together", many(32), "user=a@example.com&" + many(30), "invalid/parameters"},
		{"the session in the body", "", "session=x&user=a@example.com", "invalid/parameters"}, // it is in the query, too
	} {
		a := w.Ask(apitest.Question{Caller: admin, Node: "user/avail", Query: row.query, Form: row.form})
		if a.Is() != row.is {
			t.Errorf("%s: got %s, want %s: %s", row.why, a.Is(), row.is, a.Body)
		}
	}
	a := w.Ask(apitest.Question{Caller: apitest.Caller{Cookie: admin.Cookie}, Node: "user/list", Form: "session=" + admin.Session + "&auth_key=" + admin.AuthKey})
	if a.Is() != "ok" {
		t.Errorf("the session in the body: %s", a.Body)
	}
}

// TestDetailNamesTheParameter makes sure that a person learns which one it was, and that a name which somebody made up is
// shown in a way that cannot do harm.
func TestDetailNamesTheParameter(t *testing.T) {
	w := world(t, nil)
	admin := w.Login("admin")
	for _, row := range []struct{ node, query, want string }{
		{"user/avail", "", "user: missing"},
		{"user/avail", "user=a@example.com&user=b@example.com", "user: given twice"},
		{"user/avail", "user=a@example.com&colour=red&angle=1", "angle, colour: unknown here"},
		{"user/avail", "user=a@example.com&%3Cb%3E=1", `"<b>": unknown here`},
		{"user/avail", "username=a", "want both username and domain, or user"},
		{"user/list", "limit=x", `limit: "x": want a number, 1 or more`},
		{"user/list", "search=%00", "search: want UTF-8 without control characters and without overrides of the direction"},
		{"user/list", "%00=1", `"\x00": want UTF-8 without control characters and without overrides of the direction`},
		{"user/list", "x%4=1", "a parameter's name: want two hex digits after each %"},
	} {
		a := w.Ask(apitest.Question{Caller: admin, Node: row.node, Query: row.query})
		if a.Text("detail") != row.want {
			t.Errorf("%s?%s:\ngot  %s\nwant %s", row.node, row.query, a.Text("detail"), row.want)
		}
	}
	a := w.Ask(apitest.Question{Caller: admin, Node: "user/list", Form: "limit=" + strings.Repeat("9", 60000)})
	if len(a.Body) > 1000 {
		t.Errorf("the detail repeats %d bytes of the request", len(a.Body))
	}
}

// TestNothingHalfDone makes sure that a fault anywhere in the request leaves everything alone.
func TestNothingHalfDone(t *testing.T) {
	w := world(t, nil)
	admin := w.Login("admin")
	w.Ask(apitest.Question{Caller: admin, Node: "number/add", Query: "number=%2B4773500001"})
	for i, params := range []string{"&number=%2B4773500001", "&x=1", "&_=%", "&x=%00", ";"} {
		a := w.Ask(apitest.Question{Caller: admin, Node: "number/remove", Query: "number=%2B4773500001" + params})
		if a.Is() != "invalid/parameters" {
			t.Errorf("%s: answered %s", strconv.Itoa(i), a.Body)
		}
	}
	if a := w.Ask(apitest.Question{Caller: admin, Node: "number/test", Query: "number=%2B4773500001"}); a.Is() != "ok" {
		t.Errorf("the number is gone: %s", a.Body)
	}
}
