package hermes_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

const (
	keyTTL = 5 * time.Minute
	grace  = 30 * time.Second
)

// history is a session that was renewed every minute, and the keys that it had, the current one last.
type history struct {
	cred hermes.Credentials
	keys []hermes.Secret
}

func (w *world) history(pings int) history {
	w.Helper()
	h := history{cred: w.login("writer")}
	h.keys = append(h.keys, h.cred.AuthKey)
	for range pings {
		w.clock.sleep(time.Minute)
		h.cred = w.renewed(h.cred)
		h.keys = append(h.keys, h.cred.AuthKey)
	}
	return h
}

// back is the key that was current n pings ago.
func (h history) back(n int) hermes.Secret { return h.keys[len(h.keys)-1-n] }

// showing is the credentials with another key.
func (h history) showing(key hermes.Secret) hermes.Credentials {
	return hermes.Credentials{Session: h.cred.Session, AuthKey: key, Cookie: h.cred.Cookie}
}

// outcome is what API.md's table says of a key: whether it is taken, whether the session is there afterwards.
type outcome struct{ taken, alive bool }

// The table of API.md, section 2: the key that is presented, at any node and at auth/ping.
func TestRotation(t *testing.T) {
	in, out, end := outcome{true, true}, outcome{false, true}, outcome{false, false}
	garbage := func(h history) hermes.Secret { return hermes.NewSecret(strings.Repeat("x", 40)) }
	for _, r := range []struct {
		why          string
		key          func(h history) hermes.Secret
		after        time.Duration // since the last ping
		node, atPing outcome
	}{
		{"the current one", func(h history) hermes.Secret { return h.back(0) }, 0, in, in},
		{"the current one, in its last moment", func(h history) hermes.Secret { return h.back(0) }, keyTTL - time.Microsecond, in, in},
		{"the previous one", func(h history) hermes.Secret { return h.back(1) }, 0, in, in},
		{"the previous one, in the grace's last moment", func(h history) hermes.Secret { return h.back(1) }, grace - time.Microsecond, in, in},
		{"the previous one, after its grace", func(h history) hermes.Secret { return h.back(1) }, grace, out, end},
		{"an older genuine one", func(h history) hermes.Secret { return h.back(2) }, 0, out, end},
		{"the oldest that is told from garbage", func(h history) hermes.Secret { return h.back(8) }, 0, out, end},
		{"one that is older still", func(h history) hermes.Secret { return h.back(9) }, 0, out, out},
		{"the current one, expired", func(h history) hermes.Secret { return h.back(0) }, keyTTL, end, end},
		{"the previous one, when the current one has expired", func(h history) hermes.Secret { return h.back(1) }, keyTTL, end, end},
		{"garbage", garbage, 0, out, out},
		{"garbage, when the current one has expired", garbage, keyTTL, out, out},
		{"nothing", func(history) hermes.Secret { return hermes.Secret{} }, 0, out, out},
		{"a mistyped one", func(h history) hermes.Secret { return hermes.NewSecret(h.back(0).Reveal()[:39] + "_") }, 0, out, out},
		{"the session's own name", func(h history) hermes.Secret { return h.cred.Session }, 0, out, out},
	} {
		for _, ping := range []bool{false, true} {
			want := map[bool]outcome{false: r.node, true: r.atPing}[ping]
			t.Run(fmt.Sprintf("%s, ping %v", r.why, ping), func(t *testing.T) {
				w := newWorld(t)
				h := w.history(10)
				key := r.key(h)
				w.clock.sleep(r.after)
				actor, err := authenticate(w.door(office), ping)(t.Context(), h.showing(key))
				if want.taken {
					w.noError(err)
				} else if refused(t, err, hermes.Unauthorized); actor != (hermes.Actor{}) {
					t.Errorf("refused, and still the actor %v", actor)
				}
				w.wantAlive(h.cred, want.alive)
				if _, err := w.door(office).Authenticate(t.Context(), h.cred); r.after < keyTTL && (err == nil) != want.alive {
					t.Errorf("the current key afterwards: %v", err)
				}
			})
		}
	}
}

// A genuine key of another session is garbage here.
func TestKeyOfAnotherSession(t *testing.T) {
	w := newWorld(t)
	a, b := w.login("writer"), w.login("writer")
	refused(t, only(w.ping(hermes.Credentials{Session: a.Session, AuthKey: b.AuthKey, Cookie: a.Cookie})), hermes.Unauthorized)
	w.wantAlive(a, true)
	w.wantAlive(b, true)
}

func TestPing(t *testing.T) {
	w := newWorld(t)
	h := w.history(0)
	w.clock.sleep(2 * time.Minute)
	first := ok(t, got(w.ping(h.cred)))
	if first.AuthKey == h.cred.AuthKey || first.Cookie.Value != h.cred.Cookie || first.Cookie.MaxAge != keyTTL+time.Minute {
		t.Errorf("got the key %s, the same: %v; the cookie for %v: want a new key and the same cookie for 6 minutes",
			first.AuthKey, first.AuthKey == h.cred.AuthKey, first.Cookie.MaxAge)
	}
	w.clock.sleep(grace - time.Microsecond)
	again := ok(t, got(w.ping(h.cred)))
	if again.AuthKey != first.AuthKey {
		t.Error("a ping whose answer was lost cannot be repeated: it gives another key")
	}
	if want := keyTTL + time.Minute - grace + time.Microsecond; again.Cookie.MaxAge != want {
		t.Errorf("the cookie for %v, want %v: the key did not get younger", again.Cookie.MaxAge, want)
	}
	next := ok(t, got(w.ping(h.showing(first.AuthKey))))
	if next.AuthKey == first.AuthKey || next.AuthKey == h.cred.AuthKey {
		t.Error("the next ping gives an old key")
	}
	refused(t, only(w.enter(h.cred)), hermes.Unauthorized)
}

func TestPingWithoutSession(t *testing.T) {
	w := newWorld(t)
	refused(t, only(w.AuthPing(t.Context(), hermes.AuthPingRequest{})), hermes.Unauthorized)
	refused(t, only(w.level(hermes.LimitedRead).AuthPing(t.Context(), hermes.AuthPingRequest{})), hermes.Unauthorized)
}

func TestPingsAtOnce(t *testing.T) {
	w := newWorld(t)
	cred := w.login("writer")
	for round := range 20 {
		keys := w.pingsAtOnce(cred, 25)
		if len(keys) != 1 {
			t.Fatalf("round %d: 25 pings with one key got %d different ones", round, len(keys))
		}
		for key := range keys {
			cred.AuthKey = key
		}
	}
}

// pingsAtOnce returns the keys that n pings with one key got.
func (w *world) pingsAtOnce(cred hermes.Credentials, n int) map[hermes.Secret]int {
	w.Helper()
	start, keys := make(chan struct{}), make(chan hermes.Secret, n)
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			<-start
			res, err := w.ping(cred)
			if err != nil {
				w.Error(err)
			}
			keys <- res.AuthKey
		})
	}
	close(start)
	all.Wait()
	close(keys)
	count := map[hermes.Secret]int{}
	for key := range keys {
		count[key]++
	}
	return count
}

// Both have shown the key before either has renewed it: the second finds it done.
func TestPingThatCameSecond(t *testing.T) {
	w := newWorld(t)
	cred := w.login("writer")
	a := ok(t, got(w.door(office).AuthenticatePing(t.Context(), cred)))
	b := ok(t, got(w.door(office).AuthenticatePing(t.Context(), cred)))
	first := ok(t, got(w.As(a).AuthPing(t.Context(), hermes.AuthPingRequest{})))
	second := ok(t, got(w.As(b).AuthPing(t.Context(), hermes.AuthPingRequest{})))
	if first.AuthKey != second.AuthKey {
		t.Error("two pings with one key got two")
	}
	cred.AuthKey = first.AuthKey
	w.renewed(cred)
	refused(t, only(w.As(a).AuthPing(t.Context(), hermes.AuthPingRequest{})), hermes.Unauthorized)
}

func TestPingOfAnEndedSession(t *testing.T) {
	w := newWorld(t)
	cred := w.login("writer")
	c := ok(t, got(w.enter(cred)))
	ok(t, got(w.AuthLogout(t.Context(), hermes.AuthLogoutRequest{Session: cred.Session, Cookie: cred.Cookie})))
	refused(t, only(c.AuthPing(t.Context(), hermes.AuthPingRequest{})), hermes.Unauthorized)
}

// A fault is no refusal: the session is there when the database is back.
func TestAuthenticateOverAFailingStore(t *testing.T) {
	w := newWorld(t)
	cred := w.login("writer")
	broken := w.over((&storeCalls{fail: func(int) error { return errDisk }}).over(w.store))
	_, err := broken.As(hermes.Actor{Remote: office}).AuthenticatePing(t.Context(), cred)
	wantDBFail(t, err)
	w.clock.sleep(keyTTL)
	noEnd := &storeCalls{fail: func(n int) error { return map[int]error{2: errDisk}[n] }}
	_, err = w.over(noEnd.over(w.store)).As(hermes.Actor{Remote: office}).AuthenticatePing(t.Context(), cred)
	wantDBFail(t, err)
	w.wantAlive(cred, true)
	if !errors.Is(only(w.ping(cred)), hermes.Unauthorized) {
		t.Error("an expired key was taken")
	}
	w.wantAlive(cred, false)
}
