package security_test

import (
	"strings"
	"sync"
	"testing"
)

// Two hermesd on one PostgreSQL get pings with the same key at once.
func TestPingsAtOnce(t *testing.T) {
	const rounds, pings = 200, 25
	w := newWorld(t, newPostgreSQL(t))
	c := w.userSession(levels[0])
	old := map[string]bool{c.authKey: true}
	for round := range rounds {
		answers := w.pingsAtOnce(c, pings)
		key := answers[0].text("auth_key")
		for _, a := range answers {
			if a.is() != "pong" || a.text("auth_key") != key {
				t.Fatalf("round %d: one ping is answered %s, another %s", round, answers[0].body, a.body)
			}
		}
		if old[key] {
			t.Fatalf("round %d: the key is one that was there before", round)
		}
		old[key] = true
		c.authKey = key
	}
	w.wants("ok", c, "domain/list", "")
}

// pingsAtOnce asks both, by turns.
func (w *world) pingsAtOnce(c caller, n int) []answer {
	answers := make([]answer, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range answers {
		s := []*site{w.site, w.other}[i%2]
		all.Go(func() {
			<-start
			var err error
			if answers[i], err = s.try(c, "auth/ping", ""); err != nil {
				w.Error(err)
			}
		})
	}
	close(start)
	all.Wait()
	return answers
}

// A copy of an old key ends the session in every hermesd; what was never a key does not, and neither does
// an old key at any other node.
func TestOldKeysAtPing(t *testing.T) {
	garbage := func(c, other caller) map[string]string {
		return map[string]string{
			"no key at all":           "x",
			"a key with a typo":       c.authKey[:len(c.authKey)-1] + map[bool]string{true: "0", false: "1"}[strings.HasSuffix(c.authKey, "1")],
			"a key of another":        other.authKey,
			"a session for a key":     c.session,
			"a cookie for a key":      c.cookie,
			"a key of another length": c.authKey + "0",
		}
	}
	onEach(t, func(t *testing.T, db database) {
		w := newWorld(t, db)
		first := w.userSession(levels[0])
		now := first
		for range 3 {
			now.authKey = w.wants("pong", now, "auth/ping", "").text("auth_key")
		}
		for why, key := range garbage(now, w.admin) {
			shown := caller{now.session, key, now.cookie}
			w.wants("failed/unauthorized", shown, "auth/ping", "")
			if a := w.other.ask(now, "domain/list", ""); a.is() != "ok" {
				t.Fatalf("%s at auth/ping ended the session: %s", why, a.body)
			}
		}
		w.wants("failed/unauthorized", first, "domain/list", "")
		w.other.wants("ok", now, "domain/list", "")
		w.wants("failed/unauthorized", caller{first.session, first.authKey, w.admin.cookie}, "auth/ping", "")
		w.other.wants("ok", now, "domain/list", "")
		w.wants("failed/unauthorized", first, "auth/ping", "")
		w.other.wants("failed/unauthorized", now, "domain/list", "")
		w.wants("failed/unauthorized", now, "auth/ping", "")
	})
}
