package security_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// world is two hermesd on one database that has a record of each kind, and an administrator.
type world struct {
	*site
	other *site // where things change meanwhile
	admin caller
	key   string // the id of an API key that nobody uses
}

const password = "correct horse"

// fixtures make the records that the rows of the table speak of.
var fixtures = []struct{ node, form string }{
	{"domain/set_servers", "domain=example.com&registrar=sip.example.com&r_port=5060&proxy=sip.example.com&p_port=5060&prov_url=http://prov.example.com/"},
	{"user/add", "user=alice@example.com"},
	{"user/add", "user=bob@example.com"},
	{"user/add", "user=carol@example.com"},
	{"phone/add", "mac=001122334455&user=alice@example.com"},
	{"number/add_range", "start=%2B4773500001&end=%2B4773500009"},
	{"number/assign", "user=carol@example.com&number=%2B4773500009"},
	{"alias/add", "alias=info@example.com&destination=alice@example.com"},
	{"auth/add_user", "user=dave&password=correct+horse"},
	{"auth/add_user", "user=erin&password=correct+horse"},
}

func newWorld(t *testing.T, db database) *world {
	t.Helper()
	a, b := db.stores(t)
	w := &world{site: newSite(t, a, nil), other: newSite(t, b, nil)}
	w.must(w.client.Bootstrap(t.Context(), "admin", hermes.NewSecret(password)))
	w.admin = w.other.login("username=admin&password=" + url.QueryEscape(password))
	for _, f := range fixtures {
		w.asAdmin(f.node, f.form)
	}
	w.key = w.newKey(hermes.LimitedRead)[:len("hek_0123456789")]
	return w
}

// asAdmin asks the other hermesd; it must succeed.
func (w *world) asAdmin(node, form string) answer {
	w.Helper()
	return w.other.wants("ok", w.admin, node, form)
}

// newKey makes an API key that may be used from here.
func (w *world) newKey(a hermes.Access) string {
	w.Helper()
	return w.asAdmin("auth/new_key", "host=127.0.0.0/8&access="+a.String()).text("key")
}

// newUser makes an API user with a level.
func (w *world) newUser(user string, a hermes.Access) {
	w.Helper()
	w.asAdmin("auth/add_user", "user="+user+"&password="+url.QueryEscape(password))
	w.asAdmin("auth/authorize", "user="+user+"&access="+a.String())
}

// lastUsed changes with a login.
var lastUsed = regexp.MustCompile(`"last_used":"[^"]*"`)

// records is all that the administrator can see, and the password hashes.
func (w *world) records() string {
	w.Helper()
	reads := []string{"number/list", "alias/list", "phone/list", "auth/list_keys", "auth/list_users", "domain/get_servers domain=example.com"}
	for _, entry := range w.asAdmin("user/list", "").members["list"].([]any) {
		user := "user=" + url.QueryEscape(entry.(map[string]any)["user"].(string))
		reads = append(reads, "user/get "+user, "user/permissions "+user, "phone/get "+user)
	}
	var all strings.Builder
	for _, read := range reads {
		node, form, _ := strings.Cut(read, " ")
		fmt.Fprintln(&all, read, lastUsed.ReplaceAllString(w.other.ask(w.admin, node, form).body, ""))
	}
	for _, entry := range w.asAdmin("auth/list_users", "").members["list"].([]any) {
		c, err := w.store.Credential(w.Context(), entry.(map[string]any)["user"].(string))
		w.must(err)
		fmt.Fprintln(&all, c)
	}
	return all.String()
}
