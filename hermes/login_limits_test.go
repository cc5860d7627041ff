package hermes_test

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
	"weak"

	"github.com/hermes-voip/go-hermes/hermes"
)

func remoteAddr(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }

// loginFrom logs a user in from an address.
func loginFrom(ctx context.Context, c *hermes.Client, remote netip.Addr, user, password string) error {
	req := hermes.AuthLoginRequest{Username: user, Password: hermes.NewSecret(password)}
	_, err := c.As(hermes.Actor{Remote: remote}).AuthLogin(ctx, req)
	return err
}

// causes counts how n concurrent calls end.
func causes(n int, call func(i int) error) map[string]int {
	ends := make(chan string, n)
	for i := range n {
		go func() {
			cause := ""
			if err := call(i); err != nil {
				cause = err.Error()
				for _, c := range []hermes.Cause{hermes.Unauthorized, hermes.Throttled, hermes.Busy} {
					if strings.Contains(cause, "/"+string(c)+":") {
						cause = string(c)
					}
				}
			}
			ends <- cause
		}()
	}
	count := map[string]int{}
	for range n {
		count[<-ends]++
	}
	return count
}

// countingBackend counts the calls of Verify, of which each takes some time.
type countingBackend struct {
	slowBackend
	calls *atomic.Int64
}

func (b countingBackend) Verify(ctx context.Context, s hermes.Store, user string, password hermes.Secret) (bool, error) {
	b.calls.Add(1)
	return b.slowBackend.Verify(ctx, s, user, password)
}

// Only failures count: right logins at once wait for each other instead of being refused.
func TestClient_AuthLogin_atOnce(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule string
		n    int
		call func(e *env, key hermes.Secret, i int) error
	}{
		{"32 of one user from one address", 32, func(e *env, _ hermes.Secret, _ int) error {
			return loginFrom(context.Background(), e.client, office, "writer", password)
		}},
		{"60 of one user from 60 addresses", 60, func(e *env, _ hermes.Secret, i int) error {
			return loginFrom(context.Background(), e.client, remoteAddr(i), "writer", password)
		}},
		{"280 of one user from 60 addresses", 280, func(e *env, _ hermes.Secret, i int) error {
			return loginFrom(context.Background(), e.client, remoteAddr(i%60), "writer", password)
		}},
		{"60 of four users from one address", 60, func(e *env, _ hermes.Secret, i int) error {
			return loginFrom(context.Background(), e.client, office, []string{"admin", "writer", "auditor", "reader"}[i%4], password)
		}},
		{"300 with one key from 60 addresses", 300, func(e *env, key hermes.Secret, i int) error {
			_, err := e.from(remoteAddr(i%60)).AuthLogin(context.Background(), hermes.AuthLoginRequest{APIKey: key})
			return err
		}},
	} {
		t.Run(r.rule, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := newEnvWith(t, func(o *hermes.Options) {
					// A slow backend, so that all logins are under way at once.
					o.Backends = append([]hermes.Backend{slowBackend{delay: time.Second}}, o.Backends...)
				})
				key := mustNewKey(t, e.client, hermes.AuthNewKeyRequest{Host: "10.0.0.0/8", Access: hermes.FullRead})
				wantEqual(t, causes(r.n, func(i int) error { return r.call(e, key, i) }), map[string]int{"": r.n})
			})
		})
	}
}

// Of many wrong logins at once no more are verified than may fail.
func TestClient_AuthLogin_wrongAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		e := newEnvWith(t, func(o *hermes.Options) {
			o.MaxUnknownLogins = 1000
			o.Backends = append(o.Backends, countingBackend{slowBackend{delay: time.Second}, &calls})
		})
		ends := causes(1000, func(int) error { return loginFrom(t.Context(), e.client, office, "writer", "wrong horse") })
		if calls.Load() != 5 || ends["unauthorized"] != 5 || ends["throttled"]+ends["busy"] != 995 {
			t.Errorf("%d logins were verified, and the answers are %v, want 5 verified and refused as unauthorized", calls.Load(), ends)
		}
	})
}

// Failed logins by key count against the address that they come from, never against the key.
func TestClient_AuthLogin_keyUnderAttack(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	key := mustNewKey(t, e.client, keyFor("192.0.2.0/24"))
	pair := mustNewKeyPair(t, e, "")
	right := pair.newLogin(t, e).sign()
	for i := range 200 {
		from := e.from(remoteAddr(i % 20))
		for _, wrong := range []hermes.AuthLoginRequest{
			{APIKey: hermes.NewSecret(idOf(key))},
			{APIKey: hermes.NewSecret(key.Reveal()[:len(key.Reveal())-1] + "x")},
			{Key: pair.id, Nonce: right.Nonce, Signature: strings.Repeat("A", 86)},
		} {
			_, _ = from.AuthLogin(t.Context(), wrong)
		}
	}
	for range 20 { // the address of the key, too
		_, _ = e.from(office).AuthLogin(t.Context(), hermes.AuthLoginRequest{APIKey: hermes.NewSecret(idOf(key))})
	}
	_, err := e.from(office).AuthLogin(t.Context(), hermes.AuthLoginRequest{APIKey: hermes.NewSecret(idOf(key))})
	wantCause(t, err, hermes.Throttled)
	mustLoginWithKey(t, e, key)
	_, err = e.from(office).AuthLogin(t.Context(), right)
	wantCause(t, err, "")
}

// Failed logins from many addresses do not throttle a user at an address of an earlier login, which
// other clients of the store, and later ones, know as well.
func TestClient_AuthLogin_knownAddress(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	other := e.newClient(t, e.store)
	attack := func(c *hermes.Client) {
		for i := range 60 {
			_ = loginFrom(t.Context(), c, remoteAddr(i), "writer", "wrong horse")
		}
		wantCause(t, loginFrom(t.Context(), c, remoteAddr(100), "writer", password), hermes.Throttled)
	}
	attack(other)
	wantCause(t, loginFrom(t.Context(), other, office, "writer", password), hermes.Throttled)
	mustLogin(t, e, "writer")
	attack(e.client)
	e.clock.sleep(time.Second) // after which other has read the logins again
	for name, c := range map[string]*hermes.Client{"the same": e.client, "another one": other, "a later one": e.newClient(t, e.store)} {
		attack(c)
		if err := loginFrom(t.Context(), c, office, "writer", password); err != nil {
			t.Errorf("with %s: %v", name, err)
		}
	}
	e.clock.sleep(30 * 24 * time.Hour)
	later := e.newClient(t, e.store)
	attack(later)
	wantCause(t, loginFrom(t.Context(), later, office, "writer", password), hermes.Throttled)
}

// A failed login writes nothing, and neither does a further login from the same address in a day.
func TestClient_AuthLogin_knownWrites(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	calls := &storeCalls{}
	c := e.newClient(t, calls.over(e.store))
	for _, r := range []struct {
		rule     string
		password string
		after    time.Duration
		want     bool
	}{
		{"a wrong password", "wrong horse", 0, false},
		{"the first login", password, 0, true},
		{"a login soon after", password, time.Hour, false},
		{"a login a day after", password, 24 * time.Hour, true},
	} {
		e.clock.sleep(r.after)
		calls.names = nil
		_ = loginFrom(t.Context(), c, office, "writer", r.password)
		if got := slices.Contains(calls.names, "AddLogin"); got != r.want {
			t.Errorf("%s: stored as known %v, want %v", r.rule, got, r.want)
		}
		if failed := r.password != password; failed && slices.Contains(calls.names, "Tx") {
			t.Errorf("%s: got the calls %q of the store, want no write", r.rule, calls.names)
		}
	}
}

// A user who was removed is not known any more.
func TestClient_AuthRemoveUser_known(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustLogin(t, e, "writer")
	if _, err := e.client.AuthRemoveUser(t.Context(), hermes.AuthRemoveUserRequest{User: "writer"}); err != nil {
		t.Fatal(err)
	}
	if logins, err := e.store.Logins(t.Context(), time.Unix(0, 0), 9); err != nil || len(logins) != 0 {
		t.Errorf("got %v, %v, want none", logins, err)
	}
}

// A wall clock that is set back delays no login.
func TestClient_AuthLogin_clockBack(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	mustLogin(t, e, "writer")
	e.clock.sleep(-time.Hour)
	mustLogin(t, e, "writer")
	for range 5 {
		_, _ = e.login(t, "writer", "wrong horse")
	}
	e.clock.sleep(-time.Hour)
	_, err := e.login(t, "writer", password)
	if got := wantCause(t, err, hermes.Throttled); got.RetryAfter != 10*time.Second {
		t.Errorf("got %v to wait, want 10 s", got.RetryAfter)
	}
	e.clock.sleep(10 * time.Second)
	mustLogin(t, e, "writer")
}

// hangingDirectory is a directory that does not answer in time.
type hangingDirectory struct{ slowBackend }

// A directory that hangs holds no hashing slot: the users of another backend do not wait for each
// other.
func TestClient_AuthLogin_hangingDirectory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEnvWith(t, func(o *hermes.Options) {
			o.Backends = append(o.Backends, hangingDirectory{slowBackend{delay: time.Second}})
		})
		start := time.Now()
		users := slices.Collect(maps.Keys(levels()))
		got := causes(20, func(i int) error {
			return loginFrom(t.Context(), e.client, remoteAddr(i), users[i%len(users)], password)
		})
		wantEqual(t, got, map[string]int{"": 20})
		if took := time.Since(start); took >= 2*time.Second {
			t.Errorf("20 logins at once took %v beside a directory that hangs for a second, want less than twice that", took)
		}
	})
}

// hashingBackend has no users. Its function reports how many run at once.
type hashingBackend struct {
	emptyBackend
	running, most *atomic.Int64
}

func (b hashingBackend) Prepare(context.Context, hermes.Store, string) (func(hermes.Secret) bool, error) {
	return func(hermes.Secret) bool {
		if n := b.running.Add(1); n > b.most.Load() {
			b.most.Store(n)
		}
		time.Sleep(time.Millisecond) // synctest's time
		b.running.Add(-1)
		return false
	}, nil
}

// Few of many concurrent logins hash a password at a time.
func TestClient_AuthLogin_hashingSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slots := int64(max(1, runtime.GOMAXPROCS(0)-1))
		var running, most atomic.Int64
		e := newEnvWith(t, func(o *hermes.Options) {
			o.Backends = append(o.Backends, hashingBackend{running: &running, most: &most})
		})
		got := causes(64, func(i int) error { return loginFrom(t.Context(), e.client, remoteAddr(i), fmt.Sprint(i), password) })
		wantEqual(t, got, map[string]int{"unauthorized": 64})
		if most.Load() > slots {
			t.Errorf("%d passwords were hashed at once, want %d at most", most.Load(), slots)
		}
	})
}

// Nothing of a request is kept: not even a part of its text, which would keep all of it in memory.
func TestClient_AuthLogin_keepsNoRequest(t *testing.T) {
	t.Parallel()
	e := newEnvWith(t, func(o *hermes.Options) { o.SecretKeys = nil })
	for name, call := range map[string]func(c *hermes.Client, text string){
		"a user name": func(c *hermes.Client, text string) {
			_, _ = c.AuthLogin(t.Context(), hermes.AuthLoginRequest{Username: text[:20], Password: hermes.NewSecret(text)})
		},
		"a long user name": func(c *hermes.Client, text string) {
			_, _ = c.AuthLogin(t.Context(), hermes.AuthLoginRequest{Username: text, Password: hermes.NewSecret(text)})
		},
		"an API key": func(c *hermes.Client, text string) {
			_, _ = c.AuthLogin(t.Context(), hermes.AuthLoginRequest{APIKey: hermes.NewSecret(text[:64])})
		},
		"the id of a key pair": func(c *hermes.Client, text string) {
			nonce, err := c.AuthChallenge(t.Context(), hermes.AuthChallengeRequest{Key: text[:14]})
			wantCause(t, err, "")
			_, _ = c.AuthLogin(t.Context(), hermes.AuthLoginRequest{Key: text[:14], Nonce: nonce.Nonce, Signature: text})
		},
	} {
		body := []byte("hek_" + strings.Repeat("0", 60<<10))
		kept := weak.Make(&body[0])
		call(e.from(office), unsafe.String(&body[0], len(body)))
		body = nil
		runtime.GC()
		if kept.Value() != nil {
			t.Errorf("%s: the body of the request is kept", name)
		}
	}
}

// Unauthenticated requests write nothing.
func TestClient_unauthenticatedWrites(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	calls := &storeCalls{}
	c := e.newClient(t, calls.over(e.store)).As(hermes.Actor{Remote: office})
	elsewhere := mustLogin(t, newEnv(t), "writer") // well-formed
	_, err := c.AuthLogout(t.Context(), hermes.AuthLogoutRequest{Session: elsewhere.Session, Cookie: elsewhere.Cookie})
	wantCause(t, err, "")
	_, err = c.AuthChallenge(t.Context(), hermes.AuthChallengeRequest{Key: "hek_0123456789"})
	wantCause(t, err, "")
	wantEqual(t, calls.names, []string{"Session"})
}
