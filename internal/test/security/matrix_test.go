package security_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes"
)

// row is a request that succeeds for who may make it.
type row struct {
	node, needs string // as API.md's tables, section 3, have them; a node of several needs has a row for each
	form        string // {self}, {key}: the caller's name, the id of a key
	want        string // for who may
}

// table is API.md's column "needs", written out once more by hand. Each row leaves the others' records alone.
var table = []row{
	{"auth/login", "–", "username=dave&password=correct+horse", "ok"},
	{"auth/challenge", "–", "key=hek_0123456789", "ok"},
	{"auth/logout", "–", "session={spare}", "ok"},
	{"auth/ping", "R", "", "pong"},
	{"auth/new_key", "A", "host=192.0.2.1&access=limited_read", "ok"},
	{"auth/remove_key", "A", "key={key}", "ok"},
	{"auth/list_keys", "A", "", "ok"},
	{"auth/authorize", "A", "user=erin&access=full_read", "ok"},
	{"auth/remove_user", "A", "user=dave", "ok"},
	{"auth/list_users", "A", "", "ok"},
	{"auth/add_user", "A", "user=frank&password=correct+horse", "ok"},
	{"auth/update_user", "A", "user=erin&password=another+horse", "ok"},
	{"auth/update_user", "A", "user=erin&password=another+horse&old_password=correct+horse", "ok"},
	{"auth/update_user", "R", "user={self}&password=correct+horse&old_password=correct+horse", "ok"},

	{"user/get", "R", "user=alice@example.com", "ok"},
	{"user/list", "R", "", "ok"},
	{"user/add", "W", "user=new@example.com", "ok"},
	{"user/add_remote", "W", "user=far@example.org&password=battery-staple&registrar=sip.example.org", "ok"},
	{"user/remove", "A", "user=bob@example.com", "ok"},
	{"user/change_pw", "W", "user=alice@example.com", "ok"},
	{"user/change_email", "W", "user=alice@example.com&email=alice@example.com", "ok"},
	{"user/update", "W", "user=alice@example.com&displayname=Alice", "ok"},
	{"user/avail", "R", "user=nobody@example.com", "ok/nonexistant"},
	{"user/generate_password", "R", "", "ok"},
	{"user/permissions", "R", "user=alice@example.com", "ok"},
	{"user/permissions", "W", "user=alice@example.com&permissions=local,national", "ok"},
	{"user/permissions", "W", "user=alice@example.com&permissions=", "ok"},

	{"phone/get", "R", "user=alice@example.com", "ok"},
	{"phone/list", "R", "", "ok"},
	{"phone/add", "W", "mac=aabbccddeeff&user=alice@example.com", "ok"},
	{"phone/remove", "W", "mac=001122334455&user=alice@example.com", "ok"},

	{"number/list", "R", "", "ok"},
	{"number/add_range", "A", "start=%2B4773500101&end=%2B4773500109", "ok"},
	{"number/add", "A", "number=%2B4773500200", "ok"},
	{"number/remove", "W", "number=%2B4773500001", "ok"},
	{"number/test", "R", "number=%2B4773500002", "ok"},
	{"number/claim", "W", "search=%2B4773500003", "ok"},
	{"number/assign", "W", "user=alice@example.com&number=%2B4773500004", "ok"},
	{"number/release", "W", "alias=%2B4773500009@example.com", "ok"},

	{"alias/list", "R", "", "ok"},
	{"alias/add", "W", "alias=sales@example.com&destination=alice@example.com", "ok"},
	{"alias/remove", "W", "alias=info@example.com", "ok"},

	{"domain/list", "R", "", "ok"},
	{"domain/get_servers", "R", "domain=example.com", "ok"},
	{"domain/set_servers", "A", "domain=example.com&registrar=sip2.example.com&r_port=5060&proxy=sip.example.com&p_port=5060&prov_url=http://prov.example.com/", "ok"},
}

// capabilities is API.md's table of access levels.
var capabilities = map[hermes.Access]string{
	hermes.LimitedRead: "R", hermes.FullRead: "RS", hermes.LimitedWrite: "RW", hermes.FullWrite: "RSWA",
}

// rows generates the rows of all nodes from the node table.
func rows(t *testing.T) (all []row) {
	t.Helper()
	for _, n := range hermes.Nodes() {
		before := len(all)
		for _, r := range table {
			if r.node == n.Path {
				all = append(all, r)
			}
		}
		if len(all) == before {
			t.Errorf("%s is in no row of the table", n.Path)
		}
	}
	if len(all) != len(table) {
		t.Errorf("%d rows of the table are of no node", len(table)-len(all))
	}
	return all
}

// expected is the answer to a session's request; can has the capabilities of its principal at that time, "" is no session
// that lives.
func (r row) expected(can string) string {
	switch {
	case r.needs == "–" || strings.Contains(can, r.needs):
		return r.want
	case can == "":
		return "failed/unauthorized"
	}
	return "failed/forbidden"
}

func TestMatrix(t *testing.T) {
	all := rows(t)
	onEach(t, func(t *testing.T, db database) {
		for _, v := range visitors() {
			t.Run(strings.ReplaceAll(v.why, " ", "_"), func(t *testing.T) {
				w := newWorld(t, db)
				visit(t, w, v, v.enter(w), all)
			})
		}
	})
}

// visit makes the requests that must be refused, and looks whether they changed anything. Then it makes the others.
func visit(t *testing.T, w *world, v visitor, c caller, all []row) {
	before := w.records()
	for _, r := range all {
		if r.expected(v.can) != r.want {
			w.check(t, v, c, r)
		}
	}
	if diff := cmp.Diff(before, w.records()); diff != "" {
		t.Errorf("the refused requests changed (-before +after)\n%s", diff)
	}
	for _, r := range all {
		if r.expected(v.can) == r.want {
			w.check(t, v, c, r)
		}
	}
}

// check makes a request. Of an open node the session is none of the parameters.
func (w *world) check(t *testing.T, v visitor, c caller, r row) {
	t.Helper()
	form := strings.NewReplacer("{self}", v.self(), "{key}", w.key).Replace(r.form)
	switch {
	case strings.Contains(form, "{spare}"):
		spare := w.login("username=erin&password=correct+horse")
		form, c = strings.ReplaceAll(form, "{spare}", spare.session), caller{cookie: spare.cookie}
	case r.needs == "–":
		c = caller{cookie: c.cookie}
	case strings.Contains(r.form, "{self}") && !v.user:
		return // a key has no password
	}
	if a := w.ask(c, r.node, form); a.is() != r.expected(v.can) {
		t.Errorf("%s %s needs %s: answered %s, want %s", r.node, form, r.needs, a.body, r.expected(v.can))
	}
}
