package hermes

import (
	"context"
	"net/netip"
	"runtime"
	"sync"
	"time"
	"unicode/utf8"
)

// rate allows burst failures at once, and then one in each interval.
type rate struct {
	burst    int
	interval time.Duration
}

// The rates of failed logins: by user and address, by address, and by user from all addresses. The
// last one does not apply to a user who logged in from the same address before, so that an attack
// does not lock the user out. challengeRate is that of nonces for key pairs, by address.
var (
	pairRate      = rate{burst: 5, interval: 10 * time.Second}
	addressRate   = rate{burst: 10, interval: 2 * time.Second}
	userRate      = rate{burst: 50, interval: 2 * time.Second}
	challengeRate = rate{burst: 30, interval: 500 * time.Millisecond}
)

const (
	tableSize     = 1 << 16               // keys in a table; memory must not grow with an attack
	knownFor      = 30 * 24 * time.Hour   // how long a login makes its user known at its address
	maxQueued     = 8                     // logins that wait for a hashing slot
	maxSlotPause  = 50 * time.Millisecond // of a hashing slot after it was used for an unknown user
	maxUnknown    = 64                    // logins of unknown users at once, their padding included
	evictionTries = 64                    // keys looked at to find one to evict
)

// loginLimiter limits what failed logins may cost. A user is known at an address from which the
// user logged in within knownFor, and unknown elsewhere.
type loginLimiter struct {
	pairs, addresses, users, challenges *buckets
	known                               *buckets // by pair; a used bucket means known

	unknown     chan struct{} // logins of unknown users
	hashSlots   chan struct{} // passwords that are hashed at once
	reserveSlot chan struct{} // one more slot, for known users
	queue       chan struct{} // logins that wait for a slot
}

func newLoginLimiter() *loginLimiter {
	return &loginLimiter{
		pairs: newBuckets(pairRate), addresses: newBuckets(addressRate), users: newBuckets(userRate),
		challenges: newBuckets(challengeRate), known: newBuckets(rate{burst: 1, interval: knownFor}),
		unknown:     make(chan struct{}, maxUnknown),
		hashSlots:   make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)),
		reserveSlot: make(chan struct{}, 1),
		queue:       make(chan struct{}, maxQueued),
	}
}

// loginAttempt is one login with the tokens that it took from buckets.
type loginAttempt struct {
	limiter *loginLimiter
	pair    string
	taken   []bucketKey
}

type bucketKey struct {
	from *buckets
	key  string
}

// begin takes a token of each kind, or returns Throttled and takes none.
func (l *loginLimiter) begin(user string, remote netip.Addr, now time.Time) (*loginAttempt, error) {
	user = limitedName(user)
	a := &loginAttempt{limiter: l, pair: pairKey(user, remote)}
	wanted := []bucketKey{{from: l.pairs, key: a.pair}, {from: l.addresses, key: network(remote)}}
	if !l.isKnown(user, remote, now) {
		wanted = append(wanted, bucketKey{from: l.users, key: user})
	}
	for _, w := range wanted {
		if wait := w.from.take(w.key, now); wait > 0 {
			a.cancel()
			return nil, throttled(wait)
		}
		a.taken = append(a.taken, w)
	}
	return a, nil
}

// cancel gives the tokens back.
func (a *loginAttempt) cancel() {
	for _, t := range a.taken {
		t.from.give(t.key)
	}
	a.taken = nil
}

// succeed gives the tokens back, because only failures count, and makes the user known at the
// address.
func (a *loginAttempt) succeed(now time.Time) {
	a.cancel()
	a.limiter.known.set(a.pair, now)
}

// isKnown reports whether the user logged in from that address within knownFor.
func (l *loginLimiter) isKnown(user string, remote netip.Addr, now time.Time) bool {
	return l.known.used(pairKey(limitedName(user), remote), now)
}

// limitedName maps all names that are longer than any user's to one, so that the tables hold no
// long names.
func limitedName(user string) string {
	if len(user) > apiUserMax*utf8.UTFMax {
		return ""
	}
	return user
}

func pairKey(user string, remote netip.Addr) string { return user + "\x00" + network(remote) }

func throttled(wait time.Duration) *Error {
	e := failed(Throttled, "too many attempts to log in")
	e.RetryAfter = wait
	return e
}

// challenge counts a nonce that is asked for: each is stored for a minute.
func (l *loginLimiter) challenge(remote netip.Addr, now time.Time) error {
	if wait := l.challenges.take(network(remote), now); wait > 0 {
		return throttled(wait)
	}
	return nil
}

// acquire takes one of the places for logins of unknown users and returns the function that gives
// it back. The answers of failed logins are delayed, and a server answers a limited number of
// requests at once; without this limit unknown users could take all of them. A known user needs no
// place.
func (l *loginLimiter) acquire(known bool) (release func(), err error) {
	if known {
		return func() {}, nil
	}
	select {
	case l.unknown <- struct{}{}:
		return func() { <-l.unknown }, nil
	default:
		return nil, tooManyLogins()
	}
}

func tooManyLogins() *Error {
	e := failed(Busy, "too many logins at once")
	e.RetryAfter = time.Second
	return e
}

// acquireHashing waits for a slot to hash a password in and returns the function that releases it.
func (l *loginLimiter) acquireHashing(ctx context.Context, known bool) (release func(), err error) {
	select {
	case l.queue <- struct{}{}:
		defer func() { <-l.queue }()
	default:
		if !known {
			return nil, tooManyLogins()
		}
	}
	reserve := l.reserveSlot
	if !known {
		reserve = nil
	}
	select {
	case l.hashSlots <- struct{}{}:
		if known {
			return func() { <-l.hashSlots }, nil
		}
		return l.releaseAfterPause(time.Now()), nil
	case reserve <- struct{}{}:
		return func() { <-l.reserveSlot }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// releaseAfterPause returns a function that releases a slot after a pause as long as the slot was
// used, so that unknown users take at most half of a processor from other requests. Work that takes
// longer than a hash waits for other machines, and needs no longer pause than maxSlotPause.
func (l *loginLimiter) releaseAfterPause(since time.Time) func() {
	return func() {
		time.AfterFunc(min(time.Since(since), maxSlotPause), func() { <-l.hashSlots })
	}
}

// network returns what counts as one address: an IPv6 host can use all addresses of a /64.
func network(a netip.Addr) string {
	if a = a.Unmap(); a.Is6() {
		p, _ := a.WithZone("").Prefix(64)
		return p.String()
	}
	return a.String()
}

// buckets is a bounded table of token buckets by the generic cell rate algorithm.
type buckets struct {
	rate rate
	mu   sync.Mutex
	full map[string]time.Time // when the bucket of a key will be full again
}

func newBuckets(r rate) *buckets { return &buckets{rate: r, full: map[string]time.Time{}} }

// take takes one token, or returns how long it takes until there is one.
func (b *buckets) take(key string, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	full := b.full[key]
	if full.Before(now) {
		full = now
	}
	full = full.Add(b.rate.interval)
	if wait := full.Sub(now) - time.Duration(b.rate.burst)*b.rate.interval; wait > 0 {
		return wait
	}
	b.put(key, full, now)
	return 0
}

// give puts a token back.
func (b *buckets) give(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if full, ok := b.full[key]; ok {
		b.full[key] = full.Add(-b.rate.interval)
	}
}

// set marks the key's bucket as used from now on.
func (b *buckets) set(key string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(key, now.Add(b.rate.interval), now)
}

// used reports whether the key's bucket is not full.
func (b *buckets) used(key string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.full[key].After(now)
}

// put stores when the bucket of a key will be full, and makes room for it in a full table.
func (b *buckets) put(key string, full, now time.Time) {
	if _, ok := b.full[key]; !ok && len(b.full) >= tableSize {
		b.evict(now)
	}
	b.full[key] = full
}

// evict drops a key whose bucket is full, or else, of a few keys, the one whose bucket will be full
// first.
func (b *buckets) evict(now time.Time) {
	var first string
	seen := 0
	for k, full := range b.full {
		if !full.After(now) {
			delete(b.full, k)
			return
		}
		if first == "" || full.Before(b.full[first]) {
			first = k
		}
		if seen++; seen == evictionTries {
			break
		}
	}
	delete(b.full, first)
}
