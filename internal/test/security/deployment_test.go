package security_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
)

// deployment is two servers on one database, which has a record of each kind. Tests send their
// requests to the first server; the administrator makes changes at the other one.
type deployment struct {
	*server
	other *server
	admin hermesdtest.Session
	keyID string // of an API key that is not used to log in
}

// password is that of all users, encoded for a form.
const (
	password     = "correct horse"
	passwordForm = "correct+horse"
)

// keyIDLength is the length of the public part of an API key.
const keyIDLength = len("hek_0123456789")

// fixtures are calls that add the records which the tests ask for and change.
var fixtures = []struct{ node, form string }{
	{"domain/set_servers", "domain=example.com&registrar=sip.example.com&r_port=5060&proxy=sip.example.com&p_port=5060&prov_url=http://prov.example.com/"},
	{"user/add", "user=alice@example.com"},
	{"user/add", "user=bob@example.com"},
	{"user/add", "user=carol@example.com"},
	{"user/add", "user=otto@example.com"},
	{"user/add", "user=ron@example.com"},
	{"phone/add", "mac=001122334455&user=alice@example.com"},
	{"number/add_range", "start=%2B4773500001&end=%2B4773500009"},
	{"number/assign", "user=carol@example.com&number=%2B4773500009"},
	{"alias/add", "alias=info@example.com&destination=alice@example.com"},
	{"auth/add_user", "user=dave&password=" + passwordForm},
	{"auth/add_user", "user=erin&password=" + passwordForm},
}

func newDeployment(t *testing.T, db database) *deployment {
	t.Helper()
	a, b := db.empty(t)
	return fill(t, newServer(t, a, testTime), newServer(t, b, testTime))
}

// fill makes a deployment of two servers on one database, which is empty.
func fill(t *testing.T, first, other *server) *deployment {
	t.Helper()
	d := &deployment{server: first, other: other}
	if err := d.client.Bootstrap(t.Context(), "admin", hermes.NewSecret(password)); err != nil {
		t.Fatal(err)
	}
	d.admin = d.other.MustLogin(t, "username=admin&password="+passwordForm)
	for _, f := range fixtures {
		d.mustCallAsAdmin(t, f.node, f.form)
	}
	d.keyID = d.mustNewKey(t, hermes.LimitedRead)[:keyIDLength]
	return d
}

// mustCallAsAdmin calls a node of the other server.
func (d *deployment) mustCallAsAdmin(t *testing.T, node, form string) hermesdtest.Answer {
	t.Helper()
	return d.other.MustCall(t, "ok", d.admin, node, form)
}

// mustNewKey makes an API key that may log in from this machine.
func (d *deployment) mustNewKey(t *testing.T, access hermes.Access) string {
	t.Helper()
	return d.mustCallAsAdmin(t, "auth/new_key", "host=127.0.0.0/8&access="+access.String()).Text("key")
}

// mustAddUser adds an API user with an access level.
func (d *deployment) mustAddUser(t *testing.T, user string, access hermes.Access) {
	t.Helper()
	d.mustCallAsAdmin(t, "auth/add_user", "user="+user+"&password="+passwordForm)
	d.mustCallAsAdmin(t, "auth/authorize", "user="+user+"&access="+access.String())
}

// mustLoginAsNewUser adds the API user testUser and returns a session that has been used.
func (d *deployment) mustLoginAsNewUser(t *testing.T, access hermes.Access) hermesdtest.Session {
	t.Helper()
	d.mustAddUser(t, testUser, access)
	s := d.MustLogin(t, "username="+testUser+"&password="+passwordForm)
	d.MustCall(t, "ok", s, "domain/list", "")
	return s
}

// lastUsed matches the member that changes with each login, a moment later.
var lastUsed = regexp.MustCompile(`,"last_used":"[^"]*"`)

// records returns every record that the administrator can see, and the password hashes, as text.
func (d *deployment) records(t *testing.T) string {
	t.Helper()
	reads := []string{"number/list", "alias/list", "phone/list", "auth/list_keys", "auth/list_users", "domain/get_servers domain=example.com"}
	for _, entry := range d.mustCallAsAdmin(t, "user/list", "").Members["list"].([]any) {
		user := "user=" + url.QueryEscape(entry.(map[string]any)["user"].(string))
		reads = append(reads, "user/get "+user, "user/permissions "+user, "phone/get "+user)
	}
	var all strings.Builder
	for _, read := range reads {
		node, form, _ := strings.Cut(read, " ")
		fmt.Fprintln(&all, read, lastUsed.ReplaceAllString(d.other.Call(t, d.admin, node, form).Body, ""))
	}
	for _, entry := range d.mustCallAsAdmin(t, "auth/list_users", "").Members["list"].([]any) {
		c, err := d.store.Credential(t.Context(), entry.(map[string]any)["user"].(string))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, c)
	}
	return all.String()
}
