package storetest

import (
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

func sessionCases() []testCase {
	return []testCase{
		{"round_trip", "sessions survive bit by bit, each once", func(k *kit) {
			s := session(1, backendUser("ålice"))
			s.Gen = 1 << 40
			refused(k, got(k.Session(k.ctx, s.ID)), hermes.NotFound)
			k.ok(k.AddSession(k.ctx, s))
			k.is(k.AddSession(k.ctx, session(1, backendUser("bob"))), hermes.Exists)
			equal(k, got(k.Session(k.ctx, s.ID)), hermes.SessionState{Session: s})
		}},
		{"state", "a session comes with what its principal may do now, and what its key says", sessionState},
		{"rotate", "RotateSession changes a session whose generation is the one told, and nothing of any other", rotateSession},
		{"touch", "TouchSession sets LastSeen only; a session that is gone is no error and does not come back", func(k *kit) {
			s := session(1, backendUser("alice"))
			k.ok(k.AddSession(k.ctx, s), k.TouchSession(k.ctx, s.ID, at(9)), k.TouchSession(k.ctx, hash(2), at(9)))
			s.LastSeen = at(9)
			equal(k, got(k.Session(k.ctx, s.ID)), hermes.SessionState{Session: s})
			refused(k, got(k.Session(k.ctx, hash(2))), hermes.NotFound)
		}},
		{"remove", "RemoveSession removes one; a session that is gone is no error", func(k *kit) {
			k.addSessions(backendUser("alice"), 1, 2)
			k.ok(k.RemoveSession(k.ctx, hash(1)), k.RemoveSession(k.ctx, hash(1)))
			k.sessions(2)
		}},
		{"remove_all", "RemoveSessions spares the one named and other principals, also of the same name", func(k *kit) {
			k.addSessions(backendUser("alice"), 1, 2, 3)
			k.addSessions(keyHolder("alice"), 4)
			k.addSessions(backendUser("Alice"), 5)
			k.ok(k.RemoveSessions(k.ctx, backendUser("alice"), hash(2)))
			k.sessions(2, 4, 5)
			k.ok(k.RemoveSessions(k.ctx, backendUser("alice"), hash(4)))
			k.sessions(4, 5)
			k.ok(k.RemoveSessions(k.ctx, keyHolder("alice"), hermes.Hash{}))
			k.sessions(5)
			k.ok(k.RemoveSessions(k.ctx, backendUser("nobody"), hermes.Hash{}))
			k.sessions(5)
		}},
		{"trim", "TrimSessions removes the least recently seen, smallest ids first, down to n of that principal", trimSessions},
		{"sweep", "SweepExpired removes sessions and nonces whose end is not after now, and counts both", sweepExpired},
	}
}

// addSessions adds sessions seen in the order of their ids.
func (k *kit) addSessions(p hermes.Principal, ids ...byte) {
	k.Helper()
	for _, id := range ids {
		s := session(id, p)
		s.LastSeen = at(int(id))
		k.ok(k.AddSession(k.ctx, s))
	}
}

// sessions wants these, and no other of the first 20, to be there.
func (k *kit) sessions(want ...byte) {
	k.Helper()
	var there []byte
	for id := range byte(20) {
		_, err := k.Session(k.ctx, hash(id))
		switch {
		case err == nil:
			there = append(there, id)
		case err != hermes.NotFound:
			k.Fatalf("got the error %v", err)
		}
	}
	list(k, got(there, nil), want...)
}

func sessionState(k *kit) {
	user, key := session(1, backendUser("k1")), session(2, keyHolder("k1"))
	pair := keyPair("k1")
	state := func(s hermes.Session, access hermes.Access, host string, expires time.Time) {
		k.Helper()
		equal(k, got(k.Session(k.ctx, s.ID)), hermes.SessionState{Session: s, Access: access, Host: host, KeyExpires: expires})
	}
	k.ok(k.AddSession(k.ctx, user), k.AddSession(k.ctx, key))
	state(user, hermes.NoAccess, "", time.Time{})
	state(key, hermes.NoAccess, "", time.Time{})

	k.ok(k.SetAuthorization(k.ctx, hermes.Authorization{Principal: user.Principal, Access: hermes.LimitedRead}))
	k.ok(k.SetAuthorization(k.ctx, hermes.Authorization{Principal: key.Principal, Access: hermes.FullWrite}), k.AddKey(k.ctx, pair))
	state(user, hermes.LimitedRead, "", time.Time{})
	state(key, hermes.FullWrite, pair.Host, pair.Expires)

	k.ok(k.SetAuthorization(k.ctx, hermes.Authorization{Principal: user.Principal, Access: hermes.FullRead}), k.RemoveAuthorization(k.ctx, key.Principal))
	state(user, hermes.FullRead, "", time.Time{})
	state(key, hermes.NoAccess, pair.Host, pair.Expires)

	k.ok(k.RemoveKey(k.ctx, "k1"), k.AddKey(k.ctx, bearerKey("k1")))
	state(key, hermes.NoAccess, "", time.Time{})
}

func rotateSession(k *kit) {
	s, other := session(1, backendUser("alice")), session(2, backendUser("alice"))
	s.Gen = 7
	k.is(k.RotateSession(k.ctx, s.ID, 7, at(3), at(4)), hermes.NotFound)
	k.ok(k.AddSession(k.ctx, s), k.AddSession(k.ctx, other))
	for _, gen := range []int64{6, 8, 0} {
		k.is(k.RotateSession(k.ctx, s.ID, gen, at(3), at(4)), hermes.NotFound)
	}
	equal(k, got(k.Session(k.ctx, s.ID)), hermes.SessionState{Session: s})
	k.ok(k.RotateSession(k.ctx, s.ID, 7, at(3), at(4)))
	k.is(k.RotateSession(k.ctx, s.ID, 7, at(5), at(6)), hermes.NotFound)
	s.Gen, s.Rotated, s.KeyExpires = 8, at(3), at(4)
	equal(k, got(k.Session(k.ctx, s.ID)), hermes.SessionState{Session: s})
	equal(k, got(k.Session(k.ctx, other.ID)), hermes.SessionState{Session: other})
}

func trimSessions(k *kit) {
	p := backendUser("alice")
	k.addSessions(p, 5, 3, 1, 4, 2)
	k.addSessions(backendUser("bob"), 0, 6)
	k.addSessions(keyHolder("alice"), 7)
	k.ok(k.TrimSessions(k.ctx, p, 5))
	k.sessions(0, 1, 2, 3, 4, 5, 6, 7)
	k.ok(k.TouchSession(k.ctx, hash(1), at(5)), k.TouchSession(k.ctx, hash(2), at(3)))
	k.ok(k.TrimSessions(k.ctx, p, 4))
	k.sessions(0, 1, 3, 4, 5, 6, 7)
	k.ok(k.TrimSessions(k.ctx, p, 1))
	k.sessions(0, 5, 6, 7)
	k.ok(k.TrimSessions(k.ctx, p, 0))
	k.sessions(0, 6, 7)
}

func sweepExpired(k *kit) {
	now := at(30)
	for id, ends := range [][2]time.Duration{ // Expires, KeyExpires, from now
		{0, 0}, {0, time.Hour}, {time.Hour, 0}, {-time.Hour, -time.Hour}, {time.Microsecond, time.Microsecond}, {-time.Microsecond, time.Hour},
	} {
		s := session(byte(id), backendUser("alice"))
		s.Expires, s.KeyExpires = now.Add(ends[0]), now.Add(ends[1])
		k.ok(k.AddSession(k.ctx, s))
	}
	for id, ends := range []time.Duration{0, time.Microsecond, -time.Hour} {
		k.ok(k.AddNonce(k.ctx, hermes.Nonce{ID: hash(byte(id)), Key: "k1", Expires: now.Add(ends)}))
	}
	equal(k, got(k.SweepExpired(k.ctx, now)), 7)
	k.sessions(4)
	refused(k, got(k.TakeNonce(k.ctx, hash(0))), hermes.NotFound)
	refused(k, got(k.TakeNonce(k.ctx, hash(2))), hermes.NotFound)
	equal(k, got(k.TakeNonce(k.ctx, hash(1))), hermes.Nonce{ID: hash(1), Key: "k1", Expires: now.Add(time.Microsecond)})
	equal(k, got(k.SweepExpired(k.ctx, now)), 0)
}
