package storetest

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func testSession(t *testing.T, open openFunc) {
	t.Run("AddSession", func(t *testing.T) { testAddSession(t, open) })
	t.Run("Session", func(t *testing.T) { testSessionState(t, open) })
	t.Run("RotateSession", func(t *testing.T) { testRotateSession(t, open) })
	t.Run("Touch", func(t *testing.T) { testTouch(t, open) })
	t.Run("RemoveSession", func(t *testing.T) { testRemoveSession(t, open) })
	t.Run("RemoveSessions", func(t *testing.T) { testRemoveSessions(t, open) })
	t.Run("TrimSessions", func(t *testing.T) { testTrimSessions(t, open) })
	t.Run("SweepExpired", func(t *testing.T) { testSweepExpired(t, open) })
}

func testAddSession(t *testing.T, open openFunc) {
	t.Run("a session exists once and is returned exactly as it was added", func(t *testing.T) {
		s := open(t).Store
		v := session(1, userPrincipal("ålice"))
		v.Gen = 1 << 40
		wantNoSession(t, s, v.ID)
		mustAddSession(t, s, v)
		wantCause(t, s.AddSession(t.Context(), session(1, userPrincipal("bob"))), hermes.Exists)
		wantSession(t, s, hermes.SessionState{Session: v})
	})
}

func testSessionState(t *testing.T, open openFunc) {
	t.Run("a session comes with its principal's present access and scope, and its key's host and expiry", func(t *testing.T) {
		s := open(t).Store
		user, key := session(1, userPrincipal("k1")), session(2, keyPrincipal("k1"))
		pair := keyPair("k1")
		mustAddSession(t, s, user, key)
		wantSession(t, s, hermes.SessionState{Session: user})
		wantSession(t, s, hermes.SessionState{Session: key})

		mustAuthorize(t, s, user.Principal, hermes.LimitedRead)
		mustAuthorize(t, s, key.Principal, hermes.FullWrite)
		mustAddKey(t, s, pair)
		wantSession(t, s, hermes.SessionState{Session: user, Access: hermes.LimitedRead})
		wantSession(t, s, hermes.SessionState{
			Session: key, Access: hermes.FullWrite, Host: pair.Host, KeyExpires: pair.Expires,
		})

		narrowed := hermes.Scope{Domains: "a.example,b.example", Numbers: "+47", Nodes: "user/*"}
		must(t, s.SetAuthorization(t.Context(), hermes.Authorization{
			Principal: key.Principal, Access: hermes.FullWrite, Scope: narrowed,
		}))
		wantSession(t, s, hermes.SessionState{
			Session: key, Access: hermes.FullWrite, Scope: narrowed, Host: pair.Host, KeyExpires: pair.Expires,
		})
		wantSession(t, s, hermes.SessionState{Session: user, Access: hermes.LimitedRead})

		mustAuthorize(t, s, user.Principal, hermes.FullRead)
		must(t, s.RemoveAuthorization(t.Context(), key.Principal))
		wantSession(t, s, hermes.SessionState{Session: user, Access: hermes.FullRead})
		wantSession(t, s, hermes.SessionState{Session: key, Host: pair.Host, KeyExpires: pair.Expires})

		must(t, s.RemoveKey(t.Context(), "k1"))
		mustAddKey(t, s, bearerKey("k1"))
		wantSession(t, s, hermes.SessionState{Session: key})
	})
}

func testRotateSession(t *testing.T, open openFunc) {
	t.Run("only a session of the given generation changes, and of it what is rotated", func(t *testing.T) {
		s := open(t).Store
		v, other := session(1, userPrincipal("alice")), session(2, userPrincipal("alice"))
		v.Gen = 7
		next := rotated(v)
		wantCause(t, s.RotateSession(t.Context(), next), hermes.NotFound)
		mustAddSession(t, s, v, other)
		for _, gen := range []int64{7, 9, 1} {
			wrong := next
			wrong.Gen = gen
			wantCause(t, s.RotateSession(t.Context(), wrong), hermes.NotFound)
		}
		wantSession(t, s, hermes.SessionState{Session: v})
		changed := next
		changed.Created, changed.LastSeen, changed.Cookie, changed.Salt = at(5), at(6), hash(9), "other"
		must(t, s.RotateSession(t.Context(), changed))
		wantCause(t, s.RotateSession(t.Context(), next), hermes.NotFound)
		wantSession(t, s, hermes.SessionState{Session: next})
		wantSession(t, s, hermes.SessionState{Session: other})
	})
}

func testTouch(t *testing.T, open openFunc) {
	ofUser := func(id int, at time.Time) hermes.Seen {
		return hermes.Seen{Session: hash(id), Principal: userPrincipal("alice"), At: at}
	}
	t.Run("LastSeen only is set, and a missing session is no error and is not made", func(t *testing.T) {
		s := open(t).Store
		v := session(1, userPrincipal("alice"))
		mustAddSession(t, s, v)
		mustTouch(t, s, ofUser(1, at(9)), ofUser(2, at(9)))
		v.LastSeen = at(9)
		wantSession(t, s, hermes.SessionState{Session: v})
		wantNoSession(t, s, hash(2))
	})
	t.Run("an earlier time changes nothing", func(t *testing.T) {
		s := open(t).Store
		v, k := session(1, keyPrincipal("k1")), bearerKey("k1")
		v.LastSeen, k.LastUsed = at(9), at(9)
		mustAddSession(t, s, v)
		mustAddKey(t, s, k)
		mustTouch(t, s, hermes.Seen{Session: v.ID, Principal: v.Principal, At: at(8)})
		wantKeys(t, s, k)
		wantSession(t, s, hermes.SessionState{Session: v, Host: k.Host, KeyExpires: k.Expires})
	})
	t.Run("LastUsed of that key only is set, and a missing key is no error and is not made", func(t *testing.T) {
		s := open(t).Store
		mustAddKey(t, s, bearerKey("k1"), bearerKey("k2"))
		mustTouch(t, s, hermes.Seen{Session: hash(1), Principal: keyPrincipal("k1"), At: at(9)},
			hermes.Seen{Session: hash(2), Principal: keyPrincipal("missing"), At: at(9)},
			hermes.Seen{Session: hash(3), Principal: userPrincipal("k2"), At: at(9)})
		touched := bearerKey("k1")
		touched.LastUsed = at(9)
		wantKeys(t, s, touched, bearerKey("k2"))
	})
	t.Run("outside a transaction it is written soon", func(t *testing.T) {
		s := open(t).Store
		v := session(1, userPrincipal("alice"))
		mustAddSession(t, s, v)
		must(t, s.Touch(t.Context(), []hermes.Seen{ofUser(1, at(9))}))
		v.LastSeen = at(9)
		for end := time.Now().Add(time.Minute); time.Now().Before(end); runtime.Gosched() {
			if got, err := s.Session(t.Context(), v.ID); err != nil || got.Session.LastSeen.Equal(at(9)) {
				break
			}
		}
		wantSession(t, s, hermes.SessionState{Session: v})
	})
}

// touch calls Touch in a transaction, where it has written when it returns.
func touch(ctx context.Context, s hermes.Store, seen ...hermes.Seen) error {
	return s.Tx(ctx, nil, func(tx hermes.Store) error { return tx.Touch(ctx, seen) })
}

func mustTouch(t *testing.T, s hermes.Store, seen ...hermes.Seen) {
	t.Helper()
	must(t, touch(t.Context(), s, seen...))
}

func testRemoveSession(t *testing.T, open openFunc) {
	t.Run("that session is removed and no other, and a missing one is no error", func(t *testing.T) {
		s := open(t).Store
		mustAddSessions(t, s, userPrincipal("alice"), 1, 2)
		must(t, s.RemoveSession(t.Context(), hash(1)))
		must(t, s.RemoveSession(t.Context(), hash(1)))
		wantSessions(t, s, 2)
	})
}

func testRemoveSessions(t *testing.T, open openFunc) {
	t.Run("the kept session and those of other principals stay, of the same name too", func(t *testing.T) {
		s := open(t).Store
		mustAddSessions(t, s, userPrincipal("alice"), 1, 2, 3)
		mustAddSessions(t, s, keyPrincipal("alice"), 4)
		mustAddSessions(t, s, userPrincipal("Alice"), 5)
		must(t, s.RemoveSessions(t.Context(), userPrincipal("alice"), hash(2)))
		wantSessions(t, s, 2, 4, 5)
		must(t, s.RemoveSessions(t.Context(), userPrincipal("alice"), hash(4)))
		wantSessions(t, s, 4, 5)
		must(t, s.RemoveSessions(t.Context(), keyPrincipal("alice"), hermes.Hash{}))
		wantSessions(t, s, 5)
		must(t, s.RemoveSessions(t.Context(), userPrincipal("missing"), hermes.Hash{}))
		wantSessions(t, s, 5)
	})
}

func testTrimSessions(t *testing.T, open openFunc) {
	t.Run("that principal's least recently seen sessions go until n are left, smallest ids first", func(t *testing.T) {
		s := open(t).Store
		p := userPrincipal("alice")
		mustAddSessions(t, s, p, 5, 3, 1, 4, 2)
		mustAddSessions(t, s, userPrincipal("bob"), 0, 6)
		mustAddSessions(t, s, keyPrincipal("alice"), 7)
		must(t, s.TrimSessions(t.Context(), p, 5))
		wantSessions(t, s, 0, 1, 2, 3, 4, 5, 6, 7)
		mustTouch(t, s, hermes.Seen{Session: hash(1), Principal: p, At: at(5)}, hermes.Seen{Session: hash(2), Principal: p, At: at(3)})
		must(t, s.TrimSessions(t.Context(), p, 4))
		wantSessions(t, s, 0, 1, 3, 4, 5, 6, 7)
		must(t, s.TrimSessions(t.Context(), p, 1))
		wantSessions(t, s, 0, 5, 6, 7)
		must(t, s.TrimSessions(t.Context(), p, 0))
		wantSessions(t, s, 0, 6, 7)
	})
}

func testSweepExpired(t *testing.T, open openFunc) {
	t.Run("sessions, nonces, logins and answers whose end is not after now are removed, and counted together", func(t *testing.T) {
		s := open(t).Store
		now := at(30)
		ends := []struct{ expires, keyExpires time.Duration }{ // from now
			{0, 0}, {0, time.Hour}, {time.Hour, 0}, {-time.Hour, -time.Hour},
			{time.Microsecond, time.Microsecond}, {-time.Microsecond, time.Hour},
		}
		for i, end := range ends {
			v := session(i, userPrincipal("alice"))
			v.Expires, v.KeyExpires = now.Add(end.expires), now.Add(end.keyExpires)
			mustAddSession(t, s, v)
		}
		for i, end := range []time.Duration{0, time.Microsecond, -time.Hour} {
			mustAddNonce(t, s, hermes.Nonce{ID: hash(i), Expires: now.Add(end)})
			must(t, s.SetAnswer(t.Context(), hermes.KeptAnswer{Key: answer("alice", "user/add", string(rune('a'+i)), 0).Key, Expires: now.Add(end)}))
			must(t, s.AddLogin(t.Context(), hermes.KnownLogin{Principal: userPrincipal("alice"), Network: string(rune('a' + i)), Expires: now.Add(end)}, 9))
		}
		swept, err := s.SweepExpired(t.Context(), now)
		wantEqual(t, swept, err, 11)
		wantSessions(t, s, 4)
		wantAnswers(t, s, answer("alice", "user/add", "b", 0).Key)
		wantLogins(t, s, hermes.KnownLogin{Principal: userPrincipal("alice"), Network: "b", Expires: now.Add(time.Microsecond)})
		swept, err = s.SweepExpired(t.Context(), now)
		wantEqual(t, swept, err, 0)
		mustAddNonce(t, s, nonce(0), nonce(2))
		wantCause(t, s.AddNonce(t.Context(), nonce(1)), hermes.Exists)
	})
}

func session(n int, p hermes.Principal) hermes.Session {
	return hermes.Session{
		ID: hash(n), Principal: p, Cookie: hash(n + 100), Salt: binaryText, Gen: 0,
		Created: at(0), Rotated: at(1), KeyExpires: at(40), Expires: at(50), LastSeen: at(2),
	}
}

// rotated returns v with its next auth_key.
func rotated(v hermes.Session) hermes.Session {
	v.Gen, v.Rotated, v.KeyExpires, v.Confirmed = v.Gen+1, at(3), at(4), at(3)
	return v
}

func mustAddSession(t *testing.T, s hermes.Store, sessions ...hermes.Session) {
	t.Helper()
	for _, v := range sessions {
		must(t, s.AddSession(t.Context(), v))
	}
}

// mustAddSessions adds a session for each n, last seen in the order of n.
func mustAddSessions(t *testing.T, s hermes.Store, p hermes.Principal, ns ...int) {
	t.Helper()
	for _, n := range ns {
		v := session(n, p)
		v.LastSeen = at(n)
		mustAddSession(t, s, v)
	}
}

// wantSession checks the session with want.Session.ID.
func wantSession(t *testing.T, s hermes.Store, want hermes.SessionState) {
	t.Helper()
	got, err := s.Session(t.Context(), want.Session.ID)
	wantEqual(t, got, err, want)
}

func wantNoSession(t *testing.T, s hermes.Store, id hermes.Hash) {
	t.Helper()
	got, err := s.Session(t.Context(), id)
	wantNone(t, got, err)
}

// wantSessions checks that of the sessions 0 to 19 exactly these exist.
func wantSessions(t *testing.T, s hermes.Store, want ...int) {
	t.Helper()
	var existing []int
	for n := range 20 {
		_, err := s.Session(t.Context(), hash(n))
		if err == hermes.NotFound {
			continue
		}
		must(t, err)
		existing = append(existing, n)
	}
	wantList(t, existing, nil, want)
}
