package campaign_test

import (
	"crypto/md5"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
)

// site is a hermesd with its database, and its clients.
type site struct {
	*database
	settings []string
	process  *hermesdtest.Process
	admin    hermesdtest.Session
	writers  []*writer
	takers   []*taker
}

// newSite starts hermesd over a new database, for a number of writers.
func newSite(t *testing.T, d *database, writers int, settings ...string) *site {
	t.Helper()
	s := &site{database: d, settings: append(append([]string{
		"PATH=" + os.Getenv("PATH"), "HERMES_SECRET_KEY=" + strings.Repeat("k", 43), "HERMES_DOMAIN=" + domainNames(),
		"HERMES_NUMBER_CHECK=shape", "HERMES_NUMBER_QUARANTINE=1h", "HERMES_SESSION_TTL=12h", "HERMES_AUTH_KEY_TTL=12h",
	}, d.env...), settings...)}
	hermesdtest.MustRun(t, s.settings, "", "migrate", "--kamailio-tables")
	hermesdtest.MustRun(t, s.settings, adminPassword, "bootstrap", "--user", "admin", "--password-stdin")
	s.start(t)
	s.admin = mustLoginAsAdmin(t, s.process.Endpoint)
	lifeTime := len(life(0, 0))
	for w := range writers {
		one := &writer{hermesd: &side{Endpoint: s.process.Endpoint, writer: w}}
		one.hermesd.mustEnter(t)
		one.model, one.client, one.store = newModel(t, w)
		// The writers begin at different places of the life.
		one.calls, one.lives = life(w, 0)[w*lifeTime/writers:], 1
		s.writers = append(s.writers, one)
	}
	return s
}

// start starts hermesd, which must not run.
func (s *site) start(t *testing.T) {
	t.Helper()
	s.process = hermesdtest.Start(t, s.settings)
	s.process.HTTP = clientOf(maxWriters + takers)
	for _, w := range s.writers {
		w.hermesd.Endpoint = s.process.Endpoint
	}
	for _, u := range s.takers {
		u.Endpoint = s.process.Endpoint
	}
}

// underLoad has all clients work, and calls fault when they have been answered some tens of times.
// They go on until their calls are lost or done returns true. It returns when all have stopped.
func (s *site) underLoad(t *testing.T, fault func(), done func() bool) {
	t.Helper()
	for _, w := range s.writers {
		w.addToolUser(t, s.database)
	}
	var clients sync.WaitGroup
	var answers atomic.Int64
	enough := make(chan struct{})
	stop := sync.OnceFunc(func() { close(enough) })
	limit := int64(20 + rand.IntN(150))
	answered := func() {
		if answers.Add(1) == limit {
			stop()
		}
	}
	for _, w := range s.writers {
		clients.Go(func() {
			defer stop()
			for !done() && !t.Failed() && w.next(t) {
				answered()
			}
		})
	}
	for _, u := range s.takers {
		clients.Go(func() {
			for !done() && !t.Failed() {
				if !u.use(t, answered) && s.isDead() {
					return
				}
			}
		})
	}
	<-enough
	fault()
	clients.Wait()
}

// isDead reports whether hermesd has ended.
func (s *site) isDead() bool {
	select {
	case <-s.process.Ended():
		return true
	default:
		return false
	}
}

// settle compares what is there with what was answered.
func (s *site) settle(t *testing.T) {
	t.Helper()
	for _, w := range s.writers {
		w.settle(t)
	}
	s.mustBeConsistent(t)
	s.mustHavePasswords(t)
}

// mustHavePasswords checks that the hashes that Kamailio uses are those of the passwords that
// hermesd answers.
func (s *site) mustHavePasswords(t *testing.T) {
	t.Helper()
	for _, row := range s.query(t, "SELECT username, domain, ha1, ha1b FROM subscriber WHERE ha1 <> 'x'") {
		address := row[0] + "@" + row[1]
		user, _ := s.process.MustCall(t, "ok", s.admin, "user/get", "user="+address).Members["user"].(map[string]any)
		fits := row[2] == hash(row[0], row[1], user["password"]) && row[3] == hash(address, row[1], user["password"])
		if suspended := user["suspended"] == true; fits == suspended {
			t.Errorf("%s: the hashes fit the password %v: %v, and the user is suspended: %v", address, user["password"], fits, suspended)
		}
	}
}

func hash(name, realm string, password any) string {
	return fmt.Sprintf("%x", md5.Sum(fmt.Appendf(nil, "%s:%s:%v", name, realm, password)))
}

// end checks the whole trail and the numbers, and reports what the campaign has seen.
func (s *site) end(t *testing.T) {
	t.Helper()
	s.process.MustCall(t, "ok", s.admin, "audit/verify", "")
	if len(s.takers) != 0 {
		s.takers[0].ledger.settle(t, s.process.Endpoint, s.admin)
	}
	var answers, refused, done, undone, lives int
	for _, w := range s.writers {
		answers += w.answers
		refused += w.refused
		done += w.lostDone
		undone += w.lostUndone
		lives += w.lives
	}
	t.Logf("%d calls of writers were answered in %d lives, %d refused by the database, and of those without an answer %d were carried out and %d not",
		answers, lives, refused, done, undone)
}
