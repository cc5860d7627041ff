package hermes_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestLoginWays(t *testing.T) {
	s := hermes.NewSecret
	for _, r := range []struct {
		why string
		req hermes.AuthLoginRequest
	}{
		{"none", hermes.AuthLoginRequest{}},
		{"a name without a password", hermes.AuthLoginRequest{Username: "writer"}},
		{"a password without a name", hermes.AuthLoginRequest{Password: s(password)}},
		{"two ways", hermes.AuthLoginRequest{Username: "writer", Password: s(password), APIKey: s("x")}},
		{"one and a part of another", hermes.AuthLoginRequest{Username: "writer", Password: s(password), Key: "x"}},
		{"a signature without its nonce", hermes.AuthLoginRequest{Key: "x", Signature: "x"}},
		{"a nonce without a signature", hermes.AuthLoginRequest{Key: "x", Nonce: s("x")}},
		{"a signature of nobody", hermes.AuthLoginRequest{Nonce: s("x"), Signature: "x"}},
		{"an API key with a signature", hermes.AuthLoginRequest{APIKey: s("x"), Key: "x", Nonce: s("x"), Signature: "x"}},
	} {
		w := newWorld(t)
		t.Run(r.why, func(t *testing.T) {
			refused(t, only(w.door(office).AuthLogin(t.Context(), r.req)), hermes.Parameters)
		})
	}
}

// failures are logins that fail, each for another reason.
func failures(w *world) map[string]hermes.AuthLoginRequest {
	w.Helper()
	s := hermes.NewSecret
	w.noError(w.store.AddCredential(w.Context(), hermes.Credential{User: "stranger", Hash: ok(w.T, got(w.store.Credential(w.Context(), "writer"))).Hash}))
	elsewhere := w.newKey(hermes.AuthNewKeyRequest{Host: "198.51.100.0/24", Access: hermes.FullRead})
	revoked := w.newKey(hermes.AuthNewKeyRequest{Host: office.String(), Access: hermes.FullRead})
	ok(w.T, got(w.AuthRemoveKey(w.Context(), hermes.AuthRemoveKeyRequest{Key: revoked})))
	return map[string]hermes.AuthLoginRequest{
		"an unknown user":            {Username: "nobody", Password: s(password)},
		"a wrong password":           {Username: "writer", Password: s("wrong horse")},
		"a user who may do nothing":  {Username: "stranger", Password: s(password)},
		"a name in another case":     {Username: "Writer", Password: s(password)},
		"a key from the wrong host":  {APIKey: elsewhere},
		"a revoked key":              {APIKey: revoked},
		"a key's id":                 {APIKey: s(elsewhere.Reveal()[:14])},
		"no key at all":              {APIKey: s("garbage")},
		"a session for a key":        {APIKey: w.login("reader").Session},
		"a key pair that is unknown": {Key: "hek_0123456789", Nonce: s("hen_x"), Signature: "x"},
	}
}

func TestEveryFailedLoginIsTheSame(t *testing.T) {
	w := newWorld(t)
	var first *hermes.Error
	for why, req := range failures(w) {
		e := refused(t, only(w.door(office).AuthLogin(t.Context(), req)), hermes.Unauthorized)
		if first == nil {
			first = e
		}
		if e.Error() != first.Error() || e.Err != nil || e.Fields != nil || e.RetryAfter != 0 {
			t.Errorf("%s: %v, want %v", why, e, first)
		}
	}
}

// slow waits for as long as its context lets it.
type slow struct{ asked chan struct{} }

func (slow) Name() string { return "slow" }
func (s slow) Verify(ctx context.Context, _ hermes.Store, _ string, _ hermes.Secret) (bool, error) {
	s.asked <- struct{}{}
	<-ctx.Done()
	return false, ctx.Err()
}
func (slow) Has(context.Context, hermes.Store, string) (bool, error) { return false, nil }

// A backend that fails lets nobody in, whatever else it says.
func TestBackends(t *testing.T) {
	for _, r := range []struct {
		why      string
		backends func(o *hermes.Options)
		want     hermes.Cause
	}{
		{"the second one knows the user", func(o *hermes.Options) { o.Backends = append([]hermes.Backend{nobody{}}, o.Backends...) }, ""},
		{"one is down, another vouches", func(o *hermes.Options) { o.Backends = append([]hermes.Backend{failing{}}, o.Backends...) }, ""},
		{"the only one is down", func(o *hermes.Options) { o.Backends = []hermes.Backend{failing{}} }, hermes.Unauthorized},
		{"there is none", func(o *hermes.Options) { o.Backends = nil }, hermes.Unauthorized},
	} {
		t.Run(r.why, func(t *testing.T) {
			w := newWorld(t)
			r.backends(&w.opts)
			w.Client = w.over(w.store)
			_, err := w.tryLogin("writer", password)
			if r.want == "" {
				w.noError(err)
				return
			}
			if e := refused(t, err, r.want); (len(w.opts.Backends) > 0) != errors.Is(e, errDisk) {
				t.Errorf("inside is %v: want what the backend said, for the log", e.Err)
			}
		})
	}
}

// failing is a backend that is down, and says yes all the same.
type failing struct{}

func (failing) Name() string { return "failing" }
func (failing) Verify(context.Context, hermes.Store, string, hermes.Secret) (bool, error) {
	return true, errDisk
}
func (failing) Has(context.Context, hermes.Store, string) (bool, error) { return false, errDisk }

// nobody is a backend without users that cannot be written.
type nobody struct{}

func (nobody) Name() string { return "nobody" }
func (nobody) Verify(context.Context, hermes.Store, string, hermes.Secret) (bool, error) {
	return false, nil
}
func (nobody) Has(context.Context, hermes.Store, string) (bool, error) { return false, nil }

func TestLoginThrottled(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		refused(t, only(w.tryLogin("writer", "wrong horse")), hermes.Unauthorized)
	}
	e := refused(t, only(w.tryLogin("writer", password)), hermes.Throttled)
	if e.RetryAfter != 10*time.Second {
		t.Errorf("come again after %v, want 10 s: the burst of 5 is used up", e.RetryAfter)
	}
	ok(t, got(w.tryLogin("reader", password)))
	w.clock.sleep(10 * time.Second)
	ok(t, got(w.tryLogin("writer", password)))
	ok(t, got(w.tryLogin("writer", password)))
}

// An attack from everywhere does not lock out who logged in before.
func TestLoginUnderAttack(t *testing.T) {
	w := newWorld(t)
	w.login("writer")
	from := netip.MustParseAddr("198.51.100.0")
	for range 60 {
		from = from.Next()
		_, _ = w.door(from).AuthLogin(t.Context(), hermes.AuthLoginRequest{Username: "writer", Password: hermes.NewSecret("wrong horse")})
	}
	_, err := w.door(from.Next()).AuthLogin(t.Context(), hermes.AuthLoginRequest{Username: "writer", Password: hermes.NewSecret(password)})
	refused(t, err, hermes.Throttled)
	w.login("writer")
}

// A database that is down is nobody's failed login.
func TestFaultsAreNotCounted(t *testing.T) {
	w := newWorld(t)
	broken := &storeCalls{fail: func(int) error { return errDisk }}
	c := w.over(broken.over(w.store)).As(hermes.Actor{Remote: office})
	for range 20 {
		_, err := c.AuthLogin(t.Context(), hermes.AuthLoginRequest{Username: "writer", Password: hermes.NewSecret(password)})
		wantDBFail(t, err)
	}
	broken.fail = func(int) error { return nil }
	ok(t, got(c.AuthLogin(t.Context(), hermes.AuthLoginRequest{Username: "writer", Password: hermes.NewSecret(password)})))
}

// Of many logins at once few are hashed, few wait, and the others are told to come again.
func TestLoginsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers, waiting = 300, 8
		slots := max(1, runtime.GOMAXPROCS(0)-1)
		asked, done := make(chan struct{}, callers), make(chan error, callers)
		w := newWorldWith(t, func(o *hermes.Options) { o.Backends = append(o.Backends, slow{asked}) })
		ctx, cancel := context.WithCancel(t.Context())
		for i := range callers {
			from := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
			go func() {
				_, err := w.door(from).AuthLogin(ctx, hermes.AuthLoginRequest{Username: from.String(), Password: hermes.NewSecret(password)})
				done <- err
			}()
		}
		synctest.Wait()
		if n, least := len(done), callers-slots-waiting; len(asked) != slots || n < least {
			t.Errorf("%d are hashed and %d were answered at once; want %d, and %d at least", len(asked), n, slots, least)
		}
		for range len(done) {
			if e := refused(t, <-done, hermes.Busy); e.RetryAfter == 0 {
				t.Error("busy, and no word when to come again")
			}
		}
		cancel() // who waits ends with its context
		synctest.Wait()
		for range len(done) {
			if err := <-done; err == nil {
				t.Error("somebody was let in")
			}
		}
	})
}

// The answer to a failed login comes after FailedLoginTime, whatever it was that failed.
func TestFailedLoginTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldWith(t, func(o *hermes.Options) { o.FailedLoginTime = 0 })
		for why, req := range failures(w) {
			start := time.Now()
			refused(t, only(w.door(office).AuthLogin(t.Context(), req)), hermes.Unauthorized)
			if took := time.Since(start); took != 100*time.Millisecond {
				t.Errorf("%s: failed after %v, want 100 ms", why, took)
			}
			w.clock.sleep(time.Minute)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		_, err := w.door(office).AuthLogin(ctx, hermes.AuthLoginRequest{APIKey: hermes.NewSecret("garbage")})
		if refused(t, err, hermes.Unauthorized); time.Since(start) != 0 {
			t.Error("nobody listens any more, and the answer is held back all the same")
		}
	})
}

// Refusals that are held back leave room for others: of strangers only so many are held, and who is known is none.
func TestHeldBackLogins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const callers, strangers = 300, 64
		w := newWorldWith(t, func(o *hermes.Options) { o.FailedLoginTime = time.Second })
		w.login("writer")
		refusals := make(chan error, callers)
		for i := range callers {
			from := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
			go func() {
				_, err := w.door(from).AuthLogin(t.Context(), hermes.AuthLoginRequest{APIKey: hermes.NewSecret(fmt.Sprintf("hek_%010d", i))})
				refusals <- err
			}()
		}
		synctest.Wait()
		if n := len(refusals); n != callers-strangers {
			t.Errorf("%d were answered at once, want %d", n, callers-strangers)
		}
		for range len(refusals) {
			refused(t, <-refusals, hermes.Busy)
		}
		w.login("writer")
		for range strangers {
			refused(t, <-refusals, hermes.Unauthorized)
		}
	})
}

// laggard takes its time.
type laggard struct {
	nobody
	takes time.Duration
}

func (l laggard) Verify(context.Context, hermes.Store, string, hermes.Secret) (bool, error) {
	time.Sleep(l.takes)
	return false, nil
}

// What takes longer is answered at the next multiple.
func TestFailedLoginTimeOfASlowBackend(t *testing.T) {
	for takes, want := range map[time.Duration]time.Duration{
		99 * time.Millisecond: 100 * time.Millisecond, 100 * time.Millisecond: 200 * time.Millisecond, 250 * time.Millisecond: 300 * time.Millisecond,
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorldWith(t, func(o *hermes.Options) { o.FailedLoginTime = 0; o.Backends = append(o.Backends, laggard{takes: takes}) })
			start := time.Now()
			refused(t, only(w.tryLogin("nobody", password)), hermes.Unauthorized)
			if took := time.Since(start); took != want {
				t.Errorf("a backend takes %v: failed after %v, want %v", takes, took, want)
			}
		})
	}
}
