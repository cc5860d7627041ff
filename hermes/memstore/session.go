package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Session implements [hermes.SessionStore].
func (s *Store) Session(ctx context.Context, id hermes.Hash) (hermes.SessionState, error) {
	r, err := s.read(ctx)
	if err != nil {
		return hermes.SessionState{}, err
	}
	session, ok := r.sessions.get(id)
	if !ok {
		return hermes.SessionState{}, hermes.NotFound
	}
	state := hermes.SessionState{Session: *session}
	state.Access, _ = r.authorizations.get(session.Principal)
	if k, ok := r.keys.get(session.Principal.Name); ok && session.Principal.Kind == hermes.KeyPrincipal {
		state.Host, state.KeyExpires = k.Host, k.Expires
	}
	return state, nil
}

// AddSession implements [hermes.SessionStore].
func (s *Store) AddSession(ctx context.Context, session hermes.Session) error {
	return s.write(ctx, func(r *records) error {
		if r.sessions.has(session.ID) {
			return hermes.Exists
		}
		r.sessions.set(session.ID, &session)
		return nil
	})
}

// RotateSession implements [hermes.SessionStore].
func (s *Store) RotateSession(ctx context.Context, id hermes.Hash, gen int64, rotated, keyExpires time.Time) error {
	return s.write(ctx, func(r *records) error {
		session, ok := r.sessions.get(id)
		if !ok || session.Gen != gen {
			return hermes.NotFound
		}
		next := *session
		next.Gen, next.Rotated, next.KeyExpires = gen+1, rotated, keyExpires
		r.sessions.set(id, &next)
		return nil
	})
}

// Touch implements [hermes.SessionStore].
func (s *Store) Touch(ctx context.Context, seen []hermes.Seen) error {
	return s.write(ctx, func(r *records) error {
		for _, v := range seen {
			r.touch(v)
		}
		return nil
	})
}

func (r *records) touch(v hermes.Seen) {
	if session, ok := r.sessions.get(v.Session); ok && session.LastSeen.Before(v.At) {
		touched := *session
		touched.LastSeen = v.At
		r.sessions.set(v.Session, &touched)
	}
	if v.Principal.Kind != hermes.KeyPrincipal {
		return
	}
	if k, ok := r.keys.get(v.Principal.Name); ok && k.LastUsed.Before(v.At) {
		touched := *k
		touched.LastUsed = v.At
		r.keys.set(k.ID, &touched)
	}
}

// RemoveSession implements [hermes.SessionStore].
func (s *Store) RemoveSession(ctx context.Context, id hermes.Hash) error {
	return s.write(ctx, func(r *records) error {
		r.sessions.remove(id)
		return nil
	})
}

// RemoveSessions implements [hermes.SessionStore].
func (s *Store) RemoveSessions(ctx context.Context, p hermes.Principal, keep hermes.Hash) error {
	return s.write(ctx, func(r *records) error {
		for _, session := range r.sessionsOf(p) {
			if session.ID != keep {
				r.sessions.remove(session.ID)
			}
		}
		return nil
	})
}

// TrimSessions implements [hermes.SessionStore].
func (s *Store) TrimSessions(ctx context.Context, p hermes.Principal, n int) error {
	return s.write(ctx, func(r *records) error {
		sessions := r.sessionsOf(p)
		slices.SortFunc(sessions, func(a, b *hermes.Session) int {
			return cmp.Or(a.LastSeen.Compare(b.LastSeen), compareHashes(a.ID, b.ID))
		})
		for _, session := range sessions[:max(0, len(sessions)-n)] {
			r.sessions.remove(session.ID)
		}
		return nil
	})
}

// sessionsOf returns the sessions of a principal. It reads all sessions: tests have few of them.
func (r *records) sessionsOf(p hermes.Principal) []*hermes.Session {
	var found []*hermes.Session
	for _, session := range r.sessions.all() {
		if session.Principal == p {
			found = append(found, session)
		}
	}
	return found
}

// SweepExpired implements [hermes.SessionStore].
func (s *Store) SweepExpired(ctx context.Context, now time.Time) (swept int64, err error) {
	err = s.write(ctx, func(r *records) error {
		sessions, nonces := r.expired(now)
		for _, id := range sessions {
			r.sessions.remove(id)
		}
		for _, id := range nonces {
			r.nonces.remove(id)
		}
		swept = int64(len(sessions) + len(nonces))
		return nil
	})
	return swept, err
}

// expired returns the ids of the sessions and nonces that SweepExpired removes.
func (r *records) expired(now time.Time) (sessions, nonces []hermes.Hash) {
	for id, session := range r.sessions.all() {
		if !session.Expires.After(now) || !session.KeyExpires.After(now) {
			sessions = append(sessions, id)
		}
	}
	for id, nonce := range r.nonces.all() {
		if !nonce.Expires.After(now) {
			nonces = append(nonces, id)
		}
	}
	return sessions, nonces
}
