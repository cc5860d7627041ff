package hermes

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// The rates of failed logins: by user and network, by network, and by user from all networks. The
// last one does not apply to a user who is known in the network, so that an attack does not lock
// the user out. A failed login by key counts against its network only: keys cannot be guessed, and
// a client that only knows a key's id must not be able to stop that key. challengeRate is that of
// nonces for key pairs, by network.
var (
	pairRate      = rate{burst: 5, interval: 10 * time.Second}
	networkRate   = rate{burst: 10, interval: 2 * time.Second}
	userRate      = rate{burst: 50, interval: 2 * time.Second}
	challengeRate = rate{burst: 30, interval: 500 * time.Millisecond}
)

// maxWaiting is how many logins wait for others of the same user, network, or both.
const maxWaiting = 128

// maxWaitingSize is the size of the largest login that waits, in bytes. What waits keeps its
// memory.
const maxWaitingSize = 4 << 10

// unknownLimits returns the limits of logins of users who are not known. The answers of failed
// logins are delayed, and a server answers a limited number of requests at once; without these
// limits, such logins could take all of them. The clients of one network leave a third of the
// places to others.
func unknownLimits(most int) PlaceLimits {
	return PlaceLimits{Total: most, Share: max(1, most*2/3), Queue: 256, Wait: 10 * time.Second}
}

// loginLimiter limits what failed logins may cost. Logins under way hold the tokens that they would
// take if they failed, so that never more logins are verified at once than may fail. Further ones
// wait until one of them has ended, and are refused only if too many have failed.
type loginLimiter struct {
	clock   *clock
	keys    limitKeys
	known   *knownLogins
	unknown *Places[limitKey] // for logins of users who are not known, by network
	slots   *hashSlots

	mu                                 sync.Mutex // guards what follows
	pairs, networks, users, challenges *buckets
}

// newLoginLimiter returns a limiter that derives the keys of its tables from secret.
func newLoginLimiter(clock *clock, secret []byte, opts *Options) *loginLimiter {
	return &loginLimiter{
		clock: clock, keys: newLimitKeys(secret), known: newKnownLogins(), slots: newHashSlots(opts.MaxHashing),
		unknown: NewPlaces[limitKey](unknownLimits(opts.MaxUnknownLogins)),
		pairs:   newBuckets(pairRate), networks: newBuckets(networkRate), users: newBuckets(userRate),
		challenges: newBuckets(challengeRate),
	}
}

// token is a token of the bucket with that key.
type token struct {
	from *buckets
	key  limitKey
}

// loginAttempt is one login by password.
type loginAttempt struct {
	limiter *loginLimiter
	pair    limitKey
	known   bool
	large   bool    // the login takes much memory
	give    func()  // gives back the place of an unknown user; nil if the user is known
	tokens  []token // one of each limit that applies
	holding bool    // the tokens
}

// begin lets a login by password begin, if need be after others have ended. Returns Throttled if
// too many have failed, and Busy if too many are under way or wait. The caller must call end.
//
// size is that of the name and the password. A login of more than maxWaitingSize does not wait.
func (l *loginLimiter) begin(ctx context.Context, name string, size int, remote netip.Addr) (*loginAttempt, error) {
	a := &loginAttempt{limiter: l, pair: l.keys.pair(name, network(remote)), large: size > maxWaitingSize}
	a.tokens = []token{{l.pairs, a.pair}, {l.networks, l.keys.network(remote)}, {l.users, l.keys.user(name)}}
	if err := a.takePlace(ctx); err != nil {
		return nil, err
	}
	for {
		wanted, settled, err := a.tryBegin()
		if err == nil && settled == nil {
			return a, nil
		}
		if err == nil {
			err = a.wait(ctx, wanted, settled)
		}
		if err != nil {
			a.end()
			return nil, err
		}
	}
}

// takePlace takes a place for a user who is not known, if need be after others have given theirs
// back. It holds no token meanwhile.
func (a *loginAttempt) takePlace(ctx context.Context) error {
	l := a.limiter
	l.mu.Lock()
	err := a.check(l.clock.now())
	l.mu.Unlock()
	if err != nil || a.known {
		return err
	}
	take := l.unknown.Take
	if a.large {
		take = func(_ context.Context, network limitKey) (func(), bool) { return l.unknown.TryTake(network) }
	}
	give, ok := take(ctx, a.tokens[1].key)
	if !ok {
		return firstError(ctx.Err(), tooManyLogins())
	}
	a.give = give
	return nil
}

// check finds out whether the user is known, and returns Throttled if too many logins have failed.
// The caller has locked the limiter.
func (a *loginAttempt) check(now time.Time) error {
	if a.known = a.limiter.known.has(a.pair, now); a.known {
		a.tokens = a.tokens[:2] // all but that of the user
	}
	for _, t := range a.tokens {
		if wait, underWay := t.from.wait(t.key, now); wait > 0 && !underWay {
			return throttled(wait)
		}
	}
	return nil
}

// tryBegin takes all tokens or none. If a login under way holds the wanted one, it returns a
// channel that is closed when one has ended.
func (a *loginAttempt) tryBegin() (wanted token, settled <-chan struct{}, err error) {
	l := a.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.now()
	if err := a.check(now); err != nil {
		return token{}, nil, err
	}
	var blocked *bucket
	for _, t := range a.tokens {
		if wait, _ := t.from.wait(t.key, now); wait > 0 && blocked == nil {
			wanted, blocked = t, t.from.get(t.key, now)
		}
	}
	if blocked == nil {
		for _, t := range a.tokens {
			t.from.hold(t.key, now)
		}
		a.holding = true
		return token{}, nil, nil
	}
	if blocked.waiting >= maxWaiting || a.large {
		return token{}, nil, tooManyLogins()
	}
	blocked.waiting++
	if blocked.settled == nil {
		blocked.settled = make(chan struct{})
	}
	return wanted, blocked.settled, nil
}

// wait waits for a login that holds a token of the same bucket.
func (a *loginAttempt) wait(ctx context.Context, wanted token, settled <-chan struct{}) (err error) {
	select {
	case <-settled:
	case <-ctx.Done():
		err = ctx.Err()
	}
	l := a.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.now()
	wanted.from.get(wanted.key, now).waiting--
	wanted.from.drop(wanted.key, now)
	return err
}

// settle takes the tokens if the login failed, and gives them back otherwise, because only failures
// count. Of several calls the first one counts.
func (a *loginAttempt) settle(failed bool) {
	l := a.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	if !a.holding {
		return
	}
	a.holding = false
	now := l.clock.now()
	for _, t := range a.tokens {
		t.from.settle(t.key, failed, now)
	}
}

// end ends the login, with all that it still has.
func (a *loginAttempt) end() {
	a.settle(false)
	if a.give != nil {
		a.give()
		a.give = nil
	}
}

// failKey counts a failed login by key. Returns Throttled if too many logins from its network have
// failed, and Busy, without waiting, if too many are under way. Otherwise the caller must call done
// when the answer has been delayed.
func (l *loginLimiter) failKey(remote netip.Addr) (done func(), err error) {
	done, ok := l.unknown.TryTake(l.keys.network(remote))
	if !ok {
		return nil, tooManyLogins()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.spend(l.networks, remote); err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// challenge counts a nonce that is asked for.
func (l *loginLimiter) challenge(remote netip.Addr) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.spend(l.challenges, remote)
}

// spend takes a token of a network, or returns Throttled. The caller has locked l.mu.
func (l *loginLimiter) spend(from *buckets, remote netip.Addr) error {
	key, now := l.keys.network(remote), l.clock.now()
	if wait, _ := from.wait(key, now); wait > 0 {
		return throttled(wait)
	}
	from.spend(key, now)
	return nil
}

func throttled(wait time.Duration) *Error {
	e := failed(Throttled, "too many attempts to log in")
	e.RetryAfter = wait
	return e
}

func tooManyLogins() *Error {
	e := failed(Busy, "too many logins at once")
	e.RetryAfter = time.Second
	return e
}
