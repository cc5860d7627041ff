package memstore_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

// TestStore_Sessions makes the same random changes to a store and to a map, since a store has its
// sessions in three orders, all of which must follow each change.
func TestStore_Sessions(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 12))
	s, want := memstore.New(), map[hermes.Hash]hermes.Session{}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	moment := func() time.Time { return start.Add(time.Duration(r.IntN(40)) * time.Minute) }
	for range 3000 {
		id := hermes.Hash{byte(r.IntN(60))}
		p := hermes.Principal{Kind: hermes.UserPrincipal, Name: string(rune('a' + r.IntN(4)))}
		session, exists := want[id]
		switch r.IntN(12) {
		case 0:
			must(t, s.RemoveSession(t.Context(), id))
			delete(want, id)
		case 1:
			must(t, s.RemoveSessions(t.Context(), p, id))
			for other, o := range want {
				if o.Principal == p && other != id {
					delete(want, other)
				}
			}
		case 2:
			n := r.IntN(8)
			must(t, s.TrimSessions(t.Context(), p, n))
			trim(want, p, n)
		case 3:
			now := moment().Add(-30 * time.Minute)
			swept, err := s.SweepExpired(t.Context(), now)
			if wantSwept := sweep(want, now); swept != wantSwept || err != nil {
				t.Fatalf("swept %d, %v, want %d", swept, err, wantSwept)
			}
		case 4, 5:
			at := moment()
			must(t, s.Touch(t.Context(), []hermes.Seen{{Session: id, At: at}}))
			if exists && session.LastSeen.Before(at) {
				session.LastSeen = at
				want[id] = session
			}
		case 6, 7:
			if exists {
				session.Rotated, session.KeyExpires = moment(), moment()
				session.Gen++
				must(t, s.RotateSession(t.Context(), session))
				want[id] = session
			}
		default:
			if !exists {
				want[id] = hermes.Session{ID: id, Principal: p, LastSeen: moment(), Expires: moment(), KeyExpires: moment()}
				must(t, s.AddSession(t.Context(), want[id]))
			}
		}
		wantSessions(t, s, want)
	}
}

// trim removes the least recently seen sessions of p until at most n are left.
func trim(sessions map[hermes.Hash]hermes.Session, p hermes.Principal, n int) {
	var own []hermes.Session
	for _, s := range sessions {
		if s.Principal == p {
			own = append(own, s)
		}
	}
	slices.SortFunc(own, func(a, b hermes.Session) int {
		if c := a.LastSeen.Compare(b.LastSeen); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	for _, s := range own[:max(0, len(own)-n)] {
		delete(sessions, s.ID)
	}
}

// sweep removes the expired sessions and returns how many they were.
func sweep(sessions map[hermes.Hash]hermes.Session, now time.Time) (swept int64) {
	for id, s := range sessions {
		if !s.Expires.After(now) || !s.KeyExpires.After(now) {
			delete(sessions, id)
			swept++
		}
	}
	return swept
}

func wantSessions(t *testing.T, s *memstore.Store, want map[hermes.Hash]hermes.Session) {
	t.Helper()
	for i := range 60 {
		id := hermes.Hash{byte(i)}
		session, exists := want[id]
		got, err := s.Session(t.Context(), id)
		if exists && (err != nil || got.Session != session) || !exists && err != hermes.NotFound {
			t.Fatalf("session %d: got %+v, %v, want %+v, %t", i, got.Session, err, session, exists)
		}
	}
}
