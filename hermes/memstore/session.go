package memstore

import (
	"context"
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
	if a, ok := r.authorizations.get(session.Principal); ok {
		state.Access, state.Scope = a.Access, a.Scope
	}
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
		r.setSession(&session)
		return nil
	})
}

// RotateSession implements [hermes.SessionStore].
func (s *Store) RotateSession(ctx context.Context, rotated hermes.Session) error {
	return s.write(ctx, func(r *records) error {
		session, ok := r.sessions.get(rotated.ID)
		if !ok || session.Gen != rotated.Gen-1 {
			return hermes.NotFound
		}
		next := *session
		next.Gen, next.Rotated, next.KeyExpires, next.Confirmed =
			rotated.Gen, rotated.Rotated, rotated.KeyExpires, rotated.Confirmed
		r.setSession(&next)
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
		r.setSession(&touched)
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
		r.removeSession(id)
		return nil
	})
}

// RemoveSessions implements [hermes.SessionStore].
func (s *Store) RemoveSessions(ctx context.Context, p hermes.Principal, keep hermes.Hash) error {
	return s.write(ctx, func(r *records) error {
		for _, id := range r.sessionsOf(p) {
			if id != keep {
				r.removeSession(id)
			}
		}
		return nil
	})
}

// TrimSessions implements [hermes.SessionStore].
func (s *Store) TrimSessions(ctx context.Context, p hermes.Principal, n int) error {
	return s.write(ctx, func(r *records) error {
		ids := r.sessionsOf(p)
		for _, id := range ids[:max(0, len(ids)-n)] {
			r.removeSession(id)
		}
		return nil
	})
}

// setSession stores a session, in the place of another one with its ID. The session must not be
// changed afterwards.
func (r *records) setSession(s *hermes.Session) {
	r.removeSession(s.ID)
	r.sessions.set(s.ID, s)
	r.sessionsSeen.set(seen(s), present{})
	r.sessionExpiries.set(sessionExpiry(s), present{})
}

func (r *records) removeSession(id hermes.Hash) {
	if s, ok := r.sessions.get(id); ok {
		r.sessions.remove(id)
		r.sessionsSeen.remove(seen(s))
		r.sessionExpiries.remove(sessionExpiry(s))
	}
}

func seen(s *hermes.Session) sessionSeen {
	return sessionSeen{principal: s.Principal, at: s.LastSeen, id: s.ID}
}

func sessionExpiry(s *hermes.Session) expiry {
	if s.KeyExpires.Before(s.Expires) {
		return expiry{at: s.KeyExpires, id: s.ID}
	}
	return expiry{at: s.Expires, id: s.ID}
}

// sessionsOf returns the ids of a principal's sessions, the least recently seen first.
func (r *records) sessionsOf(p hermes.Principal) []hermes.Hash {
	var ids []hermes.Hash
	for s := range r.sessionsSeen.from(sessionSeen{principal: p}) {
		if s.principal != p {
			break
		}
		ids = append(ids, s.id)
	}
	return ids
}

// SweepExpired implements [hermes.SessionStore].
func (s *Store) SweepExpired(ctx context.Context, now time.Time) (swept int64, err error) {
	err = s.write(ctx, func(r *records) error {
		sessions, nonces := expired(r.sessionExpiries, now), expired(r.nonceExpiries, now)
		for _, e := range sessions {
			r.removeSession(e.id)
		}
		for _, e := range nonces {
			r.nonces.remove(e.id)
			r.nonceExpiries.remove(e)
		}
		swept = int64(len(sessions) + len(nonces) + r.sweepLogins(now) + r.sweepAnswers(now))
		r.freeOver(now)
		return nil
	})
	return swept, err
}

// expired returns the expiries that are not after now.
func expired(expiries sortedMap[expiry, present], now time.Time) []expiry {
	var found []expiry
	for e := range expiries.all() {
		if e.at.After(now) {
			break
		}
		found = append(found, e)
	}
	return found
}
