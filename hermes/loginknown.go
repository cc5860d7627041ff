package hermes

import (
	"context"
	"sync"
	"time"
)

const (
	knownFor      = 30 * 24 * time.Hour // how long a login makes its user known in its network
	knownStep     = 24 * time.Hour      // a further login in that network is stored at most this often
	maxNetworks   = 64                  // in which a user is known
	learnInterval = time.Second         // the logins in the store are read at most this often
	learnOverlap  = 2 * time.Minute     // how late a stored login may become visible
)

// knownLogins says in which networks users have logged in within knownFor. Logins are stored, so
// that a restart forgets none and all servers over one database know the same ones. Failed logins
// store nothing, and read at most once in learnInterval.
type knownLogins struct {
	reading chan struct{} // held while the store is read

	mu     sync.Mutex // guards what follows
	pairs  *buckets   // a bucket that is not full means known
	read   time.Time  // when the store was last read, by the limiter's clock; zero if never
	learnt time.Time  // the same by the wall clock, which the times of records are of
}

func newKnownLogins() *knownLogins {
	return &knownLogins{reading: make(chan struct{}, 1), pairs: newBuckets(rate{burst: 1, interval: knownFor})}
}

// has reports whether a user is known in a network.
func (k *knownLogins) has(pair limitKey, now time.Time) bool { return k.until(pair).After(now) }

// until returns how long a user is known in a network, or the zero time.
func (k *knownLogins) until(pair limitKey) time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f := k.pairs.table[pair]; f != nil {
		return f.full
	}
	return time.Time{}
}

// add makes a user known in a network for a time.
func (k *knownLogins) add(pair limitKey, now time.Time, left time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if until := now.Add(min(left, knownFor)); until.After(now) {
		k.pairs.get(pair, now).full = until
	}
}

// beginReading reports whether it is time to read the store. The first time, all callers wait for
// the one that reads; later on they go on with what is known already.
func (k *knownLogins) beginReading(ctx context.Context, now time.Time) bool {
	due, first := k.due(now)
	if !due || !k.acquire(ctx, first) {
		return false
	}
	if due, _ = k.due(now); !due { // another caller has just read it
		<-k.reading
	}
	return due
}

func (k *knownLogins) due(now time.Time) (due, first bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	first = k.read.IsZero()
	return first || now.Sub(k.read) >= learnInterval, first
}

// since returns the time after which logins may have been stored that have not been read. A wall
// clock that was set back stored them at earlier times.
func (k *knownLogins) since(wall time.Time) time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.learnt.IsZero():
		return wall.Add(-knownFor)
	case k.learnt.After(wall):
		return wall
	}
	return k.learnt
}

// acquire takes k.reading, and waits for it if it must, until ctx is done.
func (k *knownLogins) acquire(ctx context.Context, wait bool) bool {
	if !wait {
		select {
		case k.reading <- struct{}{}:
			return true
		default:
			return false
		}
	}
	select {
	case k.reading <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// learnLogins reads the logins that were stored since it last did, unless the user is known in the
// actor's network.
func (c *Client) learnLogins(ctx context.Context, user string) error {
	k, now, wall := c.limiter.known, c.clock.now(), c.now()
	if k.has(c.loginPair(user), now) || !k.beginReading(ctx, now) {
		return nil
	}
	defer func() { <-k.reading }()
	since := k.since(wall)
	logins, err := c.store.Logins(ctx, since.Add(knownFor-learnOverlap), tableSize)
	if err != nil {
		return err
	}
	for _, l := range logins {
		k.add(c.limiter.keys.pair(l.Principal.Name, l.Network), now, l.Expires.Sub(wall))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.read, k.learnt = now, wall
	return nil
}

// loginPair returns the key of a user in the actor's network.
func (c *Client) loginPair(user string) limitKey {
	return c.limiter.keys.pair(user, network(c.actor.Remote))
}

// storeLogin stores that p logged in from the actor's network, in the transaction that opens the
// session. Logins by key are not limited by what is known of them, so they are not stored.
func (c *Client) storeLogin(ctx context.Context, s Store, p Principal) error {
	if !c.newLogin(p) {
		return nil
	}
	l := KnownLogin{Principal: p, Network: network(c.actor.Remote), Expires: c.now().Add(knownFor)}
	return s.AddLogin(ctx, l, maxNetworks)
}

// rememberLogin makes p known after storeLogin.
func (c *Client) rememberLogin(p Principal) {
	if c.newLogin(p) {
		c.limiter.known.add(c.loginPair(p.Name), c.clock.now(), knownFor)
	}
}

// newLogin reports whether a login of p from the actor's network has to be stored.
func (c *Client) newLogin(p Principal) bool {
	until := c.limiter.known.until(c.loginPair(p.Name))
	return p.Kind == UserPrincipal && until.Before(c.clock.now().Add(knownFor-knownStep))
}

// KnowsLogin reports whether a user has logged in from the network of the actor's Remote within 30
// days, as far as this Client has learnt from the store. Servers let such logins go before others.
func (c *Client) KnowsLogin(user string) bool {
	return c.limiter.known.has(c.loginPair(user), c.limiter.clock.now())
}
