package security_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// scopeForm narrows a principal to the customer example.com. The customer other.example has
// everything else.
const scopeForm = "&domains=example.com&numbers=%2B47735"

// scopeFixtures are calls that add the records of the other customer, and what crosses from one to
// the other.
var scopeFixtures = []struct{ node, form string }{
	{"domain/set_servers", "domain=other.example&registrar=sip.other.example&r_port=5060&proxy=sip.other.example&p_port=5060&prov_url=http://prov.other.example/"},
	{"user/add", "user=eve@other.example"},
	{"user/add", "user=dan@example.com"},
	{"user/add", "user=fay@example.com"},
	{"phone/add", "mac=665544332211&user=eve@other.example"},
	{"phone/add", "mac=0c0c0c0c0c0c&user=fay@example.com"},
	{"phone/add", "mac=0c0c0c0c0c0c&user=eve@other.example"},
	{"phone/add", "mac=0c0c0c0c0c0c&user=alice@example.com"},
	{"number/add_range", "start=%2B4673500001&end=%2B4673500009"},
	{"number/assign", "user=eve@other.example&number=%2B4673500009"},
	{"alias/add", "alias=info@other.example&destination=eve@other.example"},
	{"alias/add", "alias=in@other.example&destination=dan@example.com"},
	{"alias/add", "alias=out@example.com&destination=eve@other.example"},
}

// whose says to whom belongs what a request names.
type whose string

const (
	own     whose = "own"     // all of it is within the scope
	foreign whose = "foreign" // all of it is outside
	mixed   whose = "mixed"   // a part of it is
)

// scopeCase is a request of a principal that is narrowed by scopeForm.
type scopeCase struct {
	names whose
	accessCase
}

// scopeCases has, for each node that names an address, a number, a domain or a phone, requests that
// name what is within the scope and what is not. A registrar is a host, and so is in every scope; a
// new key without lists has the scope of its maker. No request changes the records that a later one
// needs.
var scopeCases = []scopeCase{
	{own, accessCase{"user/get", "R", "user=alice@example.com", "ok"}},
	{own, accessCase{"user/get", "R", "user=nobody@example.com", "failed/nonexistant"}},
	{own, accessCase{"user/get", "R", "user=alice@EXAMPLE.com", "ok"}},
	{foreign, accessCase{"user/get", "R", "user=eve@other.example", "failed/forbidden"}},
	{foreign, accessCase{"user/get", "R", "user=nobody@other.example", "failed/forbidden"}},
	{foreign, accessCase{"user/get", "R", "user=eve@OTHER.example", "failed/forbidden"}},
	{foreign, accessCase{"user/get", "R", "user=alice@sub.example.com", "failed/forbidden"}},
	{own, accessCase{"user/add", "W", "user=new@example.com", "ok"}},
	{foreign, accessCase{"user/add", "W", "user=new@other.example", "failed/forbidden"}},
	{own, accessCase{"user/add_remote", "W", "user=far@example.com&password=battery-staple&registrar=sip.example.org", "failed/domain"}},
	{foreign, accessCase{"user/add_remote", "W", "user=far@example.org&password=battery-staple&registrar=sip.example.org", "failed/forbidden"}},
	{own, accessCase{"user/onboard", "W", "user=joan@example.com&macs=aabbccddee01&number=%2B4773500007", "ok"}},
	{foreign, accessCase{"user/onboard", "W", "user=joan@other.example", "failed/forbidden"}},
	{mixed, accessCase{"user/onboard", "W", "user=jim@example.com&macs=aabbccddee02,665544332211", "failed/forbidden"}},
	{mixed, accessCase{"user/onboard", "W", "user=jim@example.com&macs=0c0c0c0c0c0c", "failed/forbidden"}},
	{mixed, accessCase{"user/onboard", "W", "user=jim@example.com&number=%2B4673500004", "failed/forbidden"}},
	{mixed, accessCase{"user/onboard", "W", "user=jim@example.com&search=%2B46*", "failed/empty"}},
	{mixed, accessCase{"user/onboard", "W", "user=jim@example.com&random=yes&alias_domain=other.example", "failed/forbidden"}},
	{own, accessCase{"user/rename", "A", "user=ron@example.com&new_user=ronald@example.com", "ok"}},
	{foreign, accessCase{"user/rename", "A", "user=eve@other.example&new_user=eva@other.example", "failed/forbidden"}},
	{mixed, accessCase{"user/rename", "A", "user=eve@other.example&new_user=eve@example.com", "failed/forbidden"}},
	{mixed, accessCase{"user/rename", "A", "user=ron@example.com&new_user=ron@other.example", "failed/forbidden"}},
	{mixed, accessCase{"user/rename", "A", "user=dan@example.com&new_user=daniel@example.com", "failed/inuse"}},
	{mixed, accessCase{"user/rename", "A", "user=fay@example.com&new_user=faye@example.com", "failed/forbidden"}},
	{own, accessCase{"user/offboard", "A", "user=otto@example.com", "ok"}},
	{foreign, accessCase{"user/offboard", "A", "user=eve@other.example", "failed/forbidden"}},
	{mixed, accessCase{"user/offboard", "A", "user=dan@example.com", "failed/inuse"}},
	{mixed, accessCase{"user/offboard", "A", "user=fay@example.com", "failed/forbidden"}},
	{own, accessCase{"user/show", "R", "user=alice@example.com", "ok"}},
	{own, accessCase{"user/show", "R", "alias=info@example.com", "ok"}},
	{own, accessCase{"user/show", "R", "mac=001122334455", "ok"}},
	{foreign, accessCase{"user/show", "R", "user=eve@other.example", "failed/forbidden"}},
	{foreign, accessCase{"user/show", "R", "alias=info@other.example", "failed/forbidden"}},
	{foreign, accessCase{"user/show", "R", "number=%2B4673500009", "failed/forbidden"}},
	{foreign, accessCase{"user/show", "R", "mac=665544332211", "failed/nonexistant"}},
	{mixed, accessCase{"user/show", "R", "mac=0c0c0c0c0c0c", "ok"}},
	{mixed, accessCase{"user/show", "R", "user=dan@example.com", "ok"}},
	{mixed, accessCase{"user/show", "R", "alias=out@example.com", "failed/nonexistant"}},
	{own, accessCase{"user/contacts", "R", "user=alice@example.com", "failed/notconfigured"}},
	{foreign, accessCase{"user/contacts", "R", "user=eve@other.example", "failed/forbidden"}},
	{own, accessCase{"user/suspend", "W", "user=alice@example.com", "ok"}},
	{foreign, accessCase{"user/suspend", "W", "user=eve@other.example", "failed/forbidden"}},
	{own, accessCase{"user/resume", "W", "user=alice@example.com", "ok"}},
	{foreign, accessCase{"user/resume", "W", "user=eve@other.example", "failed/forbidden"}},
	{own, accessCase{"user/remove", "A", "user=bob@example.com", "ok"}},
	{foreign, accessCase{"user/remove", "A", "user=eve@other.example", "failed/forbidden"}},
	{mixed, accessCase{"user/remove", "A", "user=dan@example.com", "failed/inuse"}},
	{own, accessCase{"user/change_pw", "W", "user=alice@example.com", "ok"}},
	{foreign, accessCase{"user/change_pw", "W", "user=eve@other.example", "failed/forbidden"}},
	{own, accessCase{"user/change_email", "W", "user=alice@example.com&email=alice@example.com", "ok"}},
	{foreign, accessCase{"user/change_email", "W", "user=eve@other.example&email=eve@example.com", "failed/forbidden"}},
	{own, accessCase{"user/update", "W", "user=alice@example.com&registrar=sip.other.example", "ok"}},
	{foreign, accessCase{"user/update", "W", "user=eve@other.example&displayname=Eve", "failed/forbidden"}},
	{own, accessCase{"user/avail", "R", "user=unused@example.com", "ok/nonexistant"}},
	{foreign, accessCase{"user/avail", "R", "user=unused@other.example", "failed/forbidden"}},
	{foreign, accessCase{"user/avail", "R", "user=eve@other.example", "failed/forbidden"}},
	{own, accessCase{"user/permissions", "R", "user=alice@example.com", "ok"}},
	{own, accessCase{"user/permissions", "W", "user=alice@example.com&permissions=local", "ok"}},
	{foreign, accessCase{"user/permissions", "R", "user=eve@other.example", "failed/forbidden"}},
	{foreign, accessCase{"user/permissions", "W", "user=eve@other.example&permissions=local", "failed/forbidden"}},
	{own, accessCase{"user/adopt", "W", "domain=example.com", "ok"}},
	{own, accessCase{"user/adopt", "W", "user=alice@example.com", "ok"}},
	{foreign, accessCase{"user/adopt", "W", "domain=other.example", "failed/forbidden"}},
	{foreign, accessCase{"user/adopt", "W", "user=eve@other.example", "failed/forbidden"}},

	{own, accessCase{"phone/get", "R", "mac=001122334455", "ok"}},
	{own, accessCase{"phone/get", "R", "user=alice@example.com", "ok"}},
	{foreign, accessCase{"phone/get", "R", "mac=665544332211", "failed/nonexistant"}},
	{foreign, accessCase{"phone/get", "R", "user=eve@other.example", "failed/forbidden"}},
	{mixed, accessCase{"phone/get", "R", "mac=0c0c0c0c0c0c", "ok"}},
	{own, accessCase{"phone/resync", "W", "mac=001122334455", "failed/notconfigured"}},
	{foreign, accessCase{"phone/resync", "W", "mac=665544332211", "failed/forbidden"}},
	{mixed, accessCase{"phone/resync", "W", "mac=0c0c0c0c0c0c", "failed/forbidden"}},
	{own, accessCase{"phone/add", "W", "mac=aabbccddeeff&user=alice@example.com", "ok"}},
	{foreign, accessCase{"phone/add", "W", "mac=665544332211&user=eve@other.example", "failed/forbidden"}},
	{mixed, accessCase{"phone/add", "W", "mac=665544332211&user=alice@example.com", "failed/forbidden"}},
	{mixed, accessCase{"phone/add", "W", "mac=0c0c0c0c0c0c&user=carol@example.com", "failed/forbidden"}},
	{mixed, accessCase{"phone/add", "W", "mac=001122334455&user=eve@other.example", "failed/forbidden"}},
	{own, accessCase{"phone/remove", "W", "mac=001122334455&user=alice@example.com", "ok"}},
	{foreign, accessCase{"phone/remove", "W", "mac=665544332211&user=eve@other.example", "failed/forbidden"}},
	{mixed, accessCase{"phone/remove", "W", "mac=0c0c0c0c0c0c&user=alice@example.com", "failed/forbidden"}},
	{own, accessCase{"phone/show", "R", "mac=001122334455", "ok"}},
	{foreign, accessCase{"phone/show", "R", "mac=665544332211", "failed/forbidden"}},
	{mixed, accessCase{"phone/show", "R", "mac=0c0c0c0c0c0c", "failed/forbidden"}},
	{own, accessCase{"phone/set", "W", "mac=001122334455&note=desk", "ok"}},
	{foreign, accessCase{"phone/set", "W", "mac=665544332211&note=desk", "failed/forbidden"}},
	{mixed, accessCase{"phone/set", "W", "mac=0c0c0c0c0c0c&note=desk", "failed/forbidden"}},
	{own, accessCase{"phone/enrol", "W", "mac=001122334455", "ok"}},
	{foreign, accessCase{"phone/enrol", "W", "mac=665544332211", "failed/forbidden"}},
	{mixed, accessCase{"phone/enrol", "W", "mac=0c0c0c0c0c0c", "failed/forbidden"}},
	{own, accessCase{"phone/config", "S", "mac=001122334455&vendor=yealink", "ok"}},
	{foreign, accessCase{"phone/config", "S", "mac=665544332211&vendor=yealink", "failed/forbidden"}},
	{mixed, accessCase{"phone/config", "S", "mac=0c0c0c0c0c0c&vendor=yealink", "failed/forbidden"}},

	{own, accessCase{"number/add_range", "A", "start=%2B4773500101&end=%2B4773500109", "ok"}},
	{foreign, accessCase{"number/add_range", "A", "start=%2B4673500101&end=%2B4673500109", "failed/forbidden"}},
	{mixed, accessCase{"number/add_range", "A", "start=%2B4773499990&end=%2B4773500010", "failed/forbidden"}},
	{own, accessCase{"number/add", "A", "number=%2B4773500200", "ok"}},
	{foreign, accessCase{"number/add", "A", "number=%2B4673500200", "failed/forbidden"}},
	{own, accessCase{"number/remove", "W", "number=%2B4773500001", "ok"}},
	{foreign, accessCase{"number/remove", "W", "number=%2B4673500001", "failed/forbidden"}},
	{own, accessCase{"number/test", "R", "number=%2B4773500002", "ok"}},
	{foreign, accessCase{"number/test", "R", "number=%2B4673500002", "failed/forbidden"}},
	{own, accessCase{"number/claim", "W", "search=%2B4773500003", "ok"}},
	{foreign, accessCase{"number/claim", "W", "search=%2B46*", "failed/empty"}},
	{own, accessCase{"number/assign", "W", "user=alice@example.com&number=%2B4773500004", "ok"}},
	{foreign, accessCase{"number/assign", "W", "user=eve@other.example", "failed/forbidden"}},
	{mixed, accessCase{"number/assign", "W", "user=alice@example.com&number=%2B4673500004", "failed/forbidden"}},
	{mixed, accessCase{"number/assign", "W", "user=alice@example.com&alias_domain=other.example", "failed/forbidden"}},
	{mixed, accessCase{"number/assign", "W", "user=alice@example.com&search=%2B46*", "failed/empty"}},
	{own, accessCase{"number/release", "W", "alias=%2B4773500009@example.com", "ok"}},
	{foreign, accessCase{"number/release", "W", "alias=%2B4673500009@other.example", "failed/forbidden"}},
	{foreign, accessCase{"number/release", "W", "number=%2B4673500009", "failed/forbidden"}},
	{own, accessCase{"number/hold", "W", "number=%2B4773500005", "ok"}},
	{foreign, accessCase{"number/hold", "W", "number=%2B4673500001", "failed/forbidden"}},
	{foreign, accessCase{"number/hold", "W", "search=%2B46*", "failed/empty"}},
	{own, accessCase{"number/unhold", "W", "number=%2B4773500006", "failed/nonexistant"}},
	{foreign, accessCase{"number/unhold", "W", "number=%2B4673500001", "failed/forbidden"}},
	{own, accessCase{"number/stats", "R", "", "ok"}},
	{foreign, accessCase{"number/stats", "R", "search=%2B46*", "ok"}},

	{own, accessCase{"alias/list", "R", "alias=info@example.com", "ok"}},
	{own, accessCase{"alias/list", "R", "destination=alice@example.com", "ok"}},
	{foreign, accessCase{"alias/list", "R", "alias=info@other.example", "failed/forbidden"}},
	{foreign, accessCase{"alias/list", "R", "destination=eve@other.example", "failed/forbidden"}},
	{own, accessCase{"alias/add", "W", "alias=sales@example.com&destination=alice@example.com", "ok"}},
	{own, accessCase{"alias/add", "W", "alias=mobile@example.com&destination=far@unserved.example", "ok"}},
	{foreign, accessCase{"alias/add", "W", "alias=sales@other.example&destination=eve@other.example", "failed/forbidden"}},
	{mixed, accessCase{"alias/add", "W", "alias=sales@other.example&destination=alice@example.com", "failed/forbidden"}},
	{mixed, accessCase{"alias/add", "W", "alias=eve@example.com&destination=eve@other.example", "failed/forbidden"}},
	{mixed, accessCase{"alias/add", "W", "alias=%2B4673500005@example.com&destination=alice@example.com", "failed/forbidden"}},
	{own, accessCase{"alias/remove", "W", "alias=info@example.com", "ok"}},
	{foreign, accessCase{"alias/remove", "W", "alias=info@other.example", "failed/forbidden"}},
	{mixed, accessCase{"alias/remove", "W", "alias=%2B4673500009@example.com", "failed/forbidden"}},

	{own, accessCase{"domain/get_servers", "R", "domain=example.com", "ok"}},
	{foreign, accessCase{"domain/get_servers", "R", "domain=other.example", "failed/forbidden"}},
	{own, accessCase{"domain/set_servers", "A", "domain=example.com&registrar=sip2.example.com&r_port=5060&proxy=sip.example.com&p_port=5060&prov_url=http://prov.example.com/", "ok"}},
	{foreign, accessCase{"domain/set_servers", "A", "domain=other.example&registrar=sip2.example.com&r_port=5060&proxy=sip.example.com&p_port=5060&prov_url=http://prov.example.com/", "failed/forbidden"}},

	{own, accessCase{"domain/prov_key", "A", "domain=example.com", "ok"}},
	{foreign, accessCase{"domain/prov_key", "A", "domain=other.example", "failed/forbidden"}},

	{own, accessCase{"audit/list", "A", "", "ok"}},
	{foreign, accessCase{"audit/verify", "A", "", "failed/forbidden"}},

	{own, accessCase{"auth/new_key", "A", "host=127.0.0.1&access=limited_read", "ok"}},
	{own, accessCase{"auth/new_key", "A", "host=127.0.0.1&access=limited_read&nodes=user/*", "ok"}},
	{foreign, accessCase{"auth/new_key", "A", "host=127.0.0.1&access=limited_read&domains=other.example", "failed/forbidden"}},
	{foreign, accessCase{"auth/new_key", "A", "host=127.0.0.1&access=limited_read&domains=*", "failed/forbidden"}},
	{mixed, accessCase{"auth/new_key", "A", "host=127.0.0.1&access=limited_read&numbers=%2B4773", "failed/forbidden"}},
	{foreign, accessCase{"auth/remove_key", "A", "key={key}", "failed/forbidden"}},
	{foreign, accessCase{"auth/authorize", "A", "user=erin&access=full_read", "failed/forbidden"}},
	{foreign, accessCase{"auth/remove_user", "A", "user=dave", "failed/forbidden"}},
	{foreign, accessCase{"auth/update_user", "A", "user=erin&password=another+horse", "failed/forbidden"}},
	{own, accessCase{"auth/add_user", "A", "user=frank&password=correct+horse", "ok"}},
	{own, accessCase{"auth/whoami", "R", "", "ok"}},
}

// TestScopeCases makes sure that the cases have, of each node whose request names an address, a
// number, a domain or a phone, a request for what is within the scope and one for what is not.
func TestScopeCases(t *testing.T) {
	t.Parallel()
	has := map[string][]whose{}
	for _, c := range scopeCases {
		has[c.node] = append(has[c.node], c.names)
	}
	for _, n := range hermes.Nodes() {
		if names := namesThings(reflect.TypeOf(n.New()).Elem()); names {
			for _, w := range []whose{own, foreign} {
				if !slices.Contains(has[n.Path], w) {
					t.Errorf("scopeCases in internal/test/security/scope_test.go has no request of %s that names what is %s", n.Path, w)
				}
			}
		}
	}
}

// namesThings reports whether a request has a field for an address, a number, a domain or a phone.
func namesThings(request reflect.Type) bool {
	for i := range request.NumField() {
		f := request.Field(i)
		t := f.Type
		if t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		switch t {
		case reflect.TypeFor[sip.Addr](), reflect.TypeFor[e164.Number](), reflect.TypeFor[mac.Addr](), reflect.TypeFor[sip.Domain]():
			return true
		}
	}
	return false
}

// TestScope sends every request of scopeCases with each access level.
func TestScope(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		for _, level := range accessLevels {
			t.Run(level.String(), func(t *testing.T) { testScope(t, newDeployment(t, db), level) })
		}
	})
}

// testScope sends the requests that must be refused and compares the records before and after. Then
// it sends the others.
func testScope(t *testing.T, d *deployment, level hermes.Access) {
	for _, f := range scopeFixtures {
		d.mustCallAsAdmin(t, f.node, f.form)
	}
	d.mustAddUser(t, testUser, level)
	d.mustCallAsAdmin(t, "auth/authorize", "user="+testUser+"&access="+level.String()+scopeForm)
	k := sessionKind{name: level.String(), capabilities: capabilities[level], isUser: true}
	s := d.MustLogin(t, "username="+testUser+"&password="+passwordForm)
	before := d.records(t)
	for _, c := range scopeCases {
		if !strings.HasPrefix(c.expected(k.capabilities), "ok") {
			d.testScopeRequest(t, k, s, c)
		}
	}
	if diff := cmp.Diff(before, d.records(t)); diff != "" {
		t.Errorf("the refused requests changed records (-before +after)\n%s", diff)
	}
	for _, c := range scopeCases {
		if strings.HasPrefix(c.expected(k.capabilities), "ok") {
			d.testScopeRequest(t, k, s, c)
		}
	}
}

// testScopeRequest is testRequest, and wants no answer to name the other customer's records unless
// the request does.
func (d *deployment) testScopeRequest(t *testing.T, k sessionKind, s hermesdtest.Session, c scopeCase) {
	t.Helper()
	form := strings.ReplaceAll(c.form, "{key}", d.keyID)
	a := d.Call(t, s, c.node, form)
	if want := c.expected(k.capabilities); a.Class() != want {
		t.Errorf("%s %s names what is %s and needs %s: answered %s, want %s", c.node, form, c.names, c.needs, a.Body, want)
	}
	for _, name := range []string{"eve@", "info@other", "in@other", "665544332211"} {
		if strings.Contains(a.Body, name) && !strings.Contains(form, name) {
			t.Errorf("%s %s: the answer has %s, which is the other customer's: %s", c.node, form, name, a.Body)
		}
	}
}
