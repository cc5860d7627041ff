package security_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
)

// accessCase is a request that succeeds if the session has the capability.
type accessCase struct {
	node  string
	needs string // a capability below, or noCapability
	// form may have {self} for the user or key of the session, {key} for the id of an API key, and
	// {spare} for another session.
	form string
	want string // the class of the answer if the request succeeds
}

// noCapability marks the nodes that need no session.
const noCapability = "–"

// accessCases has each node, and a node whose capability depends on the request once for each. It
// repeats the node table by hand, so that a wrong capability there is found. No request changes the
// records that a later one needs.
var accessCases = []accessCase{
	{"auth/login", "–", "username=dave&password=correct+horse", "ok"},
	{"auth/challenge", "–", "key=hek_0123456789", "ok"},
	{"auth/logout", "–", "session={spare}", "ok"},
	{"auth/ping", "R", "", "pong"},
	{"auth/new_key", "A", "host=127.0.0.1&access=limited_read", "ok"},
	{"auth/remove_key", "A", "key={key}", "ok"},
	{"auth/list_keys", "A", "", "ok"},
	{"auth/authorize", "U", "user=erin&access=full_read", "ok"},
	{"auth/remove_user", "A", "user=dave", "ok"},
	{"auth/list_users", "A", "", "ok"},
	{"auth/whoami", "R", "", "ok"},
	{"auth/add_user", "U", "user=frank&password=correct+horse", "ok"},
	{"auth/update_user", "U", "user=erin&password=another+horse", "ok"},
	{"auth/update_user", "U", "user=erin&password=another+horse&old_password=correct+horse", "ok"},
	{"auth/update_user", "R", "user={self}&password=correct+horse&old_password=correct+horse", "ok"},

	{"user/get", "R", "user=alice@example.com", "ok"},
	{"user/list", "R", "", "ok"},
	{"user/add", "W", "user=new@example.com", "ok"},
	{"user/add_remote", "W", "user=far@example.org&password=battery-staple&registrar=sip.example.org", "ok"},
	{"user/onboard", "W", "user=joan@example.com&macs=aabbccddee01&number=%2B4773500007", "ok"},
	{"user/rename", "A", "user=ron@example.com&new_user=ronald@example.com", "ok"},
	{"user/offboard", "A", "user=otto@example.com", "ok"},
	{"user/show", "R", "user=alice@example.com", "ok"},
	{"user/contacts", "R", "user=alice@example.com", "failed/notconfigured"},
	{"user/suspend", "W", "user=alice@example.com&reason=unpaid", "ok"},
	{"user/resume", "W", "user=alice@example.com", "ok"},
	{"user/remove", "A", "user=bob@example.com", "ok"},
	{"user/change_pw", "W", "user=alice@example.com", "ok"},
	{"user/change_email", "W", "user=alice@example.com&email=alice@example.com", "ok"},
	{"user/update", "W", "user=alice@example.com&displayname=Alice", "ok"},
	{"user/avail", "R", "user=unused@example.com", "ok/nonexistant"},
	{"user/generate_password", "R", "", "ok"},
	{"user/permissions", "R", "user=alice@example.com", "ok"},
	{"user/permissions", "W", "user=alice@example.com&permissions=local,national", "ok"},
	{"user/permissions", "W", "user=alice@example.com&permissions=", "ok"},
	{"user/adopt", "W", "domain=example.com", "ok"},

	{"phone/get", "R", "user=alice@example.com", "ok"},
	{"phone/list", "R", "", "ok"},
	{"phone/add", "W", "mac=aabbccddeeff&user=alice@example.com", "ok"},
	{"phone/show", "R", "mac=001122334455", "ok"},
	{"phone/set", "W", "mac=001122334455&vendor=snom&note=desk", "ok"},
	{"phone/enrol", "W", "mac=001122334455&ttl=1h", "ok"},
	{"phone/config", "S", "mac=001122334455&vendor=yealink", "ok"},
	{"phone/resync", "W", "mac=001122334455", "failed/notconfigured"},
	{"phone/remove", "W", "mac=001122334455&user=alice@example.com", "ok"},

	{"number/list", "R", "", "ok"},
	{"number/add_range", "A", "start=%2B4773500101&end=%2B4773500109", "ok"},
	{"number/add", "A", "number=%2B4773500200", "ok"},
	{"number/remove", "W", "number=%2B4773500001", "ok"},
	{"number/test", "R", "number=%2B4773500002", "ok"},
	{"number/claim", "W", "search=%2B4773500003", "ok"},
	{"number/assign", "W", "user=alice@example.com&number=%2B4773500004", "ok"},
	{"number/release", "W", "alias=%2B4773500009@example.com", "ok"},
	{"number/hold", "W", "number=%2B4773500005", "ok"},
	{"number/unhold", "W", "number=%2B4773500005", "ok"},
	{"number/stats", "R", "", "ok"},

	{"alias/list", "R", "", "ok"},
	{"alias/add", "W", "alias=sales@example.com&destination=alice@example.com", "ok"},
	{"alias/remove", "W", "alias=info@example.com", "ok"},

	{"domain/list", "R", "", "ok"},
	{"domain/get_servers", "R", "domain=example.com", "ok"},
	{"domain/set_servers", "A", "domain=example.com&registrar=sip2.example.com&r_port=5060&proxy=sip.example.com&p_port=5060&prov_url=http://prov.example.com/", "ok"},

	{"domain/prov_key", "A", "domain=example.com&rotate=yes", "ok"},

	{"audit/list", "A", "", "ok"},
	{"audit/verify", "A", "", "ok"},
}

// capabilities has the capabilities of each access level: R reads, S sees secrets, W writes, A
// administers, U makes and changes API users.
var capabilities = map[hermes.Access]string{
	hermes.LimitedRead: "R", hermes.FullRead: "RS", hermes.LimitedWrite: "RW", hermes.FullWrite: "RSWAU",
}

// keyCapabilities returns those of a key with the level that is bound to a host, which makes no
// users.
func keyCapabilities(level hermes.Access) string { return strings.TrimSuffix(capabilities[level], "U") }

var accessLevels = []hermes.Access{hermes.LimitedRead, hermes.FullRead, hermes.LimitedWrite, hermes.FullWrite}

// expected returns the class of the answer to a session whose user or key has the capabilities now.
// They are empty if the session is not valid.
func (c accessCase) expected(capabilities string) string {
	switch {
	case c.needs == noCapability || strings.Contains(capabilities, c.needs):
		return c.want
	case capabilities == "":
		return "failed/unauthorized"
	}
	return "failed/forbidden"
}

// TestAccessCases makes sure that the cases have every node of the node table and no other.
func TestAccessCases(t *testing.T) {
	t.Parallel()
	known, used := map[string]bool{}, map[string]bool{}
	for _, c := range accessCases {
		used[c.node] = true
	}
	for _, n := range hermes.Nodes() {
		known[n.Path] = true
		if !used[n.Path] {
			t.Errorf("accessCases in internal/test/security/access_test.go has no request of %s; add one for each capability that it needs", n.Path)
		}
	}
	for node := range used {
		if !known[node] {
			t.Errorf("accessCases has a request of %s, which is not a node", node)
		}
	}
}

// TestAccess sends every request with every kind of session.
func TestAccess(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		for _, k := range sessionKinds() {
			t.Run(k.name, func(t *testing.T) {
				d := newDeployment(t, db)
				testAccess(t, d, k, k.open(t, d))
			})
		}
	})
}

// testAccess sends the requests that must be refused and compares the records before and after.
// Then it sends the others.
func testAccess(t *testing.T, d *deployment, k sessionKind, s hermesdtest.Session) {
	before := d.records(t)
	for _, c := range accessCases {
		if c.expected(k.capabilities) != c.want {
			d.testRequest(t, k, s, c)
		}
	}
	if diff := cmp.Diff(before, d.records(t)); diff != "" {
		t.Errorf("the refused requests changed records (-before +after)\n%s", diff)
	}
	for _, c := range accessCases {
		if c.expected(k.capabilities) == c.want {
			d.testRequest(t, k, s, c)
		}
	}
}

func (d *deployment) testRequest(t *testing.T, k sessionKind, s hermesdtest.Session, c accessCase) {
	t.Helper()
	form := strings.NewReplacer("{self}", k.principal(), "{key}", d.keyID).Replace(c.form)
	switch {
	case strings.Contains(form, "{spare}"):
		spare := d.MustLogin(t, "username=erin&password="+passwordForm)
		form, s = strings.ReplaceAll(form, "{spare}", spare.ID), hermesdtest.Session{Cookie: spare.Cookie}
	case c.needs == noCapability:
		// session and auth_key are not among the node's parameters.
		s = hermesdtest.Session{Cookie: s.Cookie}
	case strings.Contains(c.form, "{self}") && !k.isUser:
		return // an API key has no password
	}
	if a := d.Call(t, s, c.node, form); a.Class() != c.expected(k.capabilities) {
		t.Errorf("%s %s needs %s: answered %s, want %s", c.node, form, c.needs, a.Body, c.expected(k.capabilities))
	}
}

// sessionKind is a kind of session.
type sessionKind struct {
	name         string
	capabilities string // when the requests are sent; empty if the session is not valid
	isUser       bool   // and not an API key
	open         func(t *testing.T, d *deployment) hermesdtest.Session
}

// testUser is the user of the sessions.
const testUser = "tester"

// principal returns a name of the session's kind of principal.
func (k sessionKind) principal() string {
	if k.isUser {
		return testUser
	}
	return "hek_0123456789"
}

// sessionKinds returns all kinds: no session, sessions of each level, sessions whose level has
// become each other level, and sessions that have ended because the user or key was removed, the
// password was changed or the user logged out. All of these changes are made at the other server.
func sessionKinds() []sessionKind {
	all := []sessionKind{{name: "no session", isUser: true, open: func(*testing.T, *deployment) hermesdtest.Session { return hermesdtest.Session{} }}}
	for _, level := range accessLevels {
		all = append(all, levelKinds(level)...)
		for _, next := range accessLevels {
			if next != level {
				change := openThenChange(level, "auth/authorize", "user="+testUser+"&access="+next.String())
				name := fmt.Sprintf("%s became %s", level, next)
				all = append(all, sessionKind{name: name, capabilities: capabilities[next], isUser: true, open: change})
			}
		}
	}
	return append(all, sessionKind{name: "logged out elsewhere", isUser: true, open: func(t *testing.T, d *deployment) hermesdtest.Session {
		s := d.mustLoginAsNewUser(t, hermes.FullWrite)
		d.other.MustCall(t, "ok", hermesdtest.Session{Cookie: s.Cookie}, "auth/logout", "session="+s.ID)
		return s
	}})
}

// levelKinds returns the kinds of one level.
func levelKinds(level hermes.Access) []sessionKind {
	openByKey := func(t *testing.T, d *deployment) hermesdtest.Session {
		return d.MustLogin(t, "api_key="+d.mustNewKey(t, level))
	}
	openByRemovedKey := func(t *testing.T, d *deployment) hermesdtest.Session {
		key := d.mustNewKey(t, level)
		s := d.MustLogin(t, "api_key="+key)
		d.MustCall(t, "ok", s, "domain/list", "")
		d.mustCallAsAdmin(t, "auth/remove_key", "key="+key)
		return s
	}
	removeUser := openThenChange(level, "auth/remove_user", "user="+testUser)
	changePassword := openThenChange(level, "auth/update_user", "user="+testUser+"&password="+passwordForm)
	return []sessionKind{
		{name: fmt.Sprint(level, " user"), capabilities: capabilities[level], isUser: true,
			open: func(t *testing.T, d *deployment) hermesdtest.Session { return d.mustLoginAsNewUser(t, level) }},
		{name: fmt.Sprint(level, " key"), capabilities: keyCapabilities(level), open: openByKey},
		{name: fmt.Sprint(level, " user removed"), isUser: true, open: removeUser},
		{name: fmt.Sprint(level, " key removed"), open: openByRemovedKey},
		{name: fmt.Sprint(level, " password changed"), isUser: true, open: changePassword},
	}
}

// openThenChange opens a session of a user whom the administrator then changes by a call.
func openThenChange(level hermes.Access, node, form string) func(*testing.T, *deployment) hermesdtest.Session {
	return func(t *testing.T, d *deployment) hermesdtest.Session {
		s := d.mustLoginAsNewUser(t, level)
		d.mustCallAsAdmin(t, node, form)
		return s
	}
}
