package hermes_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// renewedSession is a session whose auth_key was renewed once a minute.
type renewedSession struct {
	cred hermes.Credentials // with the current auth_key
	keys []hermes.Secret    // all auth_keys, the current one last
}

func newRenewedSession(t testing.TB, e *env, pings int) renewedSession {
	t.Helper()
	s := renewedSession{cred: mustLogin(t, e, "writer")}
	s.keys = append(s.keys, s.cred.AuthKey)
	for range pings {
		e.clock.sleep(time.Minute)
		s.cred = mustPing(t, e, s.cred)
		s.keys = append(s.keys, s.cred.AuthKey)
	}
	return s
}

// key returns the auth_key that was current some pings ago.
func (s renewedSession) key(pingsAgo int) hermes.Secret { return s.keys[len(s.keys)-1-pingsAgo] }

func (s renewedSession) withKey(key hermes.Secret) hermes.Credentials {
	return hermes.Credentials{Session: s.cred.Session, AuthKey: key, Cookie: s.cred.Cookie}
}

// keyOutcome is the effect of an auth_key in the table of API.md, section 2.
type keyOutcome struct {
	accepted bool
	kept     bool // the session exists afterwards
}

// The rows are the table of auth keys in API.md, section 2, for auth/ping and for all other nodes.
func TestClient_Authenticate_authKeys(t *testing.T) {
	t.Parallel()
	type session = renewedSession
	accepted := keyOutcome{accepted: true, kept: true}
	refused := keyOutcome{accepted: false, kept: true}
	ended := keyOutcome{accepted: false, kept: false}
	current := func(s session) hermes.Secret { return s.key(0) }
	previous := func(s session) hermes.Secret { return s.key(1) }
	garbage := func(session) hermes.Secret { return hermes.NewSecret(strings.Repeat("x", 40)) }
	for _, tt := range []struct {
		name  string
		key   func(s session) hermes.Secret
		after time.Duration // since the last ping
		// The outcomes of Authenticate and of AuthenticatePing.
		node, ping keyOutcome
	}{
		{"the current key", current, 0, accepted, accepted},
		{"the current key just before it expires", current, keyTTL - time.Microsecond, accepted, accepted},
		{"the previous key", previous, 0, accepted, accepted},
		{"the previous key just before its grace ends", previous, keyGrace - time.Microsecond, accepted, accepted},
		{"the previous key after its grace", previous, keyGrace, refused, ended},
		{"a key of two pings ago", func(s session) hermes.Secret { return s.key(2) }, 0, refused, ended},
		{"the oldest key that is recognized", func(s session) hermes.Secret { return s.key(8) }, 0, refused, ended},
		{"a key that is too old to be recognized", func(s session) hermes.Secret { return s.key(9) }, 0, refused, refused},
		{"the current key when it has expired", current, keyTTL, ended, ended},
		{"the previous key when the current one has expired", previous, keyTTL, ended, ended},
		{"text that is no key", garbage, 0, refused, refused},
		{"text that is no key when the current key has expired", garbage, keyTTL, refused, refused},
		{"no key", func(session) hermes.Secret { return hermes.Secret{} }, 0, refused, refused},
		{"a wrong last character", func(s session) hermes.Secret {
			return hermes.NewSecret(s.key(0).Reveal()[:39] + "_")
		}, 0, refused, refused},
		{"the session token in place of a key", func(s session) hermes.Secret { return s.cred.Session }, 0, refused, refused},
	} {
		for method, authenticate := range authenticateMethods() {
			want := tt.node
			if method == "AuthenticatePing" {
				want = tt.ping
			}
			t.Run(tt.name+"/"+method, func(t *testing.T) {
				t.Parallel()
				testAuthKey(t, authenticate, tt.key, tt.after, want)
			})
		}
	}
}

// testAuthKey checks the outcome of one auth_key of a session with 10 pings.
func testAuthKey(
	t *testing.T, authenticate authenticateMethod, key func(renewedSession) hermes.Secret,
	after time.Duration, want keyOutcome,
) {
	t.Helper()
	e := newEnv(t)
	s := newRenewedSession(t, e, 10)
	e.clock.sleep(after)
	actor, err := authenticate(e.from(office), t.Context(), s.withKey(key(s)))
	if want.accepted {
		wantCause(t, err, "")
	} else {
		wantCause(t, err, hermes.Unauthorized)
		if actor != (hermes.Actor{}) {
			t.Errorf("got the actor %v with an error, want none", actor)
		}
	}
	if kept := sessionExists(t, e.store, s.cred); kept != want.kept {
		t.Errorf("the session exists: got %v, want %v", kept, want.kept)
	}
	if after >= keyTTL {
		return
	}
	if _, err := e.authenticate(t, s.cred); (err == nil) != want.kept {
		t.Errorf("got the error %v for the current key afterwards, want it accepted: %v", err, want.kept)
	}
}

func TestClient_AuthPing(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	cred := mustLogin(t, e, "writer")
	e.clock.sleep(2 * time.Minute)
	first, err := e.ping(t, cred)
	if err != nil {
		t.Fatal(err)
	}
	if first.AuthKey == cred.AuthKey {
		t.Error("got the old auth_key, want a new one")
	}
	if first.Cookie.Value != cred.Cookie || first.Cookie.MaxAge != keyTTL+time.Minute {
		t.Errorf("got a cookie for %v, the same one: %v; want the same one for 6 minutes",
			first.Cookie.MaxAge, first.Cookie.Value == cred.Cookie)
	}

	// A ping whose answer was lost is repeated with the old key.
	e.clock.sleep(keyGrace - time.Microsecond)
	again, err := e.ping(t, cred)
	if err != nil {
		t.Fatal(err)
	}
	if again.AuthKey != first.AuthKey {
		t.Error("got another auth_key for a repeated ping, want the same one")
	}
	if want := keyTTL + time.Minute - keyGrace + time.Microsecond; again.Cookie.MaxAge != want {
		t.Errorf("got a cookie for %v, want %v: the auth_key was not renewed again", again.Cookie.MaxAge, want)
	}

	next := mustPing(t, e, hermes.Credentials{Session: cred.Session, AuthKey: first.AuthKey, Cookie: cred.Cookie})
	if next.AuthKey == first.AuthKey || next.AuthKey == cred.AuthKey {
		t.Error("got an old auth_key for the next ping, want a new one")
	}
	_, err = e.authenticate(t, cred)
	wantCause(t, err, hermes.Unauthorized)
}

func TestClient_AuthPing_unauthorized(t *testing.T) {
	t.Parallel()
	t.Run("the program itself has no session", func(t *testing.T) {
		t.Parallel()
		_, err := newEnv(t).client.AuthPing(t.Context(), hermes.AuthPingRequest{})
		wantCause(t, err, hermes.Unauthorized)
	})
	t.Run("an actor without a session", func(t *testing.T) {
		t.Parallel()
		_, err := newEnv(t).withAccess(hermes.LimitedRead).AuthPing(t.Context(), hermes.AuthPingRequest{})
		wantCause(t, err, hermes.Unauthorized)
	})
	t.Run("an auth_key of another session", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		a, b := mustLogin(t, e, "writer"), mustLogin(t, e, "writer")
		_, err := e.ping(t, hermes.Credentials{Session: a.Session, AuthKey: b.AuthKey, Cookie: a.Cookie})
		wantCause(t, err, hermes.Unauthorized)
		wantSession(t, e, a)
		wantSession(t, e, b)
	})
	t.Run("a session that ended after it was authenticated", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		cred := mustLogin(t, e, "writer")
		c := mustAuthenticate(t, e, cred)
		_, err := e.client.AuthLogout(t.Context(), hermes.AuthLogoutRequest{Session: cred.Session, Cookie: cred.Cookie})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.AuthPing(t.Context(), hermes.AuthPingRequest{})
		wantCause(t, err, hermes.Unauthorized)
	})
}

// Concurrent pings with one auth_key all get the same new one.
func TestClient_AuthPing_concurrent(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	cred := mustLogin(t, e, "writer")
	for round := range 20 {
		keys := pingConcurrently(t, e, cred, 25)
		if len(keys) != 1 {
			t.Fatalf("round %d: 25 pings with one key got %d different ones, want one", round, len(keys))
		}
		for key := range keys {
			cred.AuthKey = key
		}
	}
}

// pingConcurrently returns the auth_keys that n pings with the same credentials got.
func pingConcurrently(t *testing.T, e *env, cred hermes.Credentials, n int) map[hermes.Secret]bool {
	t.Helper()
	start, results := make(chan struct{}), make(chan hermes.Secret, n)
	var pings sync.WaitGroup
	for range n {
		pings.Go(func() {
			<-start
			res, err := e.ping(t, cred)
			if err != nil {
				t.Error(err)
			}
			results <- res.AuthKey
		})
	}
	close(start)
	pings.Wait()
	close(results)
	keys := map[hermes.Secret]bool{}
	for key := range results {
		keys[key] = true
	}
	return keys
}

// Two requests authenticate with one auth_key before either renews it.
func TestClient_AuthPing_bothAuthenticatedBefore(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	cred := mustLogin(t, e, "writer")
	first := mustAuthenticatePing(t, e, cred)
	second := mustAuthenticatePing(t, e, cred)
	a, err := first.AuthPing(t.Context(), hermes.AuthPingRequest{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := second.AuthPing(t.Context(), hermes.AuthPingRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if a.AuthKey != b.AuthKey {
		t.Error("got two keys for two pings with one key, want the same one")
	}

	cred.AuthKey = a.AuthKey
	mustPing(t, e, cred)
	_, err = first.AuthPing(t.Context(), hermes.AuthPingRequest{})
	wantCause(t, err, hermes.Unauthorized)
}

func mustAuthenticatePing(t testing.TB, e *env, cred hermes.Credentials) *hermes.Client {
	t.Helper()
	actor, err := e.from(office).AuthenticatePing(t.Context(), cred)
	if err != nil {
		t.Fatal(err)
	}
	return e.client.As(actor)
}
