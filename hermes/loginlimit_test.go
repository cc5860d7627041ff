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
	noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	here = netip.MustParseAddr("192.0.2.10")
)

func TestBuckets(t *testing.T) {
	b := newBuckets(rate{3, 10 * time.Second})
	for i := range 3 {
		if wait := b.take("a", noon); wait != 0 {
			t.Fatalf("token %d of the burst: wait %v", i+1, wait)
		}
	}
	for _, r := range []struct {
		after, want time.Duration
		why         string
	}{
		{0, 10 * time.Second, "the burst is used up"},
		{0, 10 * time.Second, "asking costs nothing"},
		{10*time.Second - 1, 1, "just before the next"},
		{10 * time.Second, 0, "the next"},
		{10 * time.Second, 10 * time.Second, "one, not two"},
		{50 * time.Second, 0, "after a long time"},
		{50 * time.Second, 0, "there is a burst again"},
		{50 * time.Second, 0, "of three"},
		{50 * time.Second, 10 * time.Second, "and no more"},
	} {
		if got := b.take("a", noon.Add(r.after)); got != r.want {
			t.Errorf("after %v: wait %v, want %v: %s", r.after, got, r.want, r.why)
		}
	}
	if wait := b.take("b", noon); wait != 0 {
		t.Errorf("another key waits %v", wait)
	}
}

func TestBucketsGiveBack(t *testing.T) {
	b := newBuckets(rate{1, time.Minute})
	for i := range 3 {
		if wait := b.take("a", noon); wait != 0 {
			t.Fatalf("round %d: wait %v for a token that was given back", i+1, wait)
		}
		b.give("a")
	}
	b.give("never taken")
	b.give("a")
	if b.take("a", noon) != 0 || b.take("a", noon) != time.Minute {
		t.Error("what was given back twice makes more than a burst")
	}
}

func TestBucketsAreBounded(t *testing.T) {
	b := newBuckets(rate{1, time.Minute})
	for i := range tableSize {
		b.take(fmt.Sprint("old", i), noon)
	}
	b.take("last", noon.Add(30*time.Second))
	if len(b.full) != tableSize || !b.used("last", noon.Add(31*time.Second)) {
		t.Fatalf("%d keys, the new one there: %v", len(b.full), b.used("last", noon.Add(31*time.Second)))
	}
	later := noon.Add(2 * time.Minute)
	for i := range 1000 {
		b.take(fmt.Sprint("new", i), later)
	}
	if len(b.full) != tableSize {
		t.Errorf("%d keys, want %d", len(b.full), tableSize)
	}
	for i := range 1000 {
		if b.take(fmt.Sprint("new", i), later) == 0 {
			t.Fatalf("key %d of the new ones was forgotten, though others were full again", i)
		}
	}
}

func TestBucketsKeepTheLast(t *testing.T) {
	b := newBuckets(rate{1, time.Hour})
	for i := range tableSize {
		b.take(fmt.Sprint(i), noon.Add(time.Duration(i)*time.Millisecond))
	}
	b.take("one more", noon.Add(time.Minute))
	if !b.used(fmt.Sprint(tableSize-1), noon.Add(2*time.Minute)) {
		t.Error("the key that is used for longest made room")
	}
}

// fail is a login that fails, and whether it was let through at all.
func fail(d *loginLimiter, user string, from netip.Addr, now time.Time) (wait time.Duration) {
	_, err := d.begin(user, from, now)
	var e *Error
	if errors.As(err, &e) {
		return e.RetryAfter
	}
	return 0
}

func numbered(format string, i int) netip.Addr { return netip.MustParseAddr(fmt.Sprintf(format, i)) }

func TestLoginRates(t *testing.T) {
	for _, r := range []struct {
		why   string
		user  func(i int) string
		from  func(i int) netip.Addr
		burst int
		wait  time.Duration
	}{
		{"one user from one address", func(int) string { return "a" }, func(int) netip.Addr { return here }, 5, 10 * time.Second},
		{"many users from one address", func(i int) string { return fmt.Sprint(i) }, func(int) netip.Addr { return here }, 10, 2 * time.Second},
		{"many users from one IPv6 network", func(i int) string { return fmt.Sprint(i) },
			func(i int) netip.Addr { return numbered("2001:db8::%x", i) }, 10, 2 * time.Second},
		{"one user from many addresses", func(int) string { return "a" },
			func(i int) netip.Addr { return numbered("198.51.100.%d", i) }, 50, 2 * time.Second},
		{"one user from many IPv6 networks", func(int) string { return "a" },
			func(i int) netip.Addr { return numbered("2001:db8:0:%x::1", i) }, 50, 2 * time.Second},
	} {
		t.Run(r.why, func(t *testing.T) {
			d := newLoginLimiter()
			for i := range r.burst {
				if wait := fail(d, r.user(i), r.from(i), noon); wait != 0 {
					t.Fatalf("failure %d: wait %v, want a burst of %d", i+1, wait, r.burst)
				}
			}
			if wait := fail(d, r.user(r.burst), r.from(r.burst), noon); wait != r.wait {
				t.Errorf("after the burst: wait %v, want %v", wait, r.wait)
			}
			if wait := fail(d, r.user(r.burst), r.from(r.burst), noon.Add(r.wait)); wait != 0 {
				t.Errorf("after %v: wait %v still", r.wait, wait)
			}
			if wait := fail(d, "somebody else", netip.MustParseAddr("203.0.113.1"), noon); wait != 0 {
				t.Errorf("somebody else waits %v", wait)
			}
		})
	}
}

func TestOnlyFailuresCount(t *testing.T) {
	d := newLoginLimiter()
	for i := range 200 {
		a, err := d.begin("a", here, noon)
		if err != nil {
			t.Fatalf("login %d: %v", i+1, err)
		}
		a.succeed(noon)
	}
}

// Who is throttled by one rate does not use up the others.
func TestRefusalCostsNothing(t *testing.T) {
	d := newLoginLimiter()
	for range 40 {
		fail(d, "a", here, noon)
	}
	for i := range 5 {
		if wait := fail(d, fmt.Sprint(i), here, noon); wait != 0 {
			t.Errorf("user %d from the address: wait %v after 5 failures and 35 refusals of another", i, wait)
		}
	}
}

func TestKnownPair(t *testing.T) {
	d := newLoginLimiter()
	a, err := d.begin("a", here, noon)
	if err != nil {
		t.Fatal(err)
	}
	a.succeed(noon)
	for i := range 200 {
		fail(d, "a", numbered("198.51.100.%d", i), noon)
	}
	if wait := fail(d, "a", netip.MustParseAddr("203.0.113.1"), noon); wait == 0 {
		t.Fatal("the attack is not throttled")
	}
	if wait := fail(d, "a", here, noon); wait != 0 {
		t.Errorf("the user waits %v where they logged in before", wait)
	}
	if d.isKnown("b", here, noon) || d.isKnown("a", netip.MustParseAddr("192.0.2.11"), noon) {
		t.Error("another user, or another address, is known too")
	}
	const month = 30 * 24 * time.Hour
	if !d.isKnown("a", here, noon.Add(month-1)) || d.isKnown("a", here, noon.Add(month)) {
		t.Error("the user is not known for 30 days exactly")
	}
}

// A table is bounded in bytes, too.
func TestLongNames(t *testing.T) {
	d := newLoginLimiter()
	long := strings.Repeat("a", 1<<16)
	a, err := d.begin(long, here, noon)
	if err != nil {
		t.Fatal(err)
	}
	fail(d, long+"b", here, noon)
	a.succeed(noon)
	for name, b := range map[string]*buckets{"pairs": d.pairs, "users": d.users, "known": d.known} {
		for key := range b.full {
			if len(key) > 512 {
				t.Errorf("%s: a key of %d bytes", name, len(key))
			}
		}
	}
	longest := strings.Repeat("😀", apiUserMax)
	fail(d, longest, here, noon)
	if _, ok := d.users.full[longest]; !ok || checkAPIUser(longest) != nil {
		t.Error("a user's name of 64 characters counts as no name of its own")
	}
}

func TestChallengeRate(t *testing.T) {
	d := newLoginLimiter()
	for i := range 30 {
		if err := d.challenge(here, noon); err != nil {
			t.Fatalf("nonce %d: %v", i+1, err)
		}
	}
	if err := d.challenge(here, noon); !errors.Is(err, Throttled) || asError(err).RetryAfter != 500*time.Millisecond {
		t.Errorf("after the burst: %v, want throttled for half a second", err)
	}
	if wait := fail(d, "a", here, noon); wait != 0 {
		t.Error("nonces count as failed logins")
	}
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:0:1:2:3:4:5": "2001:db8:0:1::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := network(netip.MustParseAddr(in)); got != want {
			t.Errorf("%s counts as %s, want %s", in, got, want)
		}
	}
}

func TestSlots(t *testing.T) { synctest.Test(t, testSlots) }

func testSlots(t *testing.T) {
	d := newLoginLimiter()
	var held []func()
	for range cap(d.hashSlots) {
		release, err := d.acquireHashing(t.Context(), false)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, release)
	}
	reserved, err := d.acquireHashing(t.Context(), true)
	if err != nil {
		t.Fatalf("all slots are taken and who is known finds none in reserve: %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.acquireHashing(over, false); !errors.Is(err, context.Canceled) {
		t.Errorf("maxQueued for a slot ended with %v, want the context's end", err)
	}
	for range maxQueued {
		d.queue <- struct{}{}
	}
	if _, err := d.acquireHashing(t.Context(), false); !errors.Is(err, Busy) || asError(err).RetryAfter == 0 {
		t.Errorf("%d wait already: got %v, want busy and when to come again", maxQueued, err)
	}
	if _, err := d.acquireHashing(over, true); !errors.Is(err, context.Canceled) {
		t.Errorf("who is known waits whatever the queue; got %v", err)
	}
	for range maxQueued {
		<-d.queue
	}
	reserved()
	for _, release := range held {
		release()
	}
	time.Sleep(maxSlotPause)
	if len(d.hashSlots)+len(d.reserveSlot)+len(d.queue) != 0 {
		t.Errorf("%d slots, %d in reserve, %d in the queue were not given back", len(d.hashSlots), len(d.reserveSlot), len(d.queue))
	}
}

// A slot that a stranger had rests for as long as they had it; who is known need not wait for that.
func TestSlotsRest(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{30 * time.Millisecond: 30 * time.Millisecond, time.Second: maxSlotPause} {
		synctest.Test(t, func(t *testing.T) {
			d := newLoginLimiter()
			d.hashSlots = make(chan struct{}, 1)
			taken := func(known bool) (release func(), waited time.Duration) {
				t.Helper()
				start := time.Now()
				release, err := d.acquireHashing(t.Context(), known)
				if err != nil {
					t.Fatal(err)
				}
				return release, time.Since(start)
			}
			release, _ := taken(false)
			time.Sleep(took)
			release()
			release, waited := taken(true)
			if release(); waited != 0 {
				t.Errorf("who is known waited %v", waited)
			}
			release, waited = taken(false)
			if release(); waited != want {
				t.Errorf("a stranger waited %v after one who took %v, want %v", waited, took, want)
			}
		})
	}
}
