package campaign_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

const (
	wholeRange = 100_000
	rangeForm  = "start=%2B4722000000&end=%2B4722099999"
)

// TestAddRange_Kill kills hermesd at different times while it adds a range of 100,000 numbers, and
// once when all that is left to do is the entry in the audit trail. All numbers are there
// afterwards, with an entry, or none is.
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
			after := took * time.Duration(2*i+1) * 5 / time.Duration(8*kills)
			if s.killInRange(t, after.String(), func() { <-time.After(after); s.process.Kill() }) {
				wholes++
			}
			s.start(t)
		}
		if d.pg != nil {
			if s.killInRange(t, "the range", s.killBeforeEntry(t)) {
				wholes++
			}
			s.start(t)
		}
		if n := s.count(t, "hermes.audit WHERE node = 'number/add_range'"); n != wholes {
			t.Errorf("%d entries say that a range was added, want %d", n, wholes)
		}
		t.Logf("of the ranges that were added while hermesd was killed, %d are there", wholes-1)
	})
}

// killBeforeEntry returns a function that kills hermesd when a range has been added, and its entry
// in the audit trail waits for a lock.
func (s *site) killBeforeEntry(t *testing.T) (kill func()) {
	t.Helper()
	release := s.pg.Lock(t, "hermes.audit")
	return func() {
		testserver.WaitFor(t, "the entry to wait", func() bool {
			return s.count(t, `pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
				AND query LIKE '%INSERT INTO%audit%'`) > 0
		})
		s.process.Kill()
		release()
	}
}

// killInRange asks hermesd to add the range, and calls kill. It reports whether the numbers are
// there, and removes them.
func (s *site) killInRange(t *testing.T, after string, kill func()) bool {
	t.Helper()
	answered := make(chan hermesdtest.Answer, 1)
	go func() {
		a, _ := s.process.Post(t.Context(), s.admin, "number/add_range", rangeForm)
		answered <- a
	}()
	kill()
	s.waitForKilled(t)
	n, a := s.count(t, "hermes.numbers"), <-answered
	if n != 0 && n != wholeRange || a.Status == 200 && n == 0 {
		t.Errorf("killed after %s: answered %q, and %d numbers are there, want 0 or %d", after, a.Body, n, wholeRange)
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
