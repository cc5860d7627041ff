package hermes

import (
	"sync"
	"time"
)

// Sampler lets a bounded number of events through in each second, and counts the others. It is safe
// for concurrent use.
type Sampler struct {
	most   int
	report func(leftOut int)

	mu      sync.Mutex
	begun   time.Time // of the present second
	events  int       // in that second
	leftOut int       // since the last report
}

// NewSampler returns a Sampler that lets most events a second through. It calls report, in a
// goroutine of its own, with the number of events that were left out, at most once a second.
func NewSampler(most int, report func(leftOut int)) *Sampler {
	return &Sampler{most: most, report: report}
}

// Allow counts an event, and reports whether it is let through.
func (s *Sampler) Allow() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.begun) >= time.Second {
		s.begun, s.events = now, 0
	}
	if s.events < s.most {
		s.events++
		return true
	}
	if s.leftOut++; s.leftOut == 1 {
		time.AfterFunc(time.Second, s.end)
	}
	return false
}

// end reports what was left out.
func (s *Sampler) end() {
	s.mu.Lock()
	n := s.leftOut
	s.leftOut = 0
	s.mu.Unlock()
	s.report(n)
}
