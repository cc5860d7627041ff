package hermes_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestClient_AuthLogin(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	res, err := e.login(t, "auditor", password)
	if err != nil {
		t.Fatal(err)
	}
	if res.Access != hermes.FullRead || res.ExpiresIn != 300 || res.Cookie.MaxAge != 6*time.Minute {
		t.Errorf("got %v, %d s and a cookie for %v, want full_read, 300 s and 6 minutes",
			res.Access, res.ExpiresIn, res.Cookie.MaxAge)
	}
	for prefix, s := range map[string]hermes.Secret{"hes_": res.Session, "hea_": res.AuthKey, "hec_": res.Cookie.Value} {
		if !strings.HasPrefix(s.Reveal(), prefix) {
			t.Errorf("got the token %q, want the prefix %s", s.Reveal(), prefix)
		}
	}
}

// Neither the stored session nor a printed actor has the tokens of the session.
func TestClient_AuthLogin_storesNoTokens(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	cred := mustLogin(t, e, "writer")
	state, err := e.store.Session(t.Context(), hashOf(cred.Session))
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("%+v %#v %+v", state, state, mustAuthenticate(t, e, cred).Actor())
	for _, s := range []hermes.Secret{cred.Session, cred.AuthKey, cred.Cookie} {
		if strings.Contains(text, s.Reveal()) {
			t.Errorf("the token %q is in %s", s.Reveal(), text)
		}
	}
}

func TestClient_AuthLogin_parameters(t *testing.T) {
	t.Parallel()
	s := hermes.NewSecret
	for _, tt := range []struct {
		name string
		req  hermes.AuthLoginRequest
	}{
		{"nothing", hermes.AuthLoginRequest{}},
		{"a name without a password", hermes.AuthLoginRequest{Username: "writer"}},
		{"a password without a name", hermes.AuthLoginRequest{Password: s(password)}},
		{"a password and an API key", hermes.AuthLoginRequest{Username: "writer", Password: s(password), APIKey: s("x")}},
		{"a password and a key's id", hermes.AuthLoginRequest{Username: "writer", Password: s(password), Key: "x"}},
		{"a signature without a nonce", hermes.AuthLoginRequest{Key: "x", Signature: "x"}},
		{"a nonce without a signature", hermes.AuthLoginRequest{Key: "x", Nonce: s("x")}},
		{"a signature without a key's id", hermes.AuthLoginRequest{Nonce: s("x"), Signature: "x"}},
		{"an API key and a signature", hermes.AuthLoginRequest{APIKey: s("x"), Key: "x", Nonce: s("x"), Signature: "x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := newEnv(t).from(office).AuthLogin(t.Context(), tt.req)
			wantCause(t, err, hermes.Parameters)
		})
	}
}

// failingLogins returns logins that fail, each for another reason.
func failingLogins(t testing.TB, e *env) map[string]hermes.AuthLoginRequest {
	t.Helper()
	writer, err := e.store.Credential(t.Context(), "writer")
	if err != nil {
		t.Fatal(err)
	}
	err = e.store.AddCredential(t.Context(), hermes.Credential{User: "unauthorized", Hash: writer.Hash})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := mustNewKey(t, e.client, hermes.AuthNewKeyRequest{Host: "198.51.100.0/24", Access: hermes.FullRead})
	removed := mustNewKey(t, e.client, hermes.AuthNewKeyRequest{Host: office.String(), Access: hermes.FullRead})
	mustRemoveKey(t, e.client, removed)
	s := hermes.NewSecret
	return map[string]hermes.AuthLoginRequest{
		"an unknown user":                 {Username: "unknown", Password: s(password)},
		"a wrong password":                {Username: "writer", Password: s("wrong horse")},
		"a user without authorization":    {Username: "unauthorized", Password: s(password)},
		"a user name in another case":     {Username: "Writer", Password: s(password)},
		"a key from the wrong host":       {APIKey: elsewhere},
		"a removed key":                   {APIKey: removed},
		"the id of a key":                 {APIKey: s(elsewhere.Reveal()[:14])},
		"text that is no key":             {APIKey: s("garbage")},
		"a session in the place of a key": {APIKey: mustLogin(t, e, "reader").Session},
		"an unknown key pair":             {Key: "hek_0123456789", Nonce: s("hen_x"), Signature: "x"},
	}
}

// All failed logins get the same error.
func TestClient_AuthLogin_unauthorized(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	var first *hermes.Error
	for name, req := range failingLogins(t, e) {
		_, err := e.from(office).AuthLogin(t.Context(), req)
		got := wantCause(t, err, hermes.Unauthorized)
		if first == nil {
			first = got
		}
		if got.Error() != first.Error() || got.Err != nil || got.Fields != nil || got.RetryAfter != 0 {
			t.Errorf("%s: got %v, want %v", name, got, first)
		}
	}
}

// failingBackend fails in every call. Verify reports a right password nevertheless.
type failingBackend struct{}

func (failingBackend) Name() string { return "failing" }
func (failingBackend) Verify(context.Context, hermes.Store, string, hermes.Secret) (bool, error) {
	return true, errDisk
}
func (failingBackend) Has(context.Context, hermes.Store, string) (bool, error) { return false, errDisk }

// emptyBackend has no users and cannot be written.
type emptyBackend struct{}

func (emptyBackend) Name() string { return "empty" }
func (emptyBackend) Verify(context.Context, hermes.Store, string, hermes.Secret) (bool, error) {
	return false, nil
}
func (emptyBackend) Has(context.Context, hermes.Store, string) (bool, error) { return false, nil }

func TestClient_AuthLogin_backends(t *testing.T) {
	t.Parallel()
	local := cheapBackend()
	for _, tt := range []struct {
		name     string
		backends []hermes.Backend
		want     hermes.Cause
	}{
		{"the second of two has the user", []hermes.Backend{emptyBackend{}, local}, ""},
		{"the first of two has the user, with another password", []hermes.Backend{allUsersBackend{}, local}, hermes.Unauthorized},
		{"the first of two fails", []hermes.Backend{failingBackend{}, local}, hermes.Unauthorized},
		{"the second of two fails", []hermes.Backend{local, failingBackend{}}, ""},
		{"the only one fails", []hermes.Backend{failingBackend{}}, hermes.Unauthorized},
		{"there is none", nil, hermes.Unauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t).withOptions(t, func(o *hermes.Options) { o.Backends = tt.backends })
			_, err := e.login(t, "writer", password)
			wantCause(t, err, tt.want)
			if wantInner := tt.want != "" && slices.Contains(tt.backends, hermes.Backend(failingBackend{})); errors.Is(err, errDisk) != wantInner {
				t.Errorf("the backend's error is inside of %v: got %v, want %v", err, !wantInner, wantInner)
			}
		})
	}
}

func TestClient_AuthLogin_throttled(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	for range 5 {
		_, err := e.login(t, "writer", "wrong horse")
		wantCause(t, err, hermes.Unauthorized)
	}
	_, err := e.login(t, "writer", password)
	if got := wantCause(t, err, hermes.Throttled); got.RetryAfter != 10*time.Second {
		t.Errorf("got %v to wait after a burst of 5 failures, want 10 s", got.RetryAfter)
	}
	mustLogin(t, e, "reader")
	e.clock.sleep(10 * time.Second)
	mustLogin(t, e, "writer")
	mustLogin(t, e, "writer")
}

// A failure of the store does not count as a failed login.
func TestClient_AuthLogin_storeFails(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	broken := failAllCalls()
	c := e.newClient(t, broken.over(e.store)).As(hermes.Actor{Remote: office})
	req := hermes.AuthLoginRequest{Username: "writer", Password: hermes.NewSecret(password)}
	for range 20 {
		_, err := c.AuthLogin(t.Context(), req)
		wantStoreFailed(t, err)
	}
	broken.fail = nil
	if _, err := c.AuthLogin(t.Context(), req); err != nil {
		t.Error(err)
	}
}

// A principal has 100 sessions at most. The one that was seen least recently is removed first.
func TestClient_AuthLogin_maxSessions(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	reader := mustLogin(t, e, "reader")
	var writers []hermes.Credentials
	for range 100 {
		writers = append(writers, mustLogin(t, e, "writer"))
		e.clock.sleep(time.Second)
	}
	e.clock.sleep(time.Minute)
	mustAuthenticate(t, e, writers[0]) // seen last, although it is the oldest
	writers = append(writers, mustLogin(t, e, "writer"))
	for i, cred := range writers {
		if got, want := sessionExists(t, e.store, cred), i != 1; got != want {
			t.Errorf("session %d of 101 exists: got %v, want %v", i, got, want)
		}
	}
	wantSession(t, e, reader)
}

func TestClient_AuthLogin_FailedLoginTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEnvWith(t, func(o *hermes.Options) { o.FailedLoginTime = 0 })
		for name, req := range failingLogins(t, e) {
			start := time.Now()
			_, err := e.from(office).AuthLogin(t.Context(), req)
			wantCause(t, err, hermes.Unauthorized)
			if took := time.Since(start); took != 100*time.Millisecond {
				t.Errorf("%s: failed after %v, want 100 ms", name, took)
			}
			e.clock.sleep(time.Minute)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		_, err := e.from(office).AuthLogin(ctx, hermes.AuthLoginRequest{APIKey: hermes.NewSecret("garbage")})
		wantCause(t, err, hermes.Unauthorized)
		if took := time.Since(start); took != 0 {
			t.Errorf("failed after %v with a cancelled context, want at once", took)
		}
	})
}

// Of the failed logins of callers that have not logged in before, 64 at most are delayed at a time.
// Callers that are known are not limited by them.
func TestClient_AuthLogin_delayedFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const callers, delayed = 300, 64
		e := newEnvWith(t, func(o *hermes.Options) { o.FailedLoginTime = time.Second })
		mustLogin(t, e, "writer")
		results := make(chan error, callers)
		for i := range callers {
			remote := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
			key := hermes.NewSecret(fmt.Sprintf("hek_%010d", i))
			go func() {
				_, err := e.from(remote).AuthLogin(t.Context(), hermes.AuthLoginRequest{APIKey: key})
				results <- err
			}()
		}
		synctest.Wait()
		if n := len(results); n != callers-delayed {
			t.Errorf("%d logins were answered at once, want %d", n, callers-delayed)
		}
		for range len(results) {
			wantCause(t, <-results, hermes.Busy)
		}
		mustLogin(t, e, "writer")
		for range delayed {
			wantCause(t, <-results, hermes.Unauthorized)
		}
	})
}

// slowBackend has no users. Verify takes some time.
type slowBackend struct {
	emptyBackend
	delay time.Duration
}

func (b slowBackend) Verify(ctx context.Context, _ hermes.Store, _ string, _ hermes.Secret) (bool, error) {
	select {
	case <-time.After(b.delay): // synctest's time
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// A login that takes longer than FailedLoginTime fails at the next multiple of it.
func TestClient_AuthLogin_slowBackend(t *testing.T) {
	t.Parallel()
	for delay, want := range map[time.Duration]time.Duration{
		99 * time.Millisecond:  100 * time.Millisecond,
		100 * time.Millisecond: 200 * time.Millisecond,
		250 * time.Millisecond: 300 * time.Millisecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			e := newEnvWith(t, func(o *hermes.Options) {
				o.FailedLoginTime = 0
				o.Backends = append(o.Backends, slowBackend{delay: delay})
			})
			start := time.Now()
			_, err := e.login(t, "unknown", password)
			wantCause(t, err, hermes.Unauthorized)
			if took := time.Since(start); took != want {
				t.Errorf("a backend takes %v: the login failed after %v, want %v", delay, took, want)
			}
		})
	}
}
