package security_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

// TestAuthPing_Concurrent sends pings with the same auth_key to two servers on one PostgreSQL at
// the same time. All of them must get the same new auth_key.
func TestAuthPing_Concurrent(t *testing.T) {
	const rounds, pings = 200, 25
	d := newDeployment(t, newPostgreSQL(t))
	s := d.mustLoginAsNewUser(t, hermes.LimitedRead)
	old := map[string]bool{s.authKey: true}
	for round := range rounds {
		answers := d.pingConcurrently(t, s, pings)
		key := answers[0].text("auth_key")
		for _, a := range answers {
			if a.class() != "pong" || a.text("auth_key") != key {
				t.Fatalf("round %d: one ping is answered %s, another %s", round, answers[0].body, a.body)
			}
		}
		if old[key] {
			t.Fatalf("round %d: the auth_key is an old one", round)
		}
		old[key] = true
		s.authKey = key
	}
	d.mustCall(t, "ok", s, "domain/list", "")
}

// pingConcurrently sends n pings, by turns to each of the servers.
func (d *deployment) pingConcurrently(t *testing.T, s session, n int) []answer {
	answers := make([]answer, n)
	start := make(chan struct{})
	var running sync.WaitGroup
	for i := range answers {
		server := []*server{d.server, d.other}[i%2]
		running.Go(func() {
			<-start
			var err error
			if answers[i], err = server.post(t.Context(), s, "auth/ping", ""); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	running.Wait()
	return answers
}

// TestAuthPing_OldKey tests that an old auth_key at auth/ping, which only a copy of it can be, ends
// the session at every server. A text that has never been an auth_key of the session does not end
// it, and an old auth_key at another node does not either.
func TestAuthPing_OldKey(t *testing.T) {
	eachDatabase(t, func(t *testing.T, db database) {
		d := newDeployment(t, db)
		first := d.mustLoginAsNewUser(t, hermes.LimitedRead)
		current := first
		for range 3 {
			current.authKey = d.mustCall(t, "pong", current, "auth/ping", "").text("auth_key")
		}
		for name, key := range neverKeys(current, d.admin) {
			s := session{id: current.id, authKey: key, cookie: current.cookie}
			d.mustCall(t, "failed/unauthorized", s, "auth/ping", "")
			if a := d.other.call(t, current, "domain/list", ""); a.class() != "ok" {
				t.Fatalf("%s at auth/ping ended the session: %s", name, a.body)
			}
		}
		d.mustCall(t, "failed/unauthorized", first, "domain/list", "")
		d.other.mustCall(t, "ok", current, "domain/list", "")
		otherCookie := session{id: first.id, authKey: first.authKey, cookie: d.admin.cookie}
		d.mustCall(t, "failed/unauthorized", otherCookie, "auth/ping", "")
		d.other.mustCall(t, "ok", current, "domain/list", "")
		d.mustCall(t, "failed/unauthorized", first, "auth/ping", "")
		d.other.mustCall(t, "failed/unauthorized", current, "domain/list", "")
		d.mustCall(t, "failed/unauthorized", current, "auth/ping", "")
	})
}

// neverKeys returns texts that have never been an auth_key of the session s.
func neverKeys(s, other session) map[string]string {
	last := "0"
	if strings.HasSuffix(s.authKey, last) {
		last = "1"
	}
	return map[string]string{
		"a text that is not a key":       "x",
		"a key with a typing error":      s.authKey[:len(s.authKey)-1] + last,
		"a key of another session":       other.authKey,
		"the session instead of the key": s.id,
		"the cookie instead of the key":  s.cookie,
		"a key that is too long":         s.authKey + "0",
	}
}
