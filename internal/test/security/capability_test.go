package security_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
)

// TestAuthUpdateUser tests the node whose capability depends on whose password it changes.
func TestAuthUpdateUser(t *testing.T) {
	t.Parallel()
	const right, wrong = "&old_password=" + passwordForm, "&old_password=wrong+horse"
	for _, c := range []struct {
		name  string
		level hermes.Access
		user  string
		form  string
		want  string
	}{
		{"own password by a reader", hermes.LimitedRead, testUser, right, "ok"},
		{"own password by a writer", hermes.LimitedWrite, testUser, right, "ok"},
		{"own password without the old one", hermes.LimitedWrite, testUser, "", "invalid/parameters"},
		{"own password with a wrong old one", hermes.LimitedWrite, testUser, wrong, "failed/unauthorized"},
		{"password of another user by a writer", hermes.LimitedWrite, "dave", right, "failed/forbidden"},
		{"password of another user by a reader of secrets", hermes.FullRead, "dave", "", "failed/forbidden"},
		{"own name in another case is another user", hermes.LimitedWrite, "Tester", right, "failed/forbidden"},
		{"unknown user by a writer, who must not learn that it is unknown", hermes.LimitedWrite, "unknown", right, "failed/forbidden"},
		{"own password by an administrator without the old one", hermes.FullWrite, testUser, "", "ok"},
		{"own password by an administrator with a wrong old one, which is ignored", hermes.FullWrite, testUser, wrong, "ok"},
		{"password of another user by an administrator", hermes.FullWrite, "dave", "", "ok"},
		{"unknown user by an administrator", hermes.FullWrite, "unknown", "", "failed/nonexistant"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDeployment(t, memory{})
			s := d.mustLoginAsNewUser(t, c.level)
			d.MustCall(t, c.want, s, "auth/update_user", "user="+c.user+"&password=another+horse"+c.form)
			if c.user == "unknown" || c.user == "Tester" {
				return
			}
			now := passwordForm
			if c.want == "ok" {
				now = "another+horse"
			}
			d.MustLogin(t, "username="+c.user+"&password="+now)
		})
	}
}

// TestKeyNamedLikeUser tests that a user whose name is the id of an API key has nothing in common
// with the key.
func TestKeyNamedLikeUser(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, memory{})
	key := d.mustNewKey(t, hermes.LimitedWrite)
	id := key[:keyIDLength]
	d.mustAddUser(t, id, hermes.FullWrite)
	s := d.MustLogin(t, "api_key="+key)
	d.MustCall(t, "failed/forbidden", s, "auth/update_user", "user="+id+"&password=another+horse&old_password="+passwordForm)
	d.MustCall(t, "failed/forbidden", s, "user/remove", "user=bob@example.com")
	d.mustCallAsAdmin(t, "auth/remove_user", "user="+id)
	d.MustCall(t, "ok", s, "domain/list", "")
}

// TestSecretMembers tests that passwords and their hashes are in answers to levels that see
// secrets, and in the answer to the call that has made the password.
func TestSecretMembers(t *testing.T) {
	password, all := []string{"password"}, []string{"password", "ha1", "ha1b"}
	eachDatabase(t, func(t *testing.T, db database) {
		d := newDeployment(t, db)
		d.mustCallAsAdmin(t, "user/add_remote", "user=far@example.org&password=x&registrar=sip.example.org")
		for _, level := range accessLevels {
			d.mustAddUser(t, level.String(), level)
			s := d.MustLogin(t, "username="+level.String()+"&password="+passwordForm)
			sees := strings.Contains(capabilities[level], "S")
			d.testSecrets(t, s, "user/get", "user=alice@example.com", all, sees)
			d.testSecrets(t, s, "user/get", "user=far@example.org", password, sees)
			if strings.Contains(capabilities[level], "W") {
				d.testSecrets(t, s, "user/add", "user="+level.String()+"@example.com", password, true)
				d.testSecrets(t, s, "user/get", "user="+level.String()+"@example.com", all, sees)
			}
		}
	})
}

// testSecrets wants each of the secrets to be either a member of the answer's user, or in the list
// of redacted members.
func (d *deployment) testSecrets(t *testing.T, s hermesdtest.Session, node, form string, secrets []string, want bool) {
	t.Helper()
	a := d.MustCall(t, "ok", s, node, form)
	user := a.Members["user"].(map[string]any)
	redacted, _ := user["redacted"].([]any)
	for _, secret := range secrets {
		if _, got := user[secret]; got != want || slices.Contains(redacted, any(secret)) == want {
			t.Errorf("%s %s: answered with %s: %v, want %v: %s", node, form, secret, got, want, a.Body)
		}
	}
}
