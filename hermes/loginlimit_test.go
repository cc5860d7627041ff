package hermes

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

var (
	noon       = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	clientAddr = netip.MustParseAddr("192.0.2.10")
	otherAddr  = netip.MustParseAddr("203.0.113.1")
)

// numberedAddr returns the address that format makes of i.
func numberedAddr(format string, i int) netip.Addr {
	return netip.MustParseAddr(fmt.Sprintf(format, i))
}

func newTestLimiter(wall *wallClock) *loginLimiter {
	return newLoginLimiter(newClock(wall.now), []byte("secret"), &Options{MaxHashing: 1, MaxUnknownLogins: 64})
}

// failLogin makes one failed login and returns how long it must wait, 0 if it was let through.
func failLogin(t *testing.T, l *loginLimiter, user string, remote netip.Addr) (wait time.Duration) {
	t.Helper()
	a, err := l.begin(t.Context(), user, 0, remote)
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	if err != nil {
		t.Fatal(err)
	}
	a.settle(true)
	a.end()
	return 0
}

func mustBegin(t *testing.T, l *loginLimiter, user string, remote netip.Addr) *loginAttempt {
	t.Helper()
	a, err := l.begin(t.Context(), user, 0, remote)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLoginLimiter_begin(t *testing.T) {
	t.Parallel()
	oneUser := func(int) string { return "a" }
	manyUsers := func(i int) string { return fmt.Sprint(i) }
	oneAddr := func(int) netip.Addr { return clientAddr }
	for _, r := range []struct {
		rule  string
		user  func(i int) string
		from  func(i int) netip.Addr
		burst int
		wait  time.Duration
	}{
		{"one user from one address", oneUser, oneAddr, 5, 10 * time.Second},
		{"one user in many spellings", func(i int) string { return []string{"Al", "aL", "ａl", "al\u00ad"}[i%4] }, oneAddr, 5, 10 * time.Second},
		{"many users from one address", manyUsers, oneAddr, 10, 2 * time.Second},
		{"many users from one IPv6 network", manyUsers,
			func(i int) netip.Addr { return numberedAddr("2001:db8::%x", i) }, 10, 2 * time.Second},
		{"one user from many addresses", oneUser,
			func(i int) netip.Addr { return numberedAddr("198.51.100.%d", i) }, 50, 2 * time.Second},
		{"one user from many IPv6 networks", oneUser,
			func(i int) netip.Addr { return numberedAddr("2001:db8:0:%x::1", i) }, 50, 2 * time.Second},
	} {
		t.Run(r.rule, func(t *testing.T) {
			t.Parallel()
			wall := &wallClock{t: noon}
			l := newTestLimiter(wall)
			for i := range r.burst {
				if wait := failLogin(t, l, r.user(i), r.from(i)); wait != 0 {
					t.Fatalf("failure %d: wait %v, want a burst of %d", i+1, wait, r.burst)
				}
			}
			wall.sleep(-time.Hour) // which delays no login
			if wait := failLogin(t, l, r.user(r.burst), r.from(r.burst)); wait != r.wait {
				t.Errorf("after the burst: wait %v, want %v", wait, r.wait)
			}
			wall.sleep(r.wait)
			if wait := failLogin(t, l, r.user(r.burst), r.from(r.burst)); wait != 0 {
				t.Errorf("after %v: wait %v, want none", r.wait, wait)
			}
			if wait := failLogin(t, l, "another user", otherAddr); wait != 0 {
				t.Errorf("another user from another address: wait %v, want none", wait)
			}
		})
	}
	t.Run("a login that one limit refuses does not count against the others", func(t *testing.T) {
		t.Parallel()
		l := newTestLimiter(&wallClock{t: noon})
		for range 40 {
			failLogin(t, l, "a", clientAddr)
		}
		for i := range 5 {
			if wait := failLogin(t, l, fmt.Sprint(i), clientAddr); wait != 0 {
				t.Errorf("user %d: wait %v after 5 failures and 35 refusals of another user at the address", i, wait)
			}
		}
	})
	t.Run("successes do not count", func(t *testing.T) {
		t.Parallel()
		l := newTestLimiter(&wallClock{t: noon})
		for range 200 {
			a := mustBegin(t, l, "a", clientAddr)
			a.settle(false)
			a.end()
		}
		if n := len(l.pairs.table) + len(l.networks.table) + len(l.users.table) + l.unknown.taken; n != 0 {
			t.Errorf("%d buckets and unknown logins are left", n)
		}
	})
}

// Logins of one user at once wait until those before them have ended.
func TestLoginLimiter_begin_atOnce(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule     string
		failed   bool // whether the logins fail
		verified int  // how many of 32 are verified
	}{
		{"right ones are all verified", false, 32},
		{"of wrong ones no more are verified than may fail", true, 5},
	} {
		t.Run(r.rule, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { testBeginAtOnce(t, r.failed, r.verified) })
		})
	}
}

func testBeginAtOnce(t *testing.T, failed bool, want int) {
	l := newTestLimiter(&wallClock{t: noon})
	begun, errs := make(chan *loginAttempt, 32), make(chan error, 32)
	for range 32 {
		go func() {
			a, err := l.begin(t.Context(), "a", 0, clientAddr)
			if err != nil {
				errs <- err
				return
			}
			begun <- a
		}()
	}
	verified := 0
	for synctest.Wait(); len(begun) > 0; synctest.Wait() {
		if len(begun) > 5 {
			t.Fatalf("%d logins are under way at once, want 5 at most", len(begun))
		}
		for range len(begun) {
			a := <-begun
			a.settle(failed)
			a.end()
			verified++
		}
	}
	if verified != want || len(errs) != 32-want {
		t.Errorf("%d logins were verified and %d refused, want %d and %d", verified, len(errs), want, 32-want)
	}
	for range len(errs) {
		if err := <-errs; !errors.Is(err, Throttled) {
			t.Errorf("got %v, want %s", err, Throttled)
		}
	}
}

func TestLoginLimiter_begin_waiting(t *testing.T) {
	t.Parallel()
	t.Run("a waiting login ends with its context", func(t *testing.T) {
		t.Parallel()
		l := newTestLimiter(&wallClock{t: noon})
		var held []*loginAttempt
		for range 5 {
			held = append(held, mustBegin(t, l, "a", clientAddr))
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := l.begin(ended, "a", 0, clientAddr); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
		for _, a := range held {
			a.end()
		}
		if n := len(l.pairs.table) + l.unknown.taken; n != 0 {
			t.Errorf("%d buckets and unknown logins are left", n)
		}
	})
	t.Run("a login that waits for a place ends with its context", func(t *testing.T) {
		t.Parallel()
		l := newTestLimiter(&wallClock{t: noon})
		occupyPlaces(t, l)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := l.begin(ended, "a", 0, clientAddr); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	})
	t.Run("unknown users wait for a place, known ones need none", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, testWaitForPlace)
	})
	t.Run("a login that takes much memory does not wait", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, testLargeLogin)
	})
	t.Run("a network leaves a third of the places to others", func(t *testing.T) {
		t.Parallel()
		l := newTestLimiter(&wallClock{t: noon})
		l.networks = newBuckets(rate{burst: 100, interval: time.Second})
		for i := range 42 {
			mustBegin(t, l, fmt.Sprint(i), clientAddr)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := l.begin(ended, "a", 0, clientAddr); !errors.Is(err, context.Canceled) {
			t.Errorf("the 43rd of 64 places for one network: %v, want it to wait", err)
		}
		mustBegin(t, l, "a", otherAddr)
	})
}

// occupyPlaces begins as many logins of unknown users as may be under way at once.
func occupyPlaces(t *testing.T, l *loginLimiter) (under []*loginAttempt) {
	t.Helper()
	for i := range 64 {
		under = append(under, mustBegin(t, l, fmt.Sprint(i), numberedAddr("198.51.100.%d", i)))
	}
	return under
}

func testLargeLogin(t *testing.T) {
	l := newTestLimiter(&wallClock{t: noon})
	occupyPlaces(t, l)
	l.known.add(l.keys.pair("known", network(clientAddr)), noon, time.Hour)
	for range 5 {
		mustBegin(t, l, "known", clientAddr)
	}
	limited, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, row := range []struct{ user, why string }{
		{"a", "it would wait for a place"},
		{"known", "it would wait for other logins of the user"},
	} {
		start := time.Now()
		_, err := l.begin(limited, row.user, maxWaitingSize+1, clientAddr)
		if !errors.Is(err, Busy) || time.Since(start) != 0 {
			t.Errorf("%s: got %v after %s, want %s at once", row.why, err, time.Since(start), Busy)
		}
	}
}

func testWaitForPlace(t *testing.T) {
	l := newTestLimiter(&wallClock{t: noon})
	under := occupyPlaces(t, l)
	begun, refused := make(chan *loginAttempt, 300), make(chan error, 300)
	begin := func(i int) {
		a, err := l.begin(t.Context(), fmt.Sprint(i), 0, numberedAddr("2001:db8:0:%x::1", i))
		if err != nil {
			refused <- err
			return
		}
		begun <- a
	}
	for i := range 256 {
		go begin(i)
	}
	synctest.Wait()
	if len(begun) != 0 || len(refused) != 0 {
		t.Fatalf("%d logins began and %d were refused, want all to wait", len(begun), len(refused))
	}
	if begin(256); len(refused) != 1 {
		t.Errorf("%d logins were refused, want the 257th", len(refused))
	} else if err := <-refused; !errors.Is(err, Busy) || asError(err).RetryAfter == 0 {
		t.Errorf("the 257th login that would wait: got %v, want %s with RetryAfter", err, Busy)
	}
	l.known.add(l.keys.pair("a", network(clientAddr)), noon, time.Hour)
	mustBegin(t, l, "a", clientAddr)
	for _, a := range under[:10] {
		a.end()
	}
	if synctest.Wait(); len(begun) != 10 {
		t.Errorf("%d logins began after 10 others had ended", len(begun))
	}
	time.Sleep(10 * time.Second)
	if synctest.Wait(); len(begun) != 10 || len(refused) != 246 {
		t.Errorf("after 10 s %d logins have begun and %d have been refused, want 10 and 246", len(begun), len(refused))
	}
	for range len(refused) {
		if err := <-refused; !errors.Is(err, Busy) {
			t.Errorf("got %v, want %s", err, Busy)
		}
	}
}

// A login that is throttled is refused at once, although it would have to wait for a place.
func TestLoginLimiter_begin_throttledFirst(t *testing.T) {
	t.Parallel()
	l := newTestLimiter(&wallClock{t: noon})
	for range 5 {
		failLogin(t, l, "a", clientAddr)
	}
	occupyPlaces(t, l)
	if _, err := l.begin(t.Context(), "a", 0, clientAddr); !errors.Is(err, Throttled) {
		t.Errorf("got %v, want %s", err, Throttled)
	}
}

// What is known of a user does not depend on the user's failures elsewhere.
func TestLoginLimiter_begin_known(t *testing.T) {
	t.Parallel()
	wall := &wallClock{t: noon}
	l := newTestLimiter(wall)
	l.known.add(l.keys.pair("a", network(clientAddr)), noon, 31*24*time.Hour)
	for i := range 200 {
		failLogin(t, l, "a", numberedAddr("198.51.100.%d", i))
	}
	if wait := failLogin(t, l, "a", otherAddr); wait == 0 {
		t.Fatal("failures from many addresses do not limit the user")
	}
	if wait := failLogin(t, l, "A", clientAddr); wait != 0 {
		t.Errorf("the user waits %v at the address of an earlier login", wait)
	}
	for _, r := range []struct {
		rule string
		pair limitKey
		at   time.Duration
		want bool
	}{
		{"another user", l.keys.pair("b", network(clientAddr)), 0, false},
		{"another address", l.keys.pair("a", "192.0.2.11"), 0, false},
		{"just before 30 days have passed", l.keys.pair("a", network(clientAddr)), knownFor - 1, true},
		{"after 30 days", l.keys.pair("a", network(clientAddr)), knownFor, false},
	} {
		if got := l.known.has(r.pair, noon.Add(r.at)); got != r.want {
			t.Errorf("%s: known %v, want %v", r.rule, got, r.want)
		}
	}
}

func TestLoginLimiter_failKey(t *testing.T) {
	t.Parallel()
	l := newTestLimiter(&wallClock{t: noon})
	for i := range 10 {
		done, err := l.failKey(clientAddr)
		if err != nil {
			t.Fatalf("failure %d: %v", i+1, err)
		}
		done()
	}
	if _, err := l.failKey(clientAddr); !errors.Is(err, Throttled) || asError(err).RetryAfter != 2*time.Second {
		t.Errorf("after the burst: got %v, want %s for 2 s", err, Throttled)
	}
	if l.unknown.taken != 0 {
		t.Errorf("%d unknown logins are left", l.unknown.taken)
	}
}

func TestLoginLimiter_challenge(t *testing.T) {
	t.Parallel()
	l := newTestLimiter(&wallClock{t: noon})
	for i := range 30 {
		if err := l.challenge(clientAddr); err != nil {
			t.Fatalf("nonce %d: %v", i+1, err)
		}
	}
	err := l.challenge(clientAddr)
	if !errors.Is(err, Throttled) || asError(err).RetryAfter != 500*time.Millisecond {
		t.Errorf("after the burst: got %v, want %s for half a second", err, Throttled)
	}
	if wait := failLogin(t, l, "a", clientAddr); wait != 0 {
		t.Error("nonces count as failed logins")
	}
}
