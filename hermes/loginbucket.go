package hermes

import "time"

// rate allows burst failures at once, and then one in each interval.
type rate struct {
	burst    int
	interval time.Duration
}

const (
	tableSize     = 1 << 16     // buckets in a table; memory must not grow with an attack
	sweepInterval = time.Minute // buckets that are full again are dropped as often as this
	evictionTries = 64          // buckets looked at to find one to evict
)

// bucket is a token bucket by the generic cell rate algorithm. A failure takes a token. A login
// under way holds one, which its outcome takes or gives back.
type bucket struct {
	full    time.Time     // when it will be full again, apart from the tokens that are held
	held    int           // by logins under way
	waiting int           // logins that wait until one of these has ended
	settled chan struct{} // closed when one of these has ended; nil if none waits
}

// buckets is a bounded table of buckets. A key without a bucket has a full one. The loginLimiter
// that has the table guards it.
type buckets struct {
	rate  rate
	table map[limitKey]*bucket
	swept time.Time
}

func newBuckets(r rate) *buckets { return &buckets{rate: r, table: map[limitKey]*bucket{}} }

// wait returns how long it takes until there is a token, 0 if there is one. If underWay, the login
// need not wait so long: a login under way holds the token and may give it back.
func (b *buckets) wait(key limitKey, now time.Time) (wait time.Duration, underWay bool) {
	f := b.table[key]
	if f == nil {
		return 0, false
	}
	most := time.Duration(b.rate.burst-1) * b.rate.interval
	failures := max(0, f.full.Sub(now))
	wait = failures + time.Duration(f.held)*b.rate.interval - most
	return max(0, wait), wait > 0 && failures <= most
}

// hold takes a token until settle is called.
func (b *buckets) hold(key limitKey, now time.Time) { b.get(key, now).held++ }

// settle ends a hold. If failed, the token is taken for good.
func (b *buckets) settle(key limitKey, failed bool, now time.Time) {
	f := b.get(key, now)
	f.held--
	if failed {
		b.spend(key, now)
	}
	if f.settled != nil {
		close(f.settled)
		f.settled = nil
	}
	b.drop(key, now)
}

// spend takes a token for good.
func (b *buckets) spend(key limitKey, now time.Time) {
	f := b.get(key, now)
	if f.full.Before(now) {
		f.full = now
	}
	f.full = f.full.Add(b.rate.interval)
}

// get returns the bucket of a key. If it has to make one, it also makes room for it.
func (b *buckets) get(key limitKey, now time.Time) *bucket {
	f := b.table[key]
	if f == nil {
		b.sweep(now)
		if len(b.table) >= tableSize {
			b.evict()
		}
		f = &bucket{full: now}
		b.table[key] = f
	}
	return f
}

// idle reports whether no login under way refers to the bucket.
func (f *bucket) idle() bool { return f.held == 0 && f.waiting == 0 }

// drop removes a bucket that says no more than none would.
func (b *buckets) drop(key limitKey, now time.Time) {
	if f := b.table[key]; f != nil && f.idle() && !f.full.After(now) {
		delete(b.table, key)
	}
}

// sweep drops all buckets that are full again, if it is time to.
func (b *buckets) sweep(now time.Time) {
	if now.Sub(b.swept) < sweepInterval {
		return
	}
	b.swept = now
	for key := range b.table {
		b.drop(key, now)
	}
	if len(b.table) == 0 {
		b.table = map[limitKey]*bucket{} // a map keeps the memory of its most entries
	}
}

// evict drops, of a few buckets, the one that will be full first.
func (b *buckets) evict() {
	var first limitKey
	var found *bucket
	seen := 0
	for key, f := range b.table {
		if f.idle() && (found == nil || f.full.Before(found.full)) {
			first, found = key, f
		}
		if seen++; seen == evictionTries {
			break
		}
	}
	if found != nil {
		delete(b.table, first)
	}
}
