package security_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// auth/update_user, whose need depends on whose password it is.
func TestOwnPassword(t *testing.T) {
	const right, wrong = "&old_password=correct+horse", "&old_password=wrong+horse"
	for _, r := range []struct {
		why   string
		level hermes.Access
		user  string
		form  string
		want  string
	}{
		{"one's own", hermes.LimitedRead, name, right, "ok"},
		{"one's own, who may write", hermes.LimitedWrite, name, right, "ok"},
		{"one's own without the old one", hermes.LimitedWrite, name, "", "invalid/parameters"},
		{"one's own with a wrong old one", hermes.LimitedWrite, name, wrong, "failed/unauthorized"},
		{"another's", hermes.LimitedWrite, "dave", right, "failed/forbidden"},
		{"another's, who sees secrets", hermes.FullRead, "dave", "", "failed/forbidden"},
		{"the name in another case is another's", hermes.LimitedWrite, "Visitor", right, "failed/forbidden"},
		{"nobody's: nobody learns that there is none", hermes.LimitedWrite, "nobody", right, "failed/forbidden"},
		{"an administrator's own without the old one", hermes.FullWrite, name, "", "ok"},
		{"an administrator's own with a wrong old one, which is not looked at", hermes.FullWrite, name, wrong, "ok"},
		{"another's by an administrator", hermes.FullWrite, "dave", "", "ok"},
		{"nobody's by an administrator", hermes.FullWrite, "nobody", "", "failed/nonexistant"},
	} {
		w := newWorld(t, memory{})
		c := w.userSession(r.level)
		if a := w.ask(c, "auth/update_user", "user="+r.user+"&password=another+horse"+r.form); a.is() != r.want {
			t.Errorf("%s: answered %s, want %s", r.why, a.body, r.want)
		}
		login := "username=" + r.user + "&password=" + map[bool]string{true: "another+horse", false: "correct+horse"}[r.want == "ok"]
		if a := w.ask(caller{}, "auth/login", login); r.user != "nobody" && r.user != "Visitor" && a.is() != "ok" {
			t.Errorf("%s: the password afterwards is not the one that it should be: %s", r.why, a.body)
		}
	}
}

// A key whose id is the name of a user is not that user.
func TestKeyIsNotTheUserOfItsName(t *testing.T) {
	w := newWorld(t, memory{})
	key := w.newKey(hermes.LimitedWrite)
	id := key[:len("hek_0123456789")]
	w.newUser(id, hermes.FullWrite)
	c := w.login("api_key=" + key)
	w.wants("failed/forbidden", c, "auth/update_user", "user="+id+"&password=another+horse&old_password=correct+horse")
	w.wants("failed/forbidden", c, "user/remove", "user=bob@example.com")
	w.asAdmin("auth/remove_user", "user="+id)
	w.wants("ok", c, "domain/list", "")
}

// Passwords and their hashes are for who may see secrets, and for who has just made them.
func TestSecretsAreSeenByWhoMay(t *testing.T) {
	secrets := []string{"password", "ha1", "ha1b"}
	onEach(t, func(t *testing.T, db database) {
		w := newWorld(t, db)
		w.asAdmin("user/add_remote", "user=far@example.org&password=x&registrar=sip.example.org")
		for _, level := range levels {
			w.newUser(level.String(), level)
			c := w.login("username=" + level.String() + "&password=" + url.QueryEscape(password))
			may := strings.Contains(capabilities[level], "S")
			w.seen(t, c, "user/get", "user=alice@example.com", secrets, may)
			w.seen(t, c, "user/get", "user=far@example.org", secrets[:1], may)
			if strings.Contains(capabilities[level], "W") {
				w.seen(t, c, "user/add", "user="+level.String()+"@example.com", secrets[:1], true)
				w.seen(t, c, "user/get", "user="+level.String()+"@example.com", secrets, may)
			}
		}
	})
}

// seen wants the secrets either in the object or among those that are redacted.
func (w *world) seen(t *testing.T, c caller, node, form string, secrets []string, want bool) {
	t.Helper()
	a := w.wants("ok", c, node, form)
	object := a.members["user"].(map[string]any)
	redacted, _ := object["redacted"].([]any)
	for _, s := range secrets {
		if _, there := object[s]; there != want || slices.Contains(redacted, any(s)) == want {
			t.Errorf("%s %s: %s is there: %v, want %v: %s", node, form, s, there, want, a.body)
		}
	}
}
