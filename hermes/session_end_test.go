package hermes_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// An old auth_key at auth/ping ends the session, and the audit log says whose.
func TestClient_AuthenticatePing_oldKeyAudit(t *testing.T) {
	t.Parallel()
	e, log := newAuditEnv(t)
	s := newRenewedSession(t, e, 3)
	log.Reset()
	_, err := e.from(office).AuthenticatePing(t.Context(), s.withKey(s.key(2)))
	wantCause(t, err, hermes.Unauthorized)
	wantNoSession(t, e, s.cred)
	wantAudit(t, log, "auth/ping  192.0.2.10 writer unauthorized the session has ended: "+
		"an old auth_key was shown, which is a copy that was kept")
}

// A user that no backend has any more is out at the next ping, with all sessions.
func TestClient_AuthPing_userGone(t *testing.T) {
	t.Parallel()
	d := &directory{}
	d.set("writer", password)
	e := withBackends(t, d)
	first, second := mustLogin(t, e, "writer"), mustLogin(t, e, "writer")
	first = mustPing(t, e, first)
	d.set("writer", "")
	mustAuthenticate(t, e, first)
	_, err := e.ping(t, first)
	wantCause(t, err, hermes.Unauthorized)
	wantNoSession(t, e, first)
	wantNoSession(t, e, second)
}

// While a backend cannot answer, a session goes on for 30 minutes after it last could.
func TestClient_AuthPing_backendFails(t *testing.T) {
	t.Parallel()
	d := &directory{}
	d.set("writer", password)
	e := withBackends(t, d)
	cred := mustLogin(t, e, "writer")
	e.clock.sleep(4 * time.Minute)
	cred = mustPing(t, e, cred)
	d.fault = errDisk
	for range 7 {
		e.clock.sleep(4 * time.Minute)
		cred = mustPing(t, e, cred)
	}
	e.clock.sleep(2 * time.Minute)
	_, err := e.ping(t, cred)
	wantCause(t, err, hermes.Unauthorized)
	wantNoSession(t, e, cred)
}

// A session that was opened or renewed in the future is refused, and is not ended.
func TestClient_Authenticate_future(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		pings int
		back  time.Duration
		want  hermes.Cause
	}{
		{"the clocks of two servers differ a little", 0, time.Minute, ""},
		{"opened by a clock that was ahead", 0, time.Minute + time.Microsecond, hermes.Unauthorized},
		{"renewed by a clock that was ahead", 1, 2 * time.Minute, hermes.Unauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			cred := mustLogin(t, e, "writer")
			for range tt.pings {
				e.clock.sleep(3 * time.Minute)
				cred = mustPing(t, e, cred)
			}
			e.clock.sleep(-tt.back)
			for _, authenticate := range authenticateMethods() {
				_, err := authenticate(e.from(office), t.Context(), cred)
				wantCause(t, err, tt.want)
			}
			e.clock.sleep(tt.back)
			mustAuthenticate(t, e, cred)
		})
	}
}

// TestClient_Authenticate_openList reads a part of a list, and then revokes what it was asked for
// with.
func TestClient_Authenticate_openList(t *testing.T) {
	t.Parallel()
	reader := hermes.Principal{Kind: hermes.UserPrincipal, Name: "reader"}
	for why, tt := range map[string]struct {
		revoke func(e *env, cred hermes.Credentials) error
		cause  hermes.Cause // of the list's end; empty if it goes on
	}{
		"nothing happens": {func(*env, hermes.Credentials) error { return nil }, ""},
		"the level is raised": {func(e *env, _ hermes.Credentials) error {
			_, err := e.client.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: "reader", Access: hermes.FullWrite})
			return err
		}, ""},
		"the scope becomes narrower": {func(e *env, _ hermes.Credentials) error {
			_, err := e.client.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{
				User: "reader", Access: hermes.LimitedRead, Numbers: "+4773510000",
			})
			return err
		}, hermes.Forbidden},
		"the scope loses the node": {func(e *env, _ hermes.Credentials) error {
			_, err := e.client.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{
				User: "reader", Access: hermes.LimitedRead, Nodes: "user/*",
			})
			return err
		}, hermes.Forbidden},
		"the auth_key is renewed": {func(e *env, cred hermes.Credentials) error {
			mustPing(t, e, cred)
			return nil
		}, ""},
		"logout": {func(e *env, cred hermes.Credentials) error {
			_, err := e.from(office).AuthLogout(t.Context(), hermes.AuthLogoutRequest{Session: cred.Session, Cookie: cred.Cookie})
			return err
		}, hermes.Unauthorized},
		"the password is changed": {func(e *env, _ hermes.Credentials) error {
			_, err := e.client.AuthUpdateUser(t.Context(),
				hermes.AuthUpdateUserRequest{User: "reader", Password: hermes.NewSecret("another horse")})
			return err
		}, hermes.Unauthorized},
		"the authorization is removed": {func(e *env, _ hermes.Credentials) error {
			return e.store.RemoveAuthorization(t.Context(), reader)
		}, hermes.Unauthorized},
		"the auth_key expires": {func(e *env, _ hermes.Credentials) error {
			e.clock.sleep(keyTTL)
			return nil
		}, hermes.Unauthorized},
	} {
		e := newEnv(t)
		mustNumberAddRange(t, e.client, number("+4773510000"), number("+4773519999"))
		cred := mustLogin(t, e, "reader")
		res, err := mustAuthenticate(t, e, cred).NumberList(t.Context(), hermes.NumberListRequest{})
		if err != nil {
			t.Fatal(err)
		}
		entries, end := 0, error(nil)
		for page, err := range res.List.Pages() {
			if end = err; err != nil {
				break
			}
			if entries == 0 {
				if err := tt.revoke(e, cred); err != nil {
					t.Fatal(err)
				}
			}
			entries += reflect.ValueOf(page).Len()
		}
		if tt.cause == "" {
			if end != nil || entries != 10_009 {
				t.Errorf("%s: %d entries, %v; want the whole list", why, entries, end)
			}
			continue
		}
		var got *hermes.Error
		if !errors.As(end, &got) || got.Cause != tt.cause || got.Node != "number/list" || entries != 250 {
			t.Errorf("%s: %d entries, %v; want the first page and number/list: %s", why, entries, end, tt.cause)
		}
	}
}
