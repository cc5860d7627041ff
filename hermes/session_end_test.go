package hermes_test

import (
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
