package hermes

import (
	"context"
	"net/netip"
	"runtime"
	"sync"
	"time"
	"unicode/utf8"
)

// A rate allows burst failures at once and then one in each interval.
type rate struct {
	burst    int
	interval time.Duration
}

// The rates of failed logins: by user and address, by address, and by user from anywhere. The
// last does not bind who logged in from that address before, so that an attack does not lock them out.
var (
	pairRate      = rate{5, 10 * time.Second}
	addressRate   = rate{10, 2 * time.Second}
	userRate      = rate{50, 2 * time.Second}
	challengeRate = rate{30, 500 * time.Millisecond}
)

const (
	tableSize   = 1 << 16               // keys a table; the process must not grow with an attack
	knownFor    = 30 * 24 * time.Hour   // how long a login makes its user and address known
	waiting     = 8                     // logins that wait for a hashing slot
	longestRest = 50 * time.Millisecond // of a hashing slot
	strangers   = 64                    // logins under way of who is not known, the wait before a refusal included
)

// loginDoor limits what failed logins may cost.
type loginDoor struct {
	pairs, addresses, users, challenges *buckets
	known                               *buckets // a full bucket: has logged in

	crowd   chan struct{} // logins of strangers
	slots   chan struct{} // passwords that are hashed at once
	reserve chan struct{} // one more, for those who are known
	queue   chan struct{}
}

func newLoginDoor() *loginDoor {
	return &loginDoor{
		pairs: newBuckets(pairRate), addresses: newBuckets(addressRate), users: newBuckets(userRate),
		challenges: newBuckets(challengeRate), known: newBuckets(rate{1, knownFor}),
		crowd:   make(chan struct{}, strangers),
		slots:   make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1)),
		reserve: make(chan struct{}, 1),
		queue:   make(chan struct{}, waiting),
	}
}

// attempt is one login: the tokens that it took, to be given back where it succeeds.
type attempt struct {
	taken []token
	door  *loginDoor
	pair  string
}

type token struct {
	from *buckets
	key  string
}

// begin takes a token of each kind, or returns Throttled.
func (d *loginDoor) begin(user string, remote netip.Addr, now time.Time) (*attempt, error) {
	user = countedName(user)
	address := network(remote)
	a := &attempt{door: d, pair: pairKey(user, remote)}
	wants := []token{{d.pairs, a.pair}, {d.addresses, address}}
	if !d.knows(user, remote, now) {
		wants = append(wants, token{d.users, user})
	}
	for _, w := range wants {
		if wait := w.from.take(w.key, now); wait > 0 {
			a.undo()
			return nil, throttled(wait)
		}
		a.taken = append(a.taken, w)
	}
	return a, nil
}

// knows tells whether the user has logged in from that address of late.
func (d *loginDoor) knows(user string, remote netip.Addr, now time.Time) bool {
	return d.known.used(pairKey(countedName(user), remote), now)
}

// countedName is one name for all that are longer than any user's, so that a table holds no long ones.
func countedName(user string) string {
	if len(user) > apiUserMax*utf8.UTFMax {
		return ""
	}
	return user
}

func pairKey(user string, remote netip.Addr) string { return user + "\x00" + network(remote) }

func (a *attempt) undo() {
	for _, t := range a.taken {
		t.from.give(t.key)
	}
	a.taken = nil
}

// succeeded makes the user known at the address; only failures count.
func (a *attempt) succeeded(now time.Time) {
	a.undo()
	a.door.known.set(a.pair, now)
}

func throttled(wait time.Duration) *Error {
	e := failed(Throttled, "too many attempts to log in")
	e.RetryAfter = wait
	return e
}

// challenge counts a nonce that is asked for: each is a row for a minute.
func (d *loginDoor) challenge(remote netip.Addr, now time.Time) error {
	if wait := d.challenges.take(network(remote), now); wait > 0 {
		return throttled(wait)
	}
	return nil
}

// enter takes a place among the strangers and returns what gives it back. Refusals are held back, and a
// server has room for so many requests only: without a bound strangers would have all of it. Who is known needs no place.
func (d *loginDoor) enter(known bool) (leave func(), err error) {
	if known {
		return func() {}, nil
	}
	select {
	case d.crowd <- struct{}{}:
		return func() { <-d.crowd }, nil
	default:
		return nil, tooManyLogins()
	}
}

func tooManyLogins() *Error {
	e := failed(Busy, "too many logins at once")
	e.RetryAfter = time.Second
	return e
}

// slot waits for the right to hash a password and returns what gives it back.
func (d *loginDoor) slot(ctx context.Context, known bool) (release func(), err error) {
	select {
	case d.queue <- struct{}{}:
		defer func() { <-d.queue }()
	default:
		if !known {
			return nil, tooManyLogins()
		}
	}
	reserve := d.reserve
	if !known {
		reserve = nil
	}
	select {
	case d.slots <- struct{}{}:
		if known {
			return func() { <-d.slots }, nil
		}
		return d.rested(time.Now()), nil
	case reserve <- struct{}{}:
		return func() { <-d.reserve }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// rested gives a slot back when it has rested for as long as it was taken: however many strangers knock, half of a processor
// is for other requests. What takes longer than a hash waits for others, and needs no such rest.
func (d *loginDoor) rested(since time.Time) func() {
	return func() {
		time.AfterFunc(min(time.Since(since), longestRest), func() { <-d.slots })
	}
}

// network is what counts as one address: an IPv6 host has a /64 to choose from.
func network(a netip.Addr) string {
	if a = a.Unmap(); a.Is6() {
		p, _ := a.WithZone("").Prefix(64)
		return p.String()
	}
	return a.String()
}

// buckets is a bounded table of token buckets, by the generic cell rate algorithm: a key's
// time is when its bucket will be full again.
type buckets struct {
	rate rate
	mu   sync.Mutex
	full map[string]time.Time
}

func newBuckets(r rate) *buckets { return &buckets{rate: r, full: map[string]time.Time{}} }

// take takes one token, or returns how long it is until there is one.
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

func (b *buckets) give(key string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if full, ok := b.full[key]; ok {
		b.full[key] = full.Add(-b.rate.interval)
	}
}

// set makes the key's bucket used from now on.
func (b *buckets) set(key string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.put(key, now.Add(b.rate.interval), now)
}

func (b *buckets) used(key string, now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.full[key].After(now)
}

// put stores a key. A table that has no room drops what is full again anyway, and then that of
// a few keys which will be full first.
func (b *buckets) put(key string, full, now time.Time) {
	if _, ok := b.full[key]; !ok && len(b.full) >= tableSize {
		b.makeRoom(now)
	}
	b.full[key] = full
}

const evictionSample = 64

func (b *buckets) makeRoom(now time.Time) {
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
		if seen++; seen == evictionSample {
			break
		}
	}
	delete(b.full, first)
}
