package api_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/apitest"
)

// ignoredParams returns n parameters that are ignored.
func ignoredParams(n int) string { return strings.TrimSuffix(strings.Repeat("_=1&", n), "&") }

var (
	long64   = strings.Repeat("a", 64)
	host64   = strings.Repeat("a", 60) + ".com"
	search64 = strings.Repeat("%C3%A5", 64)
)

// paramRows are the rules for parameters.
var paramRows = []struct{ why, node, params, want string }{
	{"twice", "user/avail", "user=a@example.com&user=a@example.com", "invalid/parameters"},
	{"twice, one of them empty", "user/avail", "user=a@example.com&user=", "invalid/parameters"},
	{"twice, escaped differently", "user/avail", "user=a@example.com&%75ser=b@example.com", "invalid/parameters"},
	{"unknown", "user/avail", "user=a@example.com&users=1", "invalid/parameters"},
	{"unknown and empty", "user/avail", "user=a@example.com&users=", "invalid/parameters"},
	{"unknown name without a value", "user/avail", "user=a@example.com&users", "invalid/parameters"},
	{"value without a name", "user/avail", "user=a@example.com&=1", "invalid/parameters"},
	{"names are case sensitive", "user/avail", "User=a@example.com", "invalid/parameters"},
	{"the cache buster is ignored", "user/avail", "user=a@example.com&_=1760000000", "ok/nonexistant"},
	{"the cache buster is ignored even twice", "user/avail", "user=a@example.com&_=1&_=2", "ok/nonexistant"},
	{"empty pairs are skipped", "user/avail", "&&user=a@example.com&", "ok/nonexistant"},
	{"empty is absent", "user/list", "search=&limit=&after=", "ok"},
	{"empty is absent, the parameter is required", "user/avail", "user=", "invalid/parameters"},
	// session and auth_key count, too.
	{"64 parameters", "user/avail", "user=a@example.com&" + ignoredParams(61), "ok/nonexistant"},
	{"65 parameters", "user/avail", "user=a@example.com&" + ignoredParams(62), "invalid/parameters"},

	{"semicolon as separator", "user/avail", "user=a@example.com;_=1", "invalid/parameters"},
	{"escaped semicolon", "user/avail", "user=a%3Bb@example.com", "ok/nonexistant"},
	{"bad escape in a value", "user/avail", "user=a%4@example.com", "invalid/parameters"},
	{"bad escape in a name", "user/avail", "user=a@example.com&%zz=1", "invalid/parameters"},
	{"bad escape at the end", "user/avail", "user=a@example.com%", "invalid/parameters"},
	{"invalid UTF-8", "user/list", "search=%FF", "invalid/parameters"},
	{"overlong UTF-8", "user/list", "search=%C0%80", "invalid/parameters"},
	{"surrogate in UTF-8", "user/list", "search=%ED%A0%80", "invalid/parameters"},
	{"NUL", "user/list", "search=a%00", "invalid/parameters"},
	{"line break", "user/list", "search=a%0A", "invalid/parameters"},
	{"DEL", "user/list", "search=%7F", "invalid/parameters"},
	{"control character above ASCII", "user/list", "search=%C2%85", "invalid/parameters"},
	{"right-to-left override", "user/list", "search=%E2%80%AE", "invalid/parameters"},
	{"directional isolate", "user/list", "search=%E2%81%A6", "invalid/parameters"},
	{"control character in a name", "user/list", "a%00=1", "invalid/parameters"},
	{"control character in a password",
		"user/change_pw", "user=a@example.com&password=12345678%07", "invalid/parameters"},
	{"right-to-left letters are accepted", "user/list", "search=%D7%A9", "ok"},

	{"whole address", "user/avail", "user=a@example.com", "ok/nonexistant"},
	{"address in halves", "user/avail", "username=a&domain=example.com", "ok/nonexistant"},
	{"whole address and halves",
		"user/avail", "user=a@example.com&username=a&domain=example.com", "invalid/parameters"},
	{"whole address and one half", "user/avail", "user=a@example.com&domain=example.com", "invalid/parameters"},
	{"user half only", "user/avail", "username=a", "invalid/parameters"},
	{"domain half only", "user/avail", "domain=example.com", "invalid/parameters"},
	{"domain half, empty user half", "user/avail", "username=&domain=example.com", "invalid/parameters"},
	{"whole address, empty halves", "user/avail", "user=a@example.com&username=&domain=", "ok/nonexistant"},
	{"halves, empty whole address", "user/avail", "user=&username=a&domain=example.com", "ok/nonexistant"},
	{"no address", "user/avail", "", "invalid/parameters"},
	{"alias in halves", "alias/list", "alias_username=a&alias_domain=example.com", "ok"},
	{"whole alias and halves",
		"alias/list", "alias=a@example.com&alias_username=a&alias_domain=example.com", "invalid/parameters"},
	{"one half of an alias", "alias/remove", "alias_username=a", "invalid/parameters"},
	{"halves of a user at a node with an alias", "alias/remove", "username=a&domain=example.com", "invalid/parameters"},
	{"alias_domain that is no half",
		"number/assign", "username=a&domain=example.com&alias_domain=example.org", "failed/nxdomain"},

	{"sip: is removed", "user/avail", "user=SIP:a@example.com", "ok/nonexistant"},
	{"sip: in a half", "user/avail", "username=sip:a&domain=example.com", "failed/invalid"},
	{"user of 64 characters", "user/avail", "user=" + long64 + "@example.com", "ok/nonexistant"},
	{"user of 65 characters", "user/avail", "user=" + long64 + "a@example.com", "failed/invalid"},
	{"domain of 64 characters", "user/avail", "username=a&domain=" + host64, "ok/nonexistant"},
	{"domain of 65 characters", "user/avail", "username=a&domain=a" + host64, "failed/invalid"},
	{"blank in a user", "user/avail", "user=a%20b@example.com", "failed/invalid"},
	{"trailing + is a blank", "user/avail", "user=a@example.com+", "failed/invalid"},

	{"unescaped + of an address", "user/avail", "user=+4773500001@example.com", "ok/nonexistant"},
	{"unescaped + of a user half", "user/avail", "username=+4773500001&domain=example.com", "ok/nonexistant"},
	{"unescaped + of a number", "number/test", "number=+4773500001", "failed/nonexistant"},
	{"escaped + of a number", "number/test", "number=%2B4773500001", "failed/nonexistant"},
	{"%20 is a blank in a number", "number/test", "number=%204773500001", "failed/rejected"},
	{"%20 is a blank in an address", "user/avail", "user=%20bob@example.com", "failed/invalid"},
	{"%20 is a blank in a user half", "user/avail", "username=%20bob&domain=example.com", "failed/invalid"},
	{"%20 is a blank in an alias", "alias/remove", "alias=%204773500001@example.com", "invalid/address"},
	{"only the first + may be one that was not escaped", "user/avail", "user=++47@example.com", "failed/invalid"},
	{"two unescaped +", "number/test", "number=++4773500001", "failed/rejected"},
	{"unescaped + of the first prefix", "auth/authorize", "user=reader&access=1&numbers=+47", "ok"},
	{"unescaped + of another prefix", "auth/authorize", "user=reader&access=1&numbers=%2B47,+46", "ok"},
	{"unescaped + after an escaped comma", "auth/authorize", "user=reader&access=1&numbers=+47%2c+46%2C+45", "ok"},
	{"unescaped + in a prefix", "auth/authorize", "user=reader&access=1&numbers=+47,+4+6", "invalid/parameters"},
	{"escaped blank of a prefix", "auth/authorize", "user=reader&access=1&numbers=%2047", "invalid/parameters"},
	{"escaped blank of another prefix", "auth/authorize", "user=reader&access=1&numbers=+47,%2046", "invalid/parameters"},
	{"unescaped + of a search", "number/list", "search=+47", "failed/empty"},
	{"unescaped + of a domain", "domain/get_servers", "domain=+example.com", "failed/invalid"},
	{"unescaped + of a MAC", "phone/get", "mac=+01122334455", "failed/invalid"},
	{"number of 15 digits", "number/test", "number=%2B123456789012345", "failed/nonexistant"},
	{"number of 16 digits", "number/test", "number=%2B1234567890123456", "failed/rejected"},

	{"search of 64 characters", "user/list", "search=" + search64, "ok"},
	{"search of 65 characters", "user/list", "search=" + search64 + "a", "failed/invalid"},
	{"MAC in dotted groups", "phone/get", "mac=0011.2233.4455", "failed/nonexistant"},
	{"MAC with mixed separators", "phone/get", "mac=00:11-22:33:44:55", "failed/invalid"},

	{"limit 1", "user/list", "limit=1", "ok"},
	{"limit 0", "user/list", "limit=0", "invalid/parameters"},
	{"limit below 0", "user/list", "limit=-1", "invalid/parameters"},
	{"limit with a sign", "user/list", "limit=%2B1", "invalid/parameters"},
	{"limit in exponential form", "user/list", "limit=1e3", "invalid/parameters"},
	{"large limit", "user/list", "limit=4611686018427387903", "ok"},
	{"largest int64 as limit", "user/list", "limit=9223372036854775807", "invalid/parameters"},
	{"limit over int64", "user/list", "limit=9223372036854775808", "invalid/parameters"},
	{"malformed after", "user/list", "after=x", "invalid/parameters"},
	{"random=yes", "number/claim", "random=yes", "failed/empty"},
	{"random=1", "number/claim", "random=1", "failed/empty"},
	{"random=no", "number/claim", "random=no", "failed/empty"},
	{"random=0", "number/claim", "random=0", "failed/empty"},
	{"random=on", "number/claim", "random=on", "invalid/parameters"},
	{"port 0",
		"user/add_remote", "user=a@example.org&password=x&registrar=sip.example.org&r_port=0", "invalid/parameters"},

	{"domain/set_servers answers failed: twice", "domain/set_servers", "domain=a&domain=a", "failed/parameters"},
	{"domain/set_servers answers failed: unknown", "domain/set_servers", "colour=red", "failed/parameters"},
	{"domain/set_servers answers failed: escapes", "domain/set_servers", "domain=%", "failed/parameters"},
}

func TestHandler_Params(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	admin := s.Login(t, "admin")
	for _, row := range paramRows {
		for _, req := range []apitest.Request{
			{Session: admin, Node: row.node, Query: row.params},
			{Session: admin, Node: row.node, Form: row.params},
		} {
			res := s.Do(t, req)
			if res.Result() != row.want || res.Status != 200 {
				t.Errorf("%s: %s?%s: got %d %s, want %s: %.200s",
					row.why, row.node, row.params, res.Status, res.Result(), row.want, res.Body)
			}
		}
	}
}

func TestHandler_ParamsOfQueryAndBody(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	admin := s.Login(t, "admin")
	for _, row := range []struct{ why, query, form, want string }{
		{"one half in each", "username=a", "domain=example.com", "ok/nonexistant"},
		{"the same in both", "user=a@example.com", "user=a@example.com", "invalid/parameters"},
		{"whole address in one, halves in the other",
			"user=a@example.com", "username=a&domain=example.com", "invalid/parameters"},
		{"65 together", ignoredParams(32), "user=a@example.com&" + ignoredParams(30), "invalid/parameters"},
		{"session in both", "", "session=x&user=a@example.com", "invalid/parameters"},
	} {
		res := s.Do(t, apitest.Request{Session: admin, Node: "user/avail", Query: row.query, Form: row.form})
		if res.Result() != row.want {
			t.Errorf("%s: got %s, want %s: %s", row.why, res.Result(), row.want, res.Body)
		}
	}
	res := s.Do(t, apitest.Request{
		Session: apitest.Session{Cookie: admin.Cookie}, Node: "user/list",
		Form: "session=" + admin.ID + "&auth_key=" + admin.AuthKey,
	})
	if res.Result() != "ok" {
		t.Errorf("session in the body: %s", res.Body)
	}
}

// TestHandler_ParamsDetail checks that the detail names the parameter, and quotes a name that the
// node does not have.
func TestHandler_ParamsDetail(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	admin := s.Login(t, "admin")
	const wantText = "want UTF-8 without control characters and without overrides of the direction"
	for _, row := range []struct{ target, want string }{
		{"user/avail", "user: missing"},
		{"user/avail?user=a@example.com&user=b@example.com", "user: given twice"},
		{"user/avail?user=a@example.com&colour=red&angle=1", "angle, colour: unknown here"},
		{"user/avail?user=a@example.com&%3Cb%3E=1", `"<b>": unknown here`},
		{"user/avail?username=a", "want both username and domain, or user"},
		{"user/list?limit=x", `limit: "x": want a number, 1 or more`},
		{"user/list?search=%00", "search: " + wantText},
		{"user/list?%00=1", `"\x00": ` + wantText},
		{"user/list?x%4=1", "a parameter's name: want two hex digits after each %"},
	} {
		res := s.Do(t, newRequest(admin, row.target))
		if res.Text("detail") != row.want {
			t.Errorf("%s:\ngot  %s\nwant %s", row.target, res.Text("detail"), row.want)
		}
	}
	res := s.Do(t, apitest.Request{Session: admin, Node: "user/list", Form: "limit=" + strings.Repeat("9", 60000)})
	if len(res.Body) > 1000 {
		t.Errorf("an answer of %d bytes to a long parameter: want the detail cut", len(res.Body))
	}
}

// TestHandler_ParamsFaultChangesNothing checks that a request with a fault in any parameter is
// refused as a whole.
func TestHandler_ParamsFaultChangesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	admin := s.Login(t, "admin")
	s.Do(t, newRequest(admin, "number/add?number=%2B4773500001"))
	for _, params := range []string{"&number=%2B4773500001", "&x=1", "&_=%", "&x=%00", ";"} {
		res := s.Do(t, newRequest(admin, "number/remove?number=%2B4773500001"+params))
		if res.Result() != "invalid/parameters" {
			t.Errorf("%s: answered %s", params, res.Body)
		}
	}
	if res := s.Do(t, newRequest(admin, "number/test?number=%2B4773500001")); res.Result() != "ok" {
		t.Errorf("the number has been removed: %s", res.Body)
	}
}
