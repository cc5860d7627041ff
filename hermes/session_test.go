package hermes_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestLoginAnswer(t *testing.T) {
	w := newWorld(t)
	res := ok(t, got(w.tryLogin("auditor", password)))
	if res.Access != hermes.FullRead || res.ExpiresIn != 300 || res.Cookie.MaxAge != 6*time.Minute {
		t.Errorf("got %v, %d s, a cookie for %v; want full_read, 300 s, 6 minutes", res.Access, res.ExpiresIn, res.Cookie.MaxAge)
	}
	for name, s := range map[string]hermes.Secret{"hes_": res.Session, "hea_": res.AuthKey, "hec_": res.Cookie.Value} {
		if !strings.HasPrefix(s.Reveal(), name) {
			t.Errorf("%q: want a token of the kind %s", s.Reveal(), name)
		}
	}
	c := ok(t, got(w.enter(credentials(res))))
	want := hermes.Principal{Kind: hermes.UserPrincipal, Name: "auditor"}
	if a := c.Actor(); a.Principal != want || a.Access != hermes.FullRead || a.Remote != office {
		t.Errorf("the session's actor is %v", a)
	}
}

// What is kept of a session opens no other, and an actor that is printed opens none either.
func TestSessionSecrets(t *testing.T) {
	w := newWorld(t)
	cred := w.login("writer")
	state := ok(t, got(w.store.Session(t.Context(), hashOf(cred.Session))))
	kept := fmt.Sprintf("%+v %#v", state, state) + fmt.Sprintf("%+v", ok(t, got(w.enter(cred))).Actor())
	for _, s := range []hermes.Secret{cred.Session, cred.AuthKey, cred.Cookie} {
		if strings.Contains(kept, s.Reveal()) {
			t.Errorf("%q is in %s", s.Reveal(), kept)
		}
	}
}

func TestCookie(t *testing.T) {
	w := newWorld(t)
	cred, other := w.login("writer"), w.login("writer")
	for why, cookie := range map[string]hermes.Secret{
		"none": {}, "another session's": other.Cookie, "garbage": hermes.NewSecret("x"), "a mistyped one": hermes.NewSecret(cred.Cookie.Reveal()[:52] + "_"),
	} {
		for _, ping := range []bool{false, true} {
			_, err := authenticate(w.door(office), ping)(t.Context(), hermes.Credentials{Session: cred.Session, AuthKey: cred.AuthKey, Cookie: cookie})
			if refused(t, err, hermes.Unauthorized); !w.lives(cred) {
				t.Errorf("%s: the session ended", why)
			}
		}
	}
	ok(t, got(w.enter(cred)))
}

func TestNoCookie(t *testing.T) {
	w := newWorldWith(t, func(o *hermes.Options) { o.NoCookie = true })
	res := ok(t, got(w.tryLogin("writer", password)))
	cred := hermes.Credentials{Session: res.Session, AuthKey: res.AuthKey}
	pong := ok(t, got(w.ping(cred)))
	if res.Cookie != (hermes.Cookie{}) || pong.Cookie != (hermes.Cookie{}) {
		t.Errorf("cookies %v, %v: want none", res.Cookie, pong.Cookie)
	}
	ok(t, got(w.AuthLogout(t.Context(), hermes.AuthLogoutRequest{Session: cred.Session})))
	w.wantAlive(cred, false)
}

func TestSessionTTL(t *testing.T) {
	w := newWorldWith(t, func(o *hermes.Options) { o.SessionTTL = 12 * time.Minute })
	cred := w.login("writer")
	for range 3 {
		w.clock.sleep(3 * time.Minute)
		cred = w.renewed(cred)
	}
	w.clock.sleep(time.Minute) // 10 minutes in: a key would live for 5
	res := ok(t, got(w.ping(cred)))
	if want := 2*time.Minute + time.Minute; res.Cookie.MaxAge != want {
		t.Errorf("the cookie lives for %v, want %v: no key outlives its session", res.Cookie.MaxAge, want)
	}
	cred.AuthKey = res.AuthKey
	w.clock.sleep(2*time.Minute - time.Microsecond)
	ok(t, got(w.enter(cred)))
	w.clock.sleep(time.Microsecond)
	refused(t, only(w.enter(cred)), hermes.Unauthorized)
	w.wantAlive(cred, false)
	if short := ok(t, got(w.tryLogin("writer", password))); short.ExpiresIn != 300 {
		t.Errorf("a new session's key lives for %d s, want 300", short.ExpiresIn)
	}
}

func TestSessionShorterThanItsKey(t *testing.T) {
	w := newWorldWith(t, func(o *hermes.Options) { o.SessionTTL = time.Minute })
	if res := ok(t, got(w.tryLogin("writer", password))); res.ExpiresIn != 60 || res.Cookie.MaxAge != 2*time.Minute {
		t.Errorf("the key lives for %d s, the cookie for %v; want 60 s and 2 minutes", res.ExpiresIn, res.Cookie.MaxAge)
	}
}

// Who may do what is read at each request.
func TestChangesBiteAtOnce(t *testing.T) {
	w := newWorld(t)
	cred := w.login("writer")
	wantAccess(t, ok(t, got(w.enter(cred))), hermes.LimitedWrite)
	ok(t, got(w.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: "writer", Access: hermes.LimitedRead})))
	c := ok(t, got(w.enter(cred)))
	wantAccess(t, c, hermes.LimitedRead)
	refused(t, only(c.UserChangePw(t.Context(), hermes.UserChangePwRequest{User: alice})), hermes.Forbidden)
	ok(t, got(w.AuthAuthorize(t.Context(), hermes.AuthAuthorizeRequest{User: "writer", Access: hermes.FullWrite})))
	wantAccess(t, ok(t, got(w.enter(cred))), hermes.FullWrite)
	w.noError(w.store.RemoveAuthorization(t.Context(), hermes.Principal{Kind: hermes.UserPrincipal, Name: "writer"}))
	refused(t, only(w.enter(cred)), hermes.Unauthorized)
	refused(t, only(w.ping(cred)), hermes.Unauthorized)
}

func TestSessionsAreLimited(t *testing.T) {
	w := newWorld(t)
	other := w.login("reader")
	var all []hermes.Credentials
	for range 100 {
		all = append(all, w.login("writer"))
		w.clock.sleep(time.Second)
	}
	w.clock.sleep(time.Minute)
	ok(t, got(w.enter(all[0]))) // seen last, though it is the oldest
	all = append(all, w.login("writer"))
	for i, cred := range all {
		if want := i != 1; w.lives(cred) != want {
			t.Errorf("session %d of 101 is there: %v; want the one that was seen longest ago to go, and no other", i, !want)
		}
	}
	w.wantAlive(other, true)
}

func TestLogout(t *testing.T) {
	w := newWorld(t)
	cred, other := w.login("writer"), w.login("writer")
	for _, r := range []struct {
		why             string
		session, cookie hermes.Secret
		want            hermes.Cause
	}{
		{"no session", hermes.Secret{}, cred.Cookie, hermes.Parameters},
		{"no cookie", cred.Session, hermes.Secret{}, hermes.Unauthorized},
		{"another session's cookie", cred.Session, other.Cookie, hermes.Unauthorized},
		{"a cookie that is none", cred.Session, hermes.NewSecret("x"), hermes.Unauthorized},
		{"a session that is none", hermes.NewSecret("x"), cred.Cookie, hermes.Unauthorized},
	} {
		_, err := w.As(hermes.Actor{}).AuthLogout(t.Context(), hermes.AuthLogoutRequest{Session: r.session, Cookie: r.cookie})
		if refused(t, err, r.want); !w.lives(cred) || !w.lives(other) {
			t.Errorf("%s: a session ended", r.why)
		}
	}
	for _, why := range []string{"its own cookie", "a session that is gone already"} {
		res, err := w.As(hermes.Actor{}).AuthLogout(t.Context(), hermes.AuthLogoutRequest{Session: cred.Session, Cookie: cred.Cookie})
		if err != nil || res.Cookie.MaxAge >= 0 {
			t.Errorf("%s: %v, a cookie for %v; want it removed", why, err, res.Cookie.MaxAge)
		}
		w.wantAlive(cred, false)
		w.wantAlive(other, true)
	}
	refused(t, only(w.enter(cred)), hermes.Unauthorized)
}

func TestSweepSessions(t *testing.T) {
	w := newWorld(t)
	old := w.login("writer")
	ok(t, got(w.door(office).AuthChallenge(t.Context(), hermes.AuthChallengeRequest{Key: "hek_0123456789"})))
	w.clock.sleep(time.Minute)
	young := w.login("writer")
	for _, r := range []struct {
		sleep time.Duration
		want  int64
		why   string
	}{{0, 1, "the nonce"}, {0, 0, "nothing more"}, {4 * time.Minute, 1, "the older session"}} {
		w.clock.sleep(r.sleep)
		if n := ok(t, got(w.SweepSessions(t.Context()))); n != r.want {
			t.Errorf("%d swept, want %d: %s", n, r.want, r.why)
		}
	}
	w.wantAlive(old, false)
	w.wantAlive(young, true)
}

// Several processes share one database.
func TestSessionInTwoProcesses(t *testing.T) {
	w := newWorld(t)
	there := *w
	there.Client = w.over(w.store)
	cred := w.login("writer")
	renewed := there.renewed(cred)
	if again := w.renewed(cred); again != renewed {
		t.Error("two processes give two keys for one")
	}
	ok(t, got(w.enter(renewed)))
}

// While the secret keys are rotated, auth keys of the old one still serve.
func TestSessionAcrossSecretKeys(t *testing.T) {
	w := newWorld(t)
	cred := w.login("writer")
	next := ok(t, got(hermes.NewSecretKey(rand.Reader)))
	rotated, alone := *w, *w
	rotated.opts.SecretKeys = []hermes.SecretKey{next, w.opts.SecretKeys[0]}
	rotated.Client = rotated.over(w.store)
	alone.opts.SecretKeys = []hermes.SecretKey{next}
	alone.Client = alone.over(w.store)
	ok(t, got(rotated.enter(cred)))
	refused(t, only(alone.enter(cred)), hermes.Unauthorized)
	w.wantAlive(cred, true)
	ok(t, got(alone.enter(rotated.renewed(cred))))
}

// last_seen is written once a minute at most, and that it cannot be is no reason to refuse.
func TestLastSeen(t *testing.T) {
	w := newWorld(t)
	cred := w.login("writer")
	begun := w.clock.now()
	w.clock.sleep(time.Minute - time.Microsecond)
	ok(t, got(w.enter(cred)))
	seen := func() time.Time {
		return ok(t, got(w.store.Session(t.Context(), hashOf(cred.Session)))).Session.LastSeen
	}
	if !seen().Equal(begun) {
		t.Errorf("seen at %v, want %v: within a minute", seen(), begun)
	}
	w.clock.sleep(time.Microsecond)
	noTouch := &storeCalls{fail: func(n int) error { return map[int]error{2: errDisk}[n] }}
	ok(t, got(w.over(noTouch.over(w.store)).As(hermes.Actor{Remote: office}).Authenticate(t.Context(), cred)))
	if len(noTouch.names) != 2 || noTouch.names[1] != "TouchSession" {
		t.Errorf("calls %v: want the second one to note the time, in vain", noTouch.names)
	}
	ok(t, got(w.enter(cred)))
	if !seen().Equal(w.clock.now()) {
		t.Errorf("seen at %v, want now, %v", seen(), w.clock.now())
	}
}
