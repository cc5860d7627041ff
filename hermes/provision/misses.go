package provision

import (
	"container/list"
	"net/netip"
	"sync"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Limits of guessing.
const (
	maxMisses = 20        // of one network in missTime
	missTime  = time.Hour // also how long a network is blocked that had more

	// missTableSize is how many networks are kept: memory must not grow with an attack. Of more, the
	// one goes whose last miss is the longest ago.
	missTableSize = 1 << 13
)

// misses counts the requests of each network that a healthy phone does not make. A network is an
// IPv4 address or the /64 of an IPv6 address; clients whose address is not known count as one.
type misses struct {
	now func() time.Duration // since some start; never goes back

	mu    sync.Mutex
	table map[netip.Prefix]*list.Element
	order *list.List // of *missRecord, that with the latest miss first
}

// missRecord has the misses of one network.
type missRecord struct {
	network      netip.Prefix
	count        int                      // of all misses since it was last blocked
	last         [maxMisses]time.Duration // when the last ones were; the next is at count % maxMisses
	blockedUntil time.Duration
}

// newMisses returns an empty table. read is a clock. Steps back count as no time; with time.Now the
// steps are those of the monotonic clock.
func newMisses(read func() time.Time) *misses {
	return &misses{now: elapsed(read), table: map[netip.Prefix]*list.Element{}, order: list.New()}
}

// elapsed returns a function that adds up the time which passes on a clock. Its calls must not
// overlap.
func elapsed(read func() time.Time) func() time.Duration {
	last := read()
	var sum time.Duration
	return func() time.Duration {
		reading := read()
		sum += max(0, reading.Sub(last))
		last = reading
		return sum
	}
}

// blocked reports whether requests from the network of a are to be refused.
func (m *misses) blocked(a netip.Addr) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	e, ok := m.table[hermes.NetworkOf(a)]
	return ok && now < e.Value.(*missRecord).blockedUntil
}

// add counts a miss of the network of a. If it is one too many, the network is blocked.
func (m *misses) add(a netip.Addr) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now, r := m.now(), m.record(hermes.NetworkOf(a))
	next := r.count % maxMisses
	if r.count >= maxMisses && now-r.last[next] < missTime {
		r.count, r.blockedUntil = 0, now+missTime
		return
	}
	r.last[next] = now
	r.count++
}

// record returns the record of a network, which becomes that with the latest miss. The caller holds
// the mutex.
func (m *misses) record(network netip.Prefix) *missRecord {
	if e, ok := m.table[network]; ok {
		m.order.MoveToFront(e)
		return e.Value.(*missRecord)
	}
	if len(m.table) >= missTableSize {
		oldest := m.order.Back()
		delete(m.table, m.order.Remove(oldest).(*missRecord).network)
	}
	r := &missRecord{network: network}
	m.table[network] = m.order.PushFront(r)
	return r
}
