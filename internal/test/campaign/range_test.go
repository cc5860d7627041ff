package campaign_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
)

const (
	wholeRange = 100_000
	rangeForm  = "start=%2B4722000000&end=%2B4722099999"
)

// TestAddRange_Kill kills hermesd at different times while it adds a range of 100,000 numbers. All
// of them are there afterwards, with an entry in the audit trail, or none is.
func TestAddRange_Kill(t *testing.T) {
	kills := storetest.Rounds(t, 4)
	onEachDatabase(t, func(t *testing.T, d *database) {
		s := newSite(t, d, 0)
		start := time.Now()
		s.process.MustCall(t, "ok", s.admin, "number/add_range", rangeForm)
		took := time.Since(start)
		d.exec(t, "DELETE FROM hermes.numbers")
		wholes := 1
		for i := range kills {
			if s.killInRange(t, took*time.Duration(2*i+1)*5/time.Duration(8*kills)) {
				wholes++
			}
			s.start(t)
		}
		if n := s.count(t, "hermes.audit WHERE node = 'number/add_range'"); n != wholes {
			t.Errorf("%d entries say that a range was added, want %d", n, wholes)
		}
		t.Logf("of %d ranges that were added while hermesd was killed, %d are there", kills, wholes-1)
	})
}

// killInRange kills hermesd some time after it was asked to add the range. It reports whether the
// numbers are there, and removes them.
func (s *site) killInRange(t *testing.T, after time.Duration) bool {
	t.Helper()
	answered := make(chan hermesdtest.Answer, 1)
	go func() {
		a, _ := s.process.Post(t.Context(), s.admin, "number/add_range", rangeForm)
		answered <- a
	}()
	<-time.After(after)
	s.process.Kill()
	s.waitForKilled(t)
	n, a := s.count(t, "hermes.numbers"), <-answered
	if n != 0 && n != wholeRange || a.Status == 200 && n == 0 {
		t.Errorf("killed after %v: answered %q, and %d numbers are there, want 0 or %d", after, a.Body, n, wholeRange)
	}
	s.exec(t, "DELETE FROM hermes.numbers")
	return n != 0
}

// count returns how many rows there are.
func (d *database) count(t *testing.T, from string) int {
	t.Helper()
	n, err := strconv.Atoi(d.query(t, "SELECT count(*) FROM "+from)[0][0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
