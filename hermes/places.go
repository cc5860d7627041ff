package hermes

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// PlaceLimits configure [Places].
type PlaceLimits struct {
	Total int           // the number of places
	Share int           // how many of them one key may have; 0 means all
	Queue int           // how many callers may wait for a place; 0 means that none waits
	Wait  time.Duration // how long a caller waits at most
}

// Places is a bounded number of places, of which each key may have a bounded share, so that one
// client cannot keep the others out. A Client has some for scans, and servers of the API for
// requests and connections. It is safe for concurrent use.
type Places[K comparable] struct {
	limits PlaceLimits

	mu      sync.Mutex
	taken   int
	byKey   map[K]int
	waiting []*placeWaiter[K] // in the order in which they came
}

// placeWaiter is a caller that waits. granted is closed when it has a place.
type placeWaiter[K comparable] struct {
	key     K
	granted chan struct{}
}

// NewPlaces returns places that are all free.
func NewPlaces[K comparable](l PlaceLimits) *Places[K] {
	return &Places[K]{limits: l, byKey: map[K]int{}}
}

// Take takes a place for key and returns the function that gives it back, which must be called
// once. The zero key has no share: for it only the total counts. If there is no place, or the share
// of key is used up, Take waits as the limits allow, and until ctx ends; then it returns false.
// Callers get places in the order in which they came, except that one whose share is used up is
// passed over.
func (p *Places[K]) Take(ctx context.Context, key K) (give func(), ok bool) {
	if give, ok := p.TryTake(key); ok {
		return give, true
	}
	p.mu.Lock()
	if len(p.waiting) >= p.limits.Queue {
		p.mu.Unlock()
		return nil, false
	}
	w := &placeWaiter[K]{key: key, granted: make(chan struct{})}
	p.waiting = append(p.waiting, w)
	p.mu.Unlock()
	timeout := time.NewTimer(p.limits.Wait)
	defer timeout.Stop()
	select {
	case <-w.granted:
		return func() { p.give(key) }, true
	case <-timeout.C:
	case <-ctx.Done():
	}
	if p.leave(w) {
		return nil, false
	}
	return func() { p.give(key) }, true
}

// TryTake is Take for a caller that does not wait.
func (p *Places[K]) TryTake(key K) (give func(), ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.free(key) {
		return nil, false
	}
	p.add(key)
	return func() { p.give(key) }, true
}

// free reports whether there is a place for key. The caller holds the mutex.
func (p *Places[K]) free(key K) bool {
	var shared K
	return p.taken < p.limits.Total && (key == shared || p.limits.Share == 0 || p.byKey[key] < p.limits.Share)
}

// add takes a place. The caller holds the mutex.
func (p *Places[K]) add(key K) {
	p.taken++
	p.byKey[key]++
}

// give gives a place back, and grants it to the first caller that may have it.
func (p *Places[K]) give(key K) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.byKey[key]--; p.byKey[key] == 0 {
		delete(p.byKey, key)
	}
	for i, w := range p.waiting {
		if p.free(w.key) {
			p.waiting = slices.Delete(p.waiting, i, i+1)
			p.add(w.key)
			close(w.granted)
			return
		}
	}
}

// leave ends the waiting of w. It returns false if w has been granted a place.
func (p *Places[K]) leave(w *placeWaiter[K]) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.waiting, w)
	if i < 0 {
		return false
	}
	p.waiting = slices.Delete(p.waiting, i, i+1)
	return true
}

// NetworkOf returns what counts as one client: an IPv4 address, or the /64 of an IPv6 address, of
// which a single host can use all addresses. It returns the zero Prefix for the zero Addr.
func NetworkOf(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits)
	return p
}
