package security_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
	"github.com/hermes-voip/go-hermes/internal/test/hermesdtest"
)

// TestAuthPing_Concurrent sends pings with the same auth_key to two servers on one PostgreSQL at
// the same time. All of them must get the same new auth_key.
func TestAuthPing_Concurrent(t *testing.T) {
	const pings = 25
	d := newDeployment(t, newPostgreSQL(t))
	s := d.mustLoginAsNewUser(t, hermes.LimitedRead)
	old := map[string]bool{s.AuthKey: true}
	for round := range storetest.Rounds(t, 200) {
		answers := d.pingConcurrently(t, s, pings)
		key := answers[0].Text("auth_key")
		for _, a := range answers {
			if a.Class() != "pong" || a.Text("auth_key") != key {
				t.Fatalf("round %d: one ping is answered %s, another %s", round, answers[0].Body, a.Body)
			}
		}
		if old[key] {
			t.Fatalf("round %d: the auth_key is an old one", round)
		}
		old[key] = true
		s.AuthKey = key
	}
	d.MustCall(t, "ok", s, "domain/list", "")
}

// pingConcurrently sends n pings, by turns to each of the servers.
func (d *deployment) pingConcurrently(t *testing.T, s hermesdtest.Session, n int) []hermesdtest.Answer {
	answers := make([]hermesdtest.Answer, n)
	start := make(chan struct{})
	var running sync.WaitGroup
	for i := range answers {
		server := []*server{d.server, d.other}[i%2]
		running.Go(func() {
			<-start
			var err error
			if answers[i], err = server.Post(t.Context(), s, "auth/ping", ""); err != nil {
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
			current.AuthKey = d.MustCall(t, "pong", current, "auth/ping", "").Text("auth_key")
		}
		for name, key := range neverKeys(current, d.admin) {
			s := hermesdtest.Session{ID: current.ID, AuthKey: key, Cookie: current.Cookie}
			d.MustCall(t, "failed/unauthorized", s, "auth/ping", "")
			if a := d.other.Call(t, current, "domain/list", ""); a.Class() != "ok" {
				t.Fatalf("%s at auth/ping ended the session: %s", name, a.Body)
			}
		}
		d.MustCall(t, "failed/unauthorized", first, "domain/list", "")
		d.other.MustCall(t, "ok", current, "domain/list", "")
		otherCookie := hermesdtest.Session{ID: first.ID, AuthKey: first.AuthKey, Cookie: d.admin.Cookie}
		d.MustCall(t, "failed/unauthorized", otherCookie, "auth/ping", "")
		d.other.MustCall(t, "ok", current, "domain/list", "")
		d.MustCall(t, "failed/unauthorized", first, "auth/ping", "")
		d.other.MustCall(t, "failed/unauthorized", current, "domain/list", "")
		d.MustCall(t, "failed/unauthorized", current, "auth/ping", "")
	})
}

// neverKeys returns texts that have never been an auth_key of the session s.
func neverKeys(s, other hermesdtest.Session) map[string]string {
	last := "0"
	if strings.HasSuffix(s.AuthKey, last) {
		last = "1"
	}
	return map[string]string{
		"a text that is not a key":       "x",
		"a key with a typing error":      s.AuthKey[:len(s.AuthKey)-1] + last,
		"a key of another session":       other.AuthKey,
		"the session instead of the key": s.ID,
		"the cookie instead of the key":  s.Cookie,
		"a key that is too long":         s.AuthKey + "0",
	}
}
