package hermes

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
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

// failLogin makes one failed login and returns how long it must wait, 0 if it was let through.
func failLogin(l *loginLimiter, user string, remote netip.Addr, now time.Time) (wait time.Duration) {
	_, err := l.begin(user, remote, now)
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

func TestBuckets_take(t *testing.T) {
	t.Parallel()
	b := newBuckets(rate{burst: 3, interval: 10 * time.Second})
	for i := range 3 {
		if wait := b.take("a", noon); wait != 0 {
			t.Fatalf("token %d of the burst: wait %v", i+1, wait)
		}
	}
	for _, r := range []struct {
		rule        string
		after, want time.Duration
	}{
		{"the burst is used up", 0, 10 * time.Second},
		{"a refusal does not lengthen the wait", 0, 10 * time.Second},
		{"just before the next token", 10*time.Second - 1, 1},
		{"the next token", 10 * time.Second, 0},
		{"there is one token only", 10 * time.Second, 10 * time.Second},
		{"the first token of a new burst", 50 * time.Second, 0},
		{"the second token", 50 * time.Second, 0},
		{"the third token", 50 * time.Second, 0},
		{"the new burst is used up", 50 * time.Second, 10 * time.Second},
	} {
		if got := b.take("a", noon.Add(r.after)); got != r.want {
			t.Errorf("%s, after %v: wait %v, want %v", r.rule, r.after, got, r.want)
		}
	}
	if wait := b.take("b", noon); wait != 0 {
		t.Errorf("another key waits %v", wait)
	}
}

func TestBuckets_give(t *testing.T) {
	t.Parallel()
	b := newBuckets(rate{burst: 1, interval: time.Minute})
	for i := range 3 {
		if wait := b.take("a", noon); wait != 0 {
			t.Fatalf("round %d: wait %v for a token that was given back", i+1, wait)
		}
		b.give("a")
	}
	b.give("never taken")
	b.give("a")
	if b.take("a", noon) != 0 || b.take("a", noon) != time.Minute {
		t.Error("a token that was given back twice makes more than a burst")
	}
}

func TestBuckets_put(t *testing.T) {
	t.Parallel()
	t.Run("a full table makes room for a new key", func(t *testing.T) {
		t.Parallel()
		b := newBuckets(rate{burst: 1, interval: time.Minute})
		for i := range tableSize {
			b.take(fmt.Sprint("old", i), noon)
		}
		b.take("last", noon.Add(30*time.Second))
		if len(b.full) != tableSize || !b.used("last", noon.Add(31*time.Second)) {
			t.Fatalf("the table has %d keys, the new one among them: %v", len(b.full), b.used("last", noon.Add(31*time.Second)))
		}
		later := noon.Add(2 * time.Minute)
		for i := range 1000 {
			b.take(fmt.Sprint("new", i), later)
		}
		if len(b.full) != tableSize {
			t.Errorf("the table has %d keys, want %d", len(b.full), tableSize)
		}
		for i := range 1000 {
			if b.take(fmt.Sprint("new", i), later) == 0 {
				t.Fatalf("key new%d was evicted although the buckets of others were full again", i)
			}
		}
	})
	t.Run("the bucket that will be full last stays", func(t *testing.T) {
		t.Parallel()
		b := newBuckets(rate{burst: 1, interval: time.Hour})
		for i := range tableSize {
			b.take(fmt.Sprint(i), noon.Add(time.Duration(i)*time.Millisecond))
		}
		b.take("one more", noon.Add(time.Minute))
		if !b.used(fmt.Sprint(tableSize-1), noon.Add(2*time.Minute)) {
			t.Error("the key whose bucket will be full last was evicted")
		}
	})
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
			l := newLoginLimiter()
			for i := range r.burst {
				if wait := failLogin(l, r.user(i), r.from(i), noon); wait != 0 {
					t.Fatalf("failure %d: wait %v, want a burst of %d", i+1, wait, r.burst)
				}
			}
			if wait := failLogin(l, r.user(r.burst), r.from(r.burst), noon); wait != r.wait {
				t.Errorf("after the burst: wait %v, want %v", wait, r.wait)
			}
			if wait := failLogin(l, r.user(r.burst), r.from(r.burst), noon.Add(r.wait)); wait != 0 {
				t.Errorf("after %v: wait %v, want none", r.wait, wait)
			}
			if wait := failLogin(l, "another user", otherAddr, noon); wait != 0 {
				t.Errorf("another user from another address: wait %v, want none", wait)
			}
		})
	}
	t.Run("a login that one limit refuses does not count against the others", func(t *testing.T) {
		t.Parallel()
		l := newLoginLimiter()
		for range 40 {
			failLogin(l, "a", clientAddr, noon)
		}
		for i := range 5 {
			if wait := failLogin(l, fmt.Sprint(i), clientAddr, noon); wait != 0 {
				t.Errorf("user %d: wait %v after 5 failures and 35 refusals of another user at the address", i, wait)
			}
		}
	})
	t.Run("the tables hold no long names", func(t *testing.T) {
		t.Parallel()
		l := newLoginLimiter()
		long := strings.Repeat("a", 1<<16)
		attempt, err := l.begin(long, clientAddr, noon)
		if err != nil {
			t.Fatal(err)
		}
		failLogin(l, long+"b", clientAddr, noon)
		attempt.succeed(noon)
		for name, b := range map[string]*buckets{"pairs": l.pairs, "users": l.users, "known": l.known} {
			for key := range b.full {
				if len(key) > 512 {
					t.Errorf("%s: a key of %d bytes", name, len(key))
				}
			}
		}
		longest := strings.Repeat("😀", apiUserMax)
		failLogin(l, longest, clientAddr, noon)
		if _, ok := l.users.full[longest]; !ok || checkAPIUser(longest) != nil {
			t.Error("a valid name of 64 characters has no key of its own")
		}
	})
}

func TestLoginAttempt_succeed(t *testing.T) {
	t.Parallel()
	l := newLoginLimiter()
	for i := range 200 {
		attempt, err := l.begin("a", clientAddr, noon)
		if err != nil {
			t.Fatalf("login %d: got %v, want successes not to count", i+1, err)
		}
		attempt.succeed(noon)
	}
}

func TestLoginLimiter_isKnown(t *testing.T) {
	t.Parallel()
	l := newLoginLimiter()
	attempt, err := l.begin("a", clientAddr, noon)
	if err != nil {
		t.Fatal(err)
	}
	attempt.succeed(noon)
	for i := range 200 {
		failLogin(l, "a", numberedAddr("198.51.100.%d", i), noon)
	}
	if wait := failLogin(l, "a", otherAddr, noon); wait == 0 {
		t.Fatal("failures from many addresses do not limit the user")
	}
	if wait := failLogin(l, "a", clientAddr, noon); wait != 0 {
		t.Errorf("the user waits %v at the address of an earlier login", wait)
	}
	if l.isKnown("b", clientAddr, noon) || l.isKnown("a", netip.MustParseAddr("192.0.2.11"), noon) {
		t.Error("another user, or the user at another address, is known too")
	}
	const month = 30 * 24 * time.Hour
	if !l.isKnown("a", clientAddr, noon.Add(month-1)) || l.isKnown("a", clientAddr, noon.Add(month)) {
		t.Error("the user is not known for exactly 30 days")
	}
}

func TestLoginLimiter_challenge(t *testing.T) {
	t.Parallel()
	l := newLoginLimiter()
	for i := range 30 {
		if err := l.challenge(clientAddr, noon); err != nil {
			t.Fatalf("nonce %d: %v", i+1, err)
		}
	}
	err := l.challenge(clientAddr, noon)
	if !errors.Is(err, Throttled) || asError(err).RetryAfter != 500*time.Millisecond {
		t.Errorf("after the burst: got %v, want %s for half a second", err, Throttled)
	}
	if wait := failLogin(l, "a", clientAddr, noon); wait != 0 {
		t.Error("nonces count as failed logins")
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1",
		"::ffff:192.0.2.1":     "192.0.2.1",
		"2001:db8:0:1:2:3:4:5": "2001:db8:0:1::/64",
		"fe80::1%eth0":         "fe80::/64",
	} {
		if got := network(netip.MustParseAddr(in)); got != want {
			t.Errorf("network(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestLoginLimiter_acquireHashing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testAcquireHashing)
}

func testAcquireHashing(t *testing.T) {
	l := newLoginLimiter()
	var held []func()
	for range cap(l.hashSlots) {
		release, err := l.acquireHashing(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, release)
	}
	releaseReserve, err := l.acquireHashing(t.Context(), true)
	if err != nil {
		t.Fatalf("a known user gets no reserve slot while the other slots are taken: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.acquireHashing(ended, false); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting with a context that has ended: got %v, want %v", err, context.Canceled)
	}
	for range maxQueued {
		l.queue <- struct{}{}
	}
	if _, err := l.acquireHashing(t.Context(), false); !errors.Is(err, Busy) || asError(err).RetryAfter == 0 {
		t.Errorf("%d logins wait already: got %v, want %s with RetryAfter", maxQueued, err, Busy)
	}
	if _, err := l.acquireHashing(ended, true); !errors.Is(err, context.Canceled) {
		t.Errorf("a known user waits however long the queue is: got %v, want %v", err, context.Canceled)
	}
	for range maxQueued {
		<-l.queue
	}
	releaseReserve()
	for _, release := range held {
		release()
	}
	time.Sleep(maxSlotPause)
	if len(l.hashSlots)+len(l.reserveSlot)+len(l.queue) != 0 {
		t.Errorf("not released: %d slots, %d reserve slots, %d places in the queue",
			len(l.hashSlots), len(l.reserveSlot), len(l.queue))
	}
}

// A slot that an unknown user had pauses for as long as it was used, up to maxSlotPause. A known
// user does not wait for that.
func TestLoginLimiter_releaseAfterPause(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule       string
		used, want time.Duration
	}{
		{"the pause is as long as the use", 30 * time.Millisecond, 30 * time.Millisecond},
		{"the pause is at most maxSlotPause", time.Second, maxSlotPause},
	} {
		t.Run(r.rule, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { testSlotPause(t, r.used, r.want) })
		})
	}
}

func testSlotPause(t *testing.T, used, want time.Duration) {
	l := newLoginLimiter()
	l.hashSlots = make(chan struct{}, 1)
	acquire := func(known bool) (release func(), waited time.Duration) {
		t.Helper()
		start := time.Now()
		release, err := l.acquireHashing(t.Context(), known)
		if err != nil {
			t.Fatal(err)
		}
		return release, time.Since(start)
	}
	release, _ := acquire(false)
	time.Sleep(used)
	release()
	release, waited := acquire(true)
	if release(); waited != 0 {
		t.Errorf("a known user waited %v", waited)
	}
	release, waited = acquire(false)
	if release(); waited != want {
		t.Errorf("an unknown user waited %v after a use of %v, want %v", waited, used, want)
	}
}
