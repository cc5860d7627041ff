package campaign_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// TestKill kills hermesd, again and again, under a load that uses each node that changes anything.
// What was answered as done is there afterwards, what was refused is not, and what had no answer is
// there wholly or not at all.
func TestKill(t *testing.T) {
	kills := storetest.Rounds(t, 4)
	onEachDatabase(t, func(t *testing.T, d *database) {
		s := newSite(t, d, maxWriters)
		s.takers = mustEnterTakers(t, s.process.Endpoint, s.admin)
		for range kills {
			s.underLoad(t, s.process.Kill, s.isDead)
			d.waitForKilled(t)
			s.start(t)
			s.settle(t)
			for _, w := range s.writers {
				if w.refused != 0 {
					t.Fatalf("%d calls were refused by a database that was there", w.refused)
				}
			}
		}
		s.end(t)
	})
}

// TestRestart restarts PostgreSQL at once, again and again, under the load of TestKill, while
// hermesd lives on, and then once without load, when the connections of hermesd are idle. A second
// after PostgreSQL is back, each request is answered.
func TestRestart(t *testing.T) {
	t.Parallel()
	restarts := storetest.Rounds(t, 3)
	cluster := pgtest.NewCluster(t, pgtest.ClusterOptions{})
	s := newSite(t, newPostgreSQL(t, cluster.New(t, pgtest.Options{})), maxWriters)
	s.takers = mustEnterTakers(t, s.process.Endpoint, s.admin)
	restart := func() {
		cluster.Restart(t, pgtest.Immediate)
		<-time.After(time.Second) // what the promise allows, not a wait for something
		s.mustAnswer(t)
	}
	for range restarts {
		var back atomic.Bool
		s.underLoad(t, func() {
			restart()
			back.Store(true)
		}, back.Load)
		s.settle(t)
	}
	restart()
	s.end(t)
}

// mustAnswer makes more requests at once than hermesd has connections, half of which change
// something, and checks that each is answered ok.
func (s *site) mustAnswer(t *testing.T) {
	t.Helper()
	const requests = 48
	e := hermesdtest.Endpoint{URL: s.process.URL, HTTP: clientOf(requests)}
	var all sync.WaitGroup
	for i := range requests {
		all.Go(func() {
			node, form := "user/list", "search="+takerDomain
			if i%2 == 0 {
				node, form = "user/change_pw", "user="+s.takers[i%takers].name
			}
			a, err := e.Post(t.Context(), s.admin, node, form)
			if err != nil || a.Class() != "ok" {
				t.Errorf("%s, a second after PostgreSQL is back: %s, %v", node, a.Body, err)
			}
		})
	}
	all.Wait()
	e.HTTP.CloseIdleConnections() // hermesd takes so many from one network
}
