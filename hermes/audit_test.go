package hermes_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// newAuditEnv returns an env and the log of its client, in JSON.
func newAuditEnv(t testing.TB) (*env, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	e := newEnvWith(t, func(o *hermes.Options) { o.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
	log.Reset()
	return e, &log
}

// readAudit empties the log and returns its lines as event, actor, remote, subject, outcome and, if
// there is one, reason.
func readAudit(t testing.TB, log *bytes.Buffer) (records []string) {
	t.Helper()
	for line := range strings.Lines(log.String()) {
		var r map[string]string
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		text := strings.Join([]string{r["event"], r["actor"], r["remote"], r["subject"], r["outcome"]}, " ")
		if (r["level"] == "INFO") != (r["outcome"] == "ok") || r["msg"] != "audit" {
			t.Errorf("%s: got the level %s and the message %s", text, r["level"], r["msg"])
		}
		if r["reason"] != "" {
			text += " " + r["reason"]
		}
		records = append(records, text)
	}
	log.Reset()
	return records
}

// wantAudit empties the log and checks its lines; see readAudit.
func wantAudit(t testing.TB, log *bytes.Buffer, want ...string) {
	t.Helper()
	wantEqual(t, readAudit(t, log), want)
}

func TestClient_audit_login(t *testing.T) {
	t.Parallel()
	e, log := newAuditEnv(t)
	_, _ = e.login(t, "writer", password)
	wantAudit(t, log, "auth/login  192.0.2.10 writer ok")
	_, _ = e.login(t, "writer", "wrong horse")
	wantAudit(t, log, "auth/login  192.0.2.10 writer unauthorized")
	_, _ = e.login(t, "unknown", password) // the name may be a password in the wrong field
	wantAudit(t, log, "auth/login  192.0.2.10  unauthorized")
	_, _ = e.loginWithKey(t, hermes.NewSecret("x"), officeIPv6)
	wantAudit(t, log, "auth/login  192.0.2.10  unauthorized")
	_, _ = e.loginWithKey(t, hermes.NewSecret("x"), netip.Addr{})
	wantAudit(t, log, "auth/login    unauthorized")
}

func TestClient_audit_access(t *testing.T) {
	t.Parallel()
	e, log := newAuditEnv(t)
	admin := sessionClient(t, e, "admin")
	log.Reset()
	_ = e.withAccess(hermes.LimitedRead).Authorize("user/add", nil)
	wantAudit(t, log, "user/add    forbidden")
	_ = authorize(t, admin, "reader", hermes.FullRead)
	wantAudit(t, log, "auth/authorize admin 192.0.2.10 reader ok")
	_ = authorize(t, admin, "admin", hermes.FullRead)
	wantAudit(t, log, "auth/authorize admin 192.0.2.10 admin inuse")
	_, _ = admin.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{User: "new"})
	wantAudit(t, log, "auth/add_user admin 192.0.2.10 new ok")
	_ = updateUser(t, admin, newPassword("new", ""))
	wantAudit(t, log, "auth/update_user admin 192.0.2.10 new ok")
	_ = removeAPIUser(t, admin, "new")
	wantAudit(t, log, "auth/remove_user admin 192.0.2.10 new ok")
	_, _ = admin.UserList(t.Context(), hermes.UserListRequest{}) // changes no access
	wantAudit(t, log)
}

func TestClient_audit_keys(t *testing.T) {
	t.Parallel()
	e, log := newAuditEnv(t)
	key := mustNewKey(t, e.client, keyFor("192.0.2.0/24"))
	id := idOf(key)
	cred := mustLoginWithKey(t, e, key)
	_, err := e.from(office).AuthLogout(t.Context(), hermes.AuthLogoutRequest{Session: cred.Session, Cookie: cred.Cookie})
	if err != nil {
		t.Fatal(err)
	}
	mustRemoveKey(t, e.client, key)
	if strings.Contains(log.String(), key.Reveal()[keyIDLength+1:]) {
		t.Errorf("the log has the key: %s", log)
	}
	wantAudit(t, log,
		"auth/new_key   "+id+" ok",
		"auth/login  192.0.2.10 "+id+" ok",
		"auth/logout  192.0.2.10 "+id+" ok",
		"auth/remove_key   "+id+" ok",
	)
}

// The audit log is the only place that has the error of the store.
func TestClient_audit_storeFails(t *testing.T) {
	t.Parallel()
	e, log := newAuditEnv(t)
	broken := e.newClient(t, failAllCalls().over(e.store))
	wantStoreFailed(t, authorize(t, broken, "reader", hermes.FullRead))
	wantAudit(t, log, "auth/authorize   reader dbfail disk on fire")
}

// The log has no passwords and keys, and no text that may be a password in the wrong parameter.
func TestClient_audit_noSecrets(t *testing.T) {
	t.Parallel()
	e, log := newAuditEnv(t)
	admin := sessionClient(t, e, "admin")
	ctx := t.Context()
	secret := hermes.NewSecret(canary)
	malformed := canary + ":" + strings.Repeat("x", 60) // no name of a user
	_, _ = e.login(t, canary, canary)
	_, _ = e.login(t, "writer", canary)
	_, _ = e.loginWithKey(t, secret, office)
	_, _ = e.loginWithKey(t, hermes.NewSecret("hek_"+canary), office)
	_, _ = e.from(office).AuthLogin(ctx, hermes.AuthLoginRequest{Key: canary, Nonce: secret, Signature: canary})
	_, _ = e.from(office).AuthLogout(ctx, hermes.AuthLogoutRequest{Session: secret})
	for _, user := range []string{malformed, canary} {
		_, _ = admin.AuthAuthorize(ctx, hermes.AuthAuthorizeRequest{User: user, Access: hermes.FullRead})
		_, _ = admin.AuthRemoveUser(ctx, hermes.AuthRemoveUserRequest{User: user})
	}
	_, _ = admin.AuthAddUser(ctx, hermes.AuthAddUserRequest{User: malformed})
	_, _ = admin.AuthAddUser(ctx, hermes.AuthAddUserRequest{User: "new", Password: secret})
	_, _ = admin.AuthUpdateUser(ctx, hermes.AuthUpdateUserRequest{User: malformed, Password: secret})
	_, _ = admin.AuthUpdateUser(ctx, hermes.AuthUpdateUserRequest{User: "new", Password: secret})
	_, _ = admin.AuthRemoveKey(ctx, hermes.AuthRemoveKeyRequest{Key: secret})
	_ = e.client.Recover(ctx, malformed, secret)
	if n := len(readAudit(t, bytes.NewBuffer(log.Bytes()))); n < 10 || leaks(log.String()) {
		t.Errorf("got %d records, want at least 10 without the canary:\n%s", n, log)
	}
}

// TestNode_Call_audit checks that a change leaves a line with its author and what it changed, and
// that reads, failures and changes that were rolled back leave none.
func TestNode_Call_audit(t *testing.T) {
	t.Parallel()
	e, log := newAuditEnv(t)
	remote := addr("trunk@far.example")
	actor := hermes.Actor{
		Principal: hermes.Principal{Kind: hermes.UserPrincipal, Name: "writer"}, Access: hermes.LimitedWrite,
		Remote: netip.MustParseAddr("192.0.2.10"),
	}
	call := func(c *hermes.Client, node string, req hermes.Request) error {
		for _, n := range hermes.Nodes() {
			if n.Path == node {
				_, err := n.Call(t.Context(), c, req)
				return err
			}
		}
		t.Fatalf("no node %s", node)
		return nil
	}
	writer := e.client.As(actor)
	secret := hermes.NewSecret("correct horse")
	registrar := domain("evil.example")
	for _, tt := range []struct {
		why, node string
		req       hermes.Request
		want      []string
	}{
		{"a remote account", "user/add_remote", &hermes.UserAddRemoteRequest{User: remote, Password: secret, AuthID: "1",
			Registrar: registrar, RPort: 5060, Proxy: registrar, PPort: 5060}, []string{"user/add_remote writer 192.0.2.10 trunk@far.example ok"}},
		{"its password", "user/change_pw", &hermes.UserChangePwRequest{User: remote, Password: secret},
			[]string{"user/change_pw writer 192.0.2.10 trunk@far.example ok"}},
		{"reading it", "user/get", &hermes.UserGetRequest{User: remote}, nil},
		{"reading permissions", "user/permissions", &hermes.UserPermissionsRequest{User: alice}, nil},
		{"adding it again fails", "user/add", &hermes.UserAddRequest{User: alice}, nil},
		{"an alias", "alias/add", &hermes.AliasAddRequest{Alias: addr("boss@example.com"), Destination: alice},
			[]string{"alias/add writer 192.0.2.10 boss@example.com ok"}},
	} {
		_ = call(writer, tt.node, tt.req)
		if got := readAudit(t, log); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
	err := writer.Tx(t.Context(), func(c *hermes.Client) error {
		if err := call(c, "alias/remove", &hermes.AliasRemoveRequest{Alias: addr("boss@example.com")}); err != nil {
			return err
		}
		return hermes.Exists
	})
	if got := readAudit(t, log); err == nil || got != nil {
		t.Errorf("rolled back with %v: %q", err, got)
	}
}

// TestClient_audit_strangers makes more failed logins in a second than are written.
func TestClient_audit_strangers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		e := newEnvWith(t, func(o *hermes.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
		log.Reset()
		reader := sessionClient(t, e, "reader")
		for range 80 {
			_, err := e.from(netip.Addr{}).AuthLogin(t.Context(), hermes.AuthLoginRequest{Username: "x"})
			wantCause(t, err, hermes.Parameters)
			wantCause(t, reader.Authorize("user/remove", nil), hermes.Forbidden)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if n := strings.Count(log.String(), "outcome=parameters"); n != 50 || !strings.Contains(log.String(), " count=30\n") {
			t.Errorf("%d of 80 failed logins were written, want 50 and the number of the others", n)
		}
		if n := strings.Count(log.String(), "outcome=forbidden"); n != 80 {
			t.Errorf("%d of 80 refusals of a principal were written, want all", n)
		}
	})
}
