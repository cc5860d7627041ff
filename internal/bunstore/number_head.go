package bunstore

import (
	"context"
	"sync"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
)

const (
	// lookInterval is how long what a look found is used, and lookShare is how many times as long as
	// the look took it is used at least.
	lookInterval = time.Second
	lookShare    = 10
	// maxHeads is how many parts are remembered.
	maxHeads = 256
)

// heads remembers, for each part of the numbers, between which keys free numbers are, so that a
// statement need not begin at the first entry of the index. In PostgreSQL, the entry of a number
// that was taken stays in the index until no snapshot can see the row and a vacuum has removed it:
// behind 900,000 of them a look for the first free number takes a quarter of a second, and behind
// as many locked rows several seconds.
//
// A take that looks begins at the first entry. One call at a time looks, after each change by this
// process that makes a number free, and from time to time, because other processes make numbers
// free too. All other calls begin at the key that is remembered.
type heads struct {
	now     func() time.Time
	mu      sync.Mutex
	changes int64 // how often this process made numbers free
	all     map[headKey]*head
}

// headKey is what a take asks for.
type headKey struct {
	glob   string
	prefix string // of the part; it may be that of a scope
	random bool
}

// head is what is known about the free numbers of a part.
type head struct {
	ends    numberEnds
	changes int64         // heads.changes before ends was looked for
	until   time.Time     // when to look again
	looking chan struct{} // not nil while a call looks, and closed then
}

// numberEnds are the first and the last of the numbers that may be taken. Last is of use for random
// keys only.
type numberEnds struct {
	First e164.Number `bun:"first"`
	Last  e164.Number `bun:"last"`
}

// search is a call that uses the head of its part. One without heads begins at the first entry
// and remembers nothing.
type search struct {
	heads   *heads
	key     headKey
	began   time.Time
	changes int64
	head    *head
	ends    numberEnds // where to begin; zero for the first entry of the index
	looks   bool
}

// begin begins a search. The caller calls end after it, and before it waits for another
// transaction, which may be waiting here. begin waits for a call that looks if nothing is known
// yet: many that look at once would take many times as long.
func (h *heads) begin(ctx context.Context, key headKey) (*search, error) {
	for {
		s, looking := h.try(key)
		if looking == nil {
			return s, nil
		}
		select {
		case <-looking:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// try begins a search, or returns a channel to wait for.
func (h *heads) try(key headKey) (*search, chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &search{heads: h, key: key, began: h.now(), changes: h.changes}
	s.head = h.all[key]
	if s.head == nil {
		if h.all == nil || len(h.all) >= maxHeads {
			h.all = map[headKey]*head{}
		}
		s.head = &head{}
		h.all[key] = s.head
	}
	// Any number will do for a random search.
	stale := !key.random && s.head.changes != h.changes || !s.began.Before(s.head.until)
	switch {
	case stale && s.head.looking == nil:
		s.looks, s.head.looking = true, make(chan struct{})
	case s.head.ends.First.IsZero():
		return nil, s.head.looking
	default:
		s.ends = s.head.ends
	}
	return s, nil
}

// found remembers the ends, or for a search in order the first number, that the search found.
func (s *search) found(ends numberEnds) {
	if s.heads == nil {
		return
	}
	s.heads.mu.Lock()
	defer s.heads.mu.Unlock()
	known := s.head
	switch now := s.heads.now(); {
	case s.looks:
		known.ends, known.changes = ends, s.changes
		known.until = now.Add(max(lookInterval, lookShare*now.Sub(s.began)))
		s.endLook()
	case known.changes == s.changes && s.ends.First.Compare(known.ends.First) <= 0 && ends.First.Compare(known.ends.First) > 0:
		// It has seen that there is nothing to take before the number, from where it began.
		known.ends = ends
	}
}

// end ends a search. If it should have looked and found nothing, the next one looks. It may be
// called again.
func (s *search) end() {
	if s.heads == nil {
		return
	}
	s.heads.mu.Lock()
	defer s.heads.mu.Unlock()
	if s.looks {
		s.endLook()
	}
}

// endLook lets those go on that wait for a look. The caller has locked the heads.
func (s *search) endLook() {
	s.looks = false
	close(s.head.looking)
	s.head.looking = nil
}

// changed notes that numbers may have become free.
func (h *heads) changed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changes++
}
