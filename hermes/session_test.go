package hermes_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// The lifetimes of an auth_key in an env.
const (
	keyTTL   = 5 * time.Minute
	keyGrace = 30 * time.Second
)

func hashOf(s hermes.Secret) hermes.Hash { return sha256.Sum256([]byte(s.Reveal())) }

// sessionClient logs in and returns a client that acts for the session.
func sessionClient(t testing.TB, e *env, user string) *hermes.Client {
	t.Helper()
	return mustAuthenticate(t, e, mustLogin(t, e, user))
}

// wantSession checks that the session of cred has not ended.
func wantSession(t testing.TB, e *env, cred hermes.Credentials) {
	t.Helper()
	if !sessionExists(t, e.store, cred) {
		t.Error("the session ended, want it kept")
	}
}

// wantNoSession checks that the session of cred has ended.
func wantNoSession(t testing.TB, e *env, cred hermes.Credentials) {
	t.Helper()
	if sessionExists(t, e.store, cred) {
		t.Error("the session was kept, want it ended")
	}
}

func wantAccess(t testing.TB, c *hermes.Client, want hermes.Access) {
	t.Helper()
	if a := c.Actor().Access; a != want {
		t.Errorf("got the access level %q, want %q", a, want)
	}
}

func TestClient_Authenticate(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	a := sessionClient(t, e, "auditor").Actor()
	want := hermes.Principal{Kind: hermes.UserPrincipal, Name: "auditor"}
	if a.Principal != want || a.Access != hermes.FullRead || a.Remote != office {
		t.Errorf("got the actor %v, want %v with %s from %v", a, want, hermes.FullRead, office)
	}
}

// authenticateMethod is [hermes.Client.Authenticate] or [hermes.Client.AuthenticatePing].
type authenticateMethod func(*hermes.Client, context.Context, hermes.Credentials) (hermes.Actor, error)

func authenticateMethods() map[string]authenticateMethod {
	return map[string]authenticateMethod{
		"Authenticate":     (*hermes.Client).Authenticate,
		"AuthenticatePing": (*hermes.Client).AuthenticatePing,
	}
}

func TestClient_Authenticate_cookie(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	cred, other := mustLogin(t, e, "writer"), mustLogin(t, e, "writer")
	for name, cookie := range map[string]hermes.Secret{
		"no cookie":                {},
		"another session's cookie": other.Cookie,
		"text that is no cookie":   hermes.NewSecret("x"),
		"a wrong last character":   hermes.NewSecret(cred.Cookie.Reveal()[:52] + "_"),
	} {
		for method, authenticate := range authenticateMethods() {
			t.Run(name+"/"+method, func(t *testing.T) {
				_, err := authenticate(e.from(office), t.Context(), hermes.Credentials{
					Session: cred.Session, AuthKey: cred.AuthKey, Cookie: cookie,
				})
				wantCause(t, err, hermes.Unauthorized)
				wantSession(t, e, cred)
			})
		}
	}
	mustAuthenticate(t, e, cred)
}

func TestClient_Authenticate_NoCookie(t *testing.T) {
	t.Parallel()
	e := newEnvWith(t, func(o *hermes.Options) { o.NoCookie = true })
	res, err := e.login(t, "writer", password)
	if err != nil {
		t.Fatal(err)
	}
	cred := hermes.Credentials{Session: res.Session, AuthKey: res.AuthKey}
	ping, err := e.ping(t, cred)
	if err != nil {
		t.Fatal(err)
	}
	if res.Cookie != (hermes.Cookie{}) || ping.Cookie != (hermes.Cookie{}) {
		t.Errorf("got the cookies %v and %v, want none", res.Cookie, ping.Cookie)
	}
	if _, err = e.client.AuthLogout(t.Context(), hermes.AuthLogoutRequest{Session: cred.Session}); err != nil {
		t.Error(err)
	}
	wantNoSession(t, e, cred)
}

func TestClient_Authenticate_SessionTTL(t *testing.T) {
	t.Parallel()
	t.Run("an auth_key does not outlive its session", func(t *testing.T) {
		t.Parallel()
		e := newEnvWith(t, func(o *hermes.Options) { o.SessionTTL = 12 * time.Minute })
		cred := mustLogin(t, e, "writer")
		for range 3 {
			e.clock.sleep(3 * time.Minute)
			cred = mustPing(t, e, cred)
		}
		e.clock.sleep(time.Minute) // 10 of the 12 minutes are over
		res, err := e.ping(t, cred)
		if err != nil {
			t.Fatal(err)
		}
		if want := 2*time.Minute + time.Minute; res.Cookie.MaxAge != want {
			t.Errorf("got a cookie for %v, want %v", res.Cookie.MaxAge, want)
		}
		cred.AuthKey = res.AuthKey
		e.clock.sleep(2*time.Minute - time.Microsecond)
		mustAuthenticate(t, e, cred)
		e.clock.sleep(time.Microsecond)
		_, err = e.authenticate(t, cred)
		wantCause(t, err, hermes.Unauthorized)
		wantNoSession(t, e, cred)
		next, err := e.login(t, "writer", password)
		if err != nil || next.ExpiresIn != 300 {
			t.Errorf("got an auth_key for %d s and the error %v from the next login, want 300 s", next.ExpiresIn, err)
		}
	})
	t.Run("a session can be shorter than an auth_key", func(t *testing.T) {
		t.Parallel()
		e := newEnvWith(t, func(o *hermes.Options) { o.SessionTTL = time.Minute })
		res, err := e.login(t, "writer", password)
		if err != nil || res.ExpiresIn != 60 || res.Cookie.MaxAge != 2*time.Minute {
			t.Errorf("got an auth_key for %d s, a cookie for %v and the error %v, want 60 s and 2 minutes",
				res.ExpiresIn, res.Cookie.MaxAge, err)
		}
	})
}

// The access level is read from the store for each request.
func TestClient_Authenticate_changedAccess(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	cred := mustLogin(t, e, "writer")
	wantAccess(t, mustAuthenticate(t, e, cred), hermes.LimitedWrite)

	mustAuthorize(t, e.client, "writer", hermes.LimitedRead)
	c := mustAuthenticate(t, e, cred)
	wantAccess(t, c, hermes.LimitedRead)
	_, err := c.UserChangePw(t.Context(), hermes.UserChangePwRequest{User: alice})
	wantCause(t, err, hermes.Forbidden)

	mustAuthorize(t, e.client, "writer", hermes.FullWrite)
	wantAccess(t, mustAuthenticate(t, e, cred), hermes.FullWrite)

	writer := hermes.Principal{Kind: hermes.UserPrincipal, Name: "writer"}
	if err = e.store.RemoveAuthorization(t.Context(), writer); err != nil {
		t.Fatal(err)
	}
	_, err = e.authenticate(t, cred)
	wantCause(t, err, hermes.Unauthorized)
	_, err = e.ping(t, cred)
	wantCause(t, err, hermes.Unauthorized)
}

// Two processes over one database derive the same auth_key.
func TestClient_Authenticate_twoClients(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	second := e.withOptions(t, func(*hermes.Options) {})
	cred := mustLogin(t, e, "writer")
	renewed := mustPing(t, second, cred)
	if again := mustPing(t, e, cred); again != renewed {
		t.Error("two clients gave two keys for the same one")
	}
	mustAuthenticate(t, e, renewed)
}

// While the secret keys are rotated, auth keys that were derived from the old one remain valid.
func TestClient_Authenticate_rotatedSecretKeys(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	cred := mustLogin(t, e, "writer")
	next, err := hermes.NewSecretKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	both := e.withOptions(t, func(o *hermes.Options) { o.SecretKeys = []hermes.SecretKey{next, o.SecretKeys[0]} })
	nextOnly := e.withOptions(t, func(o *hermes.Options) { o.SecretKeys = []hermes.SecretKey{next} })
	mustAuthenticate(t, both, cred)
	_, err = nextOnly.authenticate(t, cred)
	wantCause(t, err, hermes.Unauthorized)
	wantSession(t, e, cred)
	mustAuthenticate(t, nextOnly, mustPing(t, both, cred))
}

// last_seen is written at most once a minute, and a failure to write it does not refuse the
// request.
func TestClient_Authenticate_lastSeen(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	cred := mustLogin(t, e, "writer")
	begun := e.clock.now()
	e.clock.sleep(time.Minute - time.Microsecond)
	mustAuthenticate(t, e, cred)
	wantLastSeen(t, e, cred, begun)

	e.clock.sleep(time.Microsecond)
	broken := failCall(2)
	_, err := e.newClient(t, broken.over(e.store)).As(hermes.Actor{Remote: office}).Authenticate(t.Context(), cred)
	if err != nil {
		t.Fatal(err)
	}
	if len(broken.names) != 2 || broken.names[1] != "Touch" {
		t.Errorf("got the calls %v, want Touch as the second of two", broken.names)
	}
	mustAuthenticate(t, e, cred)
	wantLastSeen(t, e, cred, e.clock.now())
}

func wantLastSeen(t testing.TB, e *env, cred hermes.Credentials, want time.Time) {
	t.Helper()
	state, err := e.store.Session(t.Context(), hashOf(cred.Session))
	if err != nil {
		t.Fatal(err)
	}
	if got := state.Session.LastSeen; !got.Equal(want) {
		t.Errorf("last seen at %v, want %v", got, want)
	}
}

// A store that fails does not end a session.
func TestClient_AuthenticatePing_storeFails(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	cred := mustLogin(t, e, "writer")
	c := e.newClient(t, failAllCalls().over(e.store)).As(hermes.Actor{Remote: office})
	_, err := c.AuthenticatePing(t.Context(), cred)
	wantStoreFailed(t, err)

	e.clock.sleep(keyTTL)
	// The second call ends the session.
	c = e.newClient(t, failCall(2).over(e.store)).As(hermes.Actor{Remote: office})
	_, err = c.AuthenticatePing(t.Context(), cred)
	wantStoreFailed(t, err)
	wantSession(t, e, cred)

	if _, err = e.ping(t, cred); !errors.Is(err, hermes.Unauthorized) {
		t.Errorf("got %v for an expired auth_key, want %s", err, hermes.Unauthorized)
	}
	wantNoSession(t, e, cred)
}

func TestClient_AuthLogout(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	anonymous := e.client.As(hermes.Actor{})
	cred, other := mustLogin(t, e, "writer"), mustLogin(t, e, "writer")
	for _, tt := range []struct {
		name            string
		session, cookie hermes.Secret
		want            hermes.Cause
	}{
		{"no session", hermes.Secret{}, cred.Cookie, hermes.Parameters},
		{"no cookie", cred.Session, hermes.Secret{}, hermes.Unauthorized},
		{"another session's cookie", cred.Session, other.Cookie, hermes.Unauthorized},
		{"text that is no cookie", cred.Session, hermes.NewSecret("x"), hermes.Unauthorized},
		{"text that is no session", hermes.NewSecret("x"), cred.Cookie, hermes.Unauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := anonymous.AuthLogout(t.Context(), hermes.AuthLogoutRequest{Session: tt.session, Cookie: tt.cookie})
			wantCause(t, err, tt.want)
			wantSession(t, e, cred)
			wantSession(t, e, other)
		})
	}
	for _, name := range []string{"a session with its cookie", "a session that has ended"} {
		t.Run(name, func(t *testing.T) {
			res, err := anonymous.AuthLogout(t.Context(), hermes.AuthLogoutRequest{Session: cred.Session, Cookie: cred.Cookie})
			if err != nil || res.Cookie.MaxAge >= 0 {
				t.Errorf("got a cookie for %v and the error %v, want the cookie removed", res.Cookie.MaxAge, err)
			}
			wantNoSession(t, e, cred)
			wantSession(t, e, other)
		})
	}
	_, err := e.authenticate(t, cred)
	wantCause(t, err, hermes.Unauthorized)
}

func TestClient_SweepSessions(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	older := mustLogin(t, e, "writer")
	_, err := e.from(office).AuthLogin(t.Context(), mustNewKeyPair(t, e, "").newLogin(t, e).sign())
	wantCause(t, err, "")
	mustChallenge(t, e, "hek_0123456789") // which is not stored
	e.clock.sleep(time.Minute)
	newer := mustLogin(t, e, "writer")
	for _, tt := range []struct {
		sleep time.Duration
		want  int64
		name  string
	}{
		{0, 1, "the nonce that was used has expired"},
		{0, 0, "nothing is left to remove"},
		{4 * time.Minute, 2, "the older sessions have ended"},
	} {
		e.clock.sleep(tt.sleep)
		if n, err := e.client.SweepSessions(t.Context()); err != nil || n != tt.want {
			t.Errorf("%s: got %d removed and the error %v, want %d", tt.name, n, err, tt.want)
		}
	}
	wantNoSession(t, e, older)
	wantSession(t, e, newer)
}
