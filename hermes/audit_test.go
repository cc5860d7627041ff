package hermes_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// audited is a world whose audit lines are kept.
func audited(t *testing.T) (*world, *bytes.Buffer) {
	var log bytes.Buffer
	w := newWorldWith(t, func(o *hermes.Options) { o.Logger = slog.New(slog.NewJSONHandler(&log, nil)) })
	log.Reset()
	return w, &log
}

// lines are the audit lines as event, actor, remote, subject, outcome.
func lines(t *testing.T, log *bytes.Buffer) (all []string) {
	t.Helper()
	for line := range strings.Lines(log.String()) {
		var l map[string]string
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		text := l["event"] + " " + l["actor"] + " " + l["remote"] + " " + l["subject"] + " " + l["outcome"]
		if (l["level"] == "INFO") != (l["outcome"] == "ok") || l["msg"] != "audit" {
			t.Errorf("%s: level %s, message %s", text, l["level"], l["msg"])
		}
		if l["reason"] != "" {
			text += " " + l["reason"]
		}
		all = append(all, text)
	}
	log.Reset()
	return all
}

func TestAudit(t *testing.T) {
	w, log := audited(t)
	admin := w.by("admin")
	log.Reset()
	for _, r := range []struct {
		do   func() error
		want string
	}{
		{func() error { return only(w.tryLogin("writer", password)) }, "auth/login  192.0.2.10 writer ok"},
		{func() error { return only(w.tryLogin("writer", "wrong horse")) }, "auth/login  192.0.2.10 writer unauthorized"},
		{func() error { return only(w.tryLogin("nobody", password)) }, "auth/login  192.0.2.10  unauthorized"},
		{func() error { return only(w.keyLogin(hermes.NewSecret("x"), netip.MustParseAddr("::ffff:192.0.2.10"))) }, "auth/login  192.0.2.10  unauthorized"},
		{func() error { return only(w.keyLogin(hermes.NewSecret("x"), netip.Addr{})) }, "auth/login    unauthorized"},
		{func() error { return admin.As(hermes.Actor{Access: hermes.LimitedRead}).Authorize("user/add", nil) }, "user/add    forbidden"},
		{func() error {
			return only(admin.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: "reader", Access: hermes.FullRead}))
		},
			"auth/authorize admin 192.0.2.10 reader ok"},
		{func() error {
			return only(admin.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: "admin", Access: hermes.FullRead}))
		},
			"auth/authorize admin 192.0.2.10 admin inuse"},
		{func() error { return only(admin.AuthAddUser(t.Context(), hermes.AuthAddUserRequest{User: "new"})) }, "auth/add_user admin 192.0.2.10 new ok"},
		{func() error {
			return only(admin.AuthUpdateUser(t.Context(), hermes.AuthUpdateUserRequest{User: "new", Password: hermes.NewSecret("battery staple")}))
		},
			"auth/update_user admin 192.0.2.10 new ok"},
		{func() error {
			return only(admin.AuthRemoveUser(t.Context(), hermes.AuthRemoveUserRequest{User: "new"}))
		}, "auth/remove_user admin 192.0.2.10 new ok"},
		{func() error { return only(admin.UserList(t.Context(), hermes.UserListRequest{})) }, ""},
	} {
		_ = r.do()
		if got := strings.Join(lines(t, log), "; "); got != r.want {
			t.Errorf("got %q, want %q", got, r.want)
		}
	}
}

func TestAuditOfKeys(t *testing.T) {
	w, log := audited(t)
	key := w.newKey(keyFor("192.0.2.0/24"))
	id := key.Reveal()[:14]
	cred := ok(t, got(w.keyLogin(key, office)))
	ok(t, got(w.door(office).AuthLogout(t.Context(), hermes.AuthLogoutRequest{Session: cred.Session, Cookie: cred.Cookie})))
	ok(t, got(w.AuthRemoveKey(t.Context(), hermes.AuthRemoveKeyRequest{Key: key})))
	if strings.Contains(log.String(), key.Reveal()[15:]) {
		t.Errorf("the key itself is in the log: %s", log)
	}
	same(t, lines(t, log), []string{
		"auth/new_key   " + id + " ok", "auth/login  192.0.2.10 " + id + " ok", "auth/logout  192.0.2.10 " + id + " ok", "auth/remove_key   " + id + " ok",
	})
}

// What the store said is told here, and nowhere else.
func TestAuditOfFaults(t *testing.T) {
	w, log := audited(t)
	broken := w.over((&storeCalls{fail: func(int) error { return errDisk }}).over(w.store))
	_, _ = broken.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: "reader", Access: hermes.FullRead})
	same(t, lines(t, log), []string{"auth/authorize   reader dbfail disk on fire"})
}

// A password that was typed into the field of the name is in no log, nor is any other.
func TestAuditHasNoSecret(t *testing.T) {
	w, log := audited(t)
	admin := w.by("admin")
	typed := canary + ":" + strings.Repeat("x", 60)
	ctx := t.Context()
	_, _ = w.tryLogin(canary, canary)
	_, _ = w.tryLogin("writer", canary)
	_, _ = w.keyLogin(hermes.NewSecret(canary), office)
	_, _ = w.keyLogin(hermes.NewSecret("hek_"+canary), office)
	_, _ = w.door(office).AuthLogin(ctx, hermes.AuthLoginRequest{Key: canary, Nonce: hermes.NewSecret(canary), Signature: canary})
	_, _ = w.door(office).AuthLogout(ctx, hermes.AuthLogoutRequest{Session: hermes.NewSecret(canary)})
	_, _ = admin.AuthAuthorize(ctx, hermes.AuthAuthorizeRequest{User: typed, Access: hermes.FullRead})
	_, _ = admin.AuthAuthorize(ctx, hermes.AuthAuthorizeRequest{User: canary, Access: hermes.FullRead})
	_, _ = admin.AuthAddUser(ctx, hermes.AuthAddUserRequest{User: typed})
	_, _ = admin.AuthAddUser(ctx, hermes.AuthAddUserRequest{User: "new", Password: hermes.NewSecret(canary)})
	_, _ = admin.AuthUpdateUser(ctx, hermes.AuthUpdateUserRequest{User: typed, Password: hermes.NewSecret(canary)})
	_, _ = admin.AuthUpdateUser(ctx, hermes.AuthUpdateUserRequest{User: "new", Password: hermes.NewSecret(canary)})
	_, _ = admin.AuthRemoveUser(ctx, hermes.AuthRemoveUserRequest{User: typed})
	_, _ = admin.AuthRemoveUser(ctx, hermes.AuthRemoveUserRequest{User: canary})
	_, _ = admin.AuthRemoveKey(ctx, hermes.AuthRemoveKeyRequest{Key: hermes.NewSecret(canary)})
	_ = w.Recover(ctx, typed, hermes.NewSecret(canary))
	if len(lines(t, bytes.NewBuffer(log.Bytes()))) < 10 || leaks(log.String()) {
		t.Errorf("the log: %s", log)
	}
}
