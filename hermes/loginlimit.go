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

// loginLimiter limits what failed logins may cost. Logins under way hold the tokens that they would
// take if they failed, so that never more logins are verified at once than may fail. Further ones
// wait until one of them has ended, and are refused only if too many have failed.
type loginLimiter struct {
	clock *clock
	keys  limitKeys
	known *knownLogins
	slots *hashSlots

	mu                                 sync.Mutex // guards what follows
	pairs, networks, users, challenges *buckets
	unknown, maxUnknown                int // logins under way; see [Options.MaxUnknownLogins]
}

// newLoginLimiter returns a limiter that derives the keys of its tables from secret.
func newLoginLimiter(clock *clock, secret []byte, opts *Options) *loginLimiter {
	return &loginLimiter{
		clock: clock, keys: newLimitKeys(secret), known: newKnownLogins(), slots: newHashSlots(opts.MaxHashing),
		pairs: newBuckets(pairRate), networks: newBuckets(networkRate), users: newBuckets(userRate),
		challenges: newBuckets(challengeRate), maxUnknown: opts.MaxUnknownLogins,
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
	counted bool    // among the unknown ones
	tokens  []token // one of each limit that applies
	holding bool    // the tokens
}

// begin lets a login by password begin, if need be after others have ended. Returns Throttled if
// too many have failed, and Busy if too many are under way or wait. The caller must call end.
func (l *loginLimiter) begin(ctx context.Context, name string, remote netip.Addr) (*loginAttempt, error) {
	a := &loginAttempt{limiter: l, pair: l.keys.pair(name, network(remote))}
	a.tokens = []token{{l.pairs, a.pair}, {l.networks, l.keys.network(remote)}, {l.users, l.keys.user(name)}}
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

// tryBegin takes all tokens or none. If a login under way holds the wanted one, it returns a
// channel that is closed when one has ended.
func (a *loginAttempt) tryBegin() (wanted token, settled <-chan struct{}, err error) {
	l := a.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.now()
	if a.known = l.known.has(a.pair, now); a.known {
		a.tokens = a.tokens[:2] // all but that of the user
	}
	var blocked *bucket
	for _, t := range a.tokens {
		wait, underWay := t.from.wait(t.key, now)
		if wait > 0 && !underWay {
			return token{}, nil, throttled(wait)
		}
		if wait > 0 && blocked == nil {
			wanted, blocked = t, t.from.get(t.key, now)
		}
	}
	if !a.known && !a.counted {
		if err := l.addUnknown(); err != nil {
			return token{}, nil, err
		}
		a.counted = true
	}
	if blocked == nil {
		for _, t := range a.tokens {
			t.from.hold(t.key, now)
		}
		a.holding = true
		return token{}, nil, nil
	}
	if blocked.waiting >= maxWaiting {
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
	if a.counted {
		a.counted = false
		a.limiter.removeUnknown()
	}
}

// addUnknown counts a login of a user who is not known. The answers of failed logins are delayed,
// and a server answers a limited number of requests at once; without this limit, such logins could
// take all of them. The caller has locked l.mu.
func (l *loginLimiter) addUnknown() error {
	if l.unknown >= l.maxUnknown {
		return tooManyLogins()
	}
	l.unknown++
	return nil
}

func (l *loginLimiter) removeUnknown() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unknown--
}

// failKey counts a failed login by key. Returns Throttled if too many logins from its network have
// failed, and Busy if too many are under way. Otherwise the caller must call done when the answer
// has been delayed.
func (l *loginLimiter) failKey(remote netip.Addr) (done func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.addUnknown(); err != nil {
		return nil, err
	}
	if err := l.spend(l.networks, remote); err != nil {
		l.unknown--
		return nil, err
	}
	return l.removeUnknown, nil
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
