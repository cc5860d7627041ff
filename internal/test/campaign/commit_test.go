package campaign_test

import (
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// breaker makes a proxy do something about the next COMMIT.
type breaker struct {
	mu     sync.Mutex
	action pgtest.Action
	away   bool // the database is not there any more after that COMMIT
	gone   bool
}

// decide implements the function of a [pgtest.Proxy].
func (b *breaker) decide(statement []byte) pgtest.Action {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return pgtest.CutBefore
	}
	if b.action == pgtest.Forward || !pgtest.IsCommit(statement) {
		return pgtest.Forward
	}
	action := b.action
	b.action, b.gone = pgtest.Forward, b.away
	return action
}

func (b *breaker) arm(action pgtest.Action, away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.action, b.away = action, away
}

// disarm reports whether there was a COMMIT since arm. The database is there again.
func (b *breaker) disarm() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	hit := b.action == pgtest.Forward
	b.action, b.away, b.gone = pgtest.Forward, false, false
	return hit
}

// commitFaults are what happens to COMMIT, in this order.
var commitFaults = []pgtest.Action{
	pgtest.CutAfter, pgtest.CutBefore, pgtest.CutInside, pgtest.CutSilent, pgtest.Delay, pgtest.CutAfter, pgtest.Terminate,
}

// TestLostCommit loses the answers to COMMIT, or COMMIT itself. A change that is answered with
// dbfail was not done, and one that is answered otherwise was. Where PostgreSQL cannot be asked any
// more, the answer says that the outcome is unknown.
func TestLostCommit(t *testing.T) {
	t.Parallel()
	rounds := storetest.Rounds(t, 14)
	var b breaker
	pg := pgtest.New(t, pgtest.Options{NoFsync: true})
	proxy := pgtest.NewProxy(t, pg, b.decide)
	d := newPostgreSQL(t, pg)
	d.env = []string{"HERMES_DATA=" + t.TempDir(), "HERMES_DB=" + proxy.URL()}
	s := newSite(t, d, 1)
	w := s.writers[0]
	unknown := 0
	for hits := 0; hits < rounds && !t.Failed(); {
		action, away := commitFaults[hits%len(commitFaults)], false
		switch hits % 50 {
		case 5: // this and the next wait for some seconds until hermesd asks no more
			action, away = pgtest.CutAfter, true
		case 30:
			action, away = pgtest.CutBefore, true
		case 12:
			action = pgtest.DropAnswer
		}
		if len(w.calls) == 0 {
			w.addToolUser(t, d)
		}
		b.arm(action, away)
		w.next(t)
		if !b.disarm() {
			continue
		}
		hits++
		if (w.lost != nil) != away {
			t.Errorf("fault %d, and the database is not there: %v; it is not known whether %v was carried out", action, away, w.lost)
		}
		if w.lost != nil {
			unknown++
		}
		w.settle(t)
	}
	s.settle(t)
	s.end(t)
	t.Logf("%d answers to COMMIT were lost; of %d it could not be known whether they were committed", rounds, unknown)
}
