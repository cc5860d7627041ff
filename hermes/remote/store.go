package remote

import (
	"context"
	"errors"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// SessionStore keeps a session for several Clients, which may be those of several processes. Only
// one of them at a time renews the auth_key, and the others go on with the one that it got: a
// server ends a session for which it sees a key that has been renewed some time ago.
type SessionStore interface {
	// Update calls fn with the session that is kept, or with the zero Session if there is none, and
	// keeps the one that fn returns, which may be zero too. Until that is done, no other call of
	// Update runs, in this process or another one. If fn fails, nothing changes, and Update returns
	// its error.
	Update(ctx context.Context, fn func(kept Session) (Session, error)) error
}

// Session is what is kept of a session. All of it together lets its holder act as the user, so it
// should be kept where only the user can read it. A zero Session is none.
type Session struct {
	ID      hermes.Secret
	AuthKey hermes.Secret
	// CookieName and Cookie are the cookie of the session, empty if the server has set none.
	CookieName string
	Cookie     hermes.Secret
	Renewed    time.Time     // when the AuthKey was asked for
	TTL        time.Duration // of an AuthKey
}

// kept returns what is kept of a session, which may be nil.
func (s *session) kept() Session {
	if s == nil {
		return Session{}
	}
	return Session{
		ID: s.id, AuthKey: s.authKey, CookieName: s.cookie.name, Cookie: s.cookie.value, Renewed: s.renewed, TTL: s.ttl,
	}
}

// adopt makes a session that was kept the current one.
func (c *conn) adopt(kept Session) {
	s := c.current.Load()
	switch {
	case kept.ID.IsZero():
		c.current.Store(nil)
	case s == nil || s.id != kept.ID || s.authKey != kept.AuthKey:
		c.current.Store(&session{
			id: kept.ID, authKey: kept.AuthKey, cookie: cookie{name: kept.CookieName, value: kept.Cookie},
			renewed: kept.Renewed, ttl: kept.TTL,
		})
	}
}

// shared calls renew and returns the session that it returns. With Options.Sessions, renew finds
// the session that is kept as the current one, and what it returns is kept. The caller has the
// turn.
func (c *conn) shared(ctx context.Context, renew func() (*session, error)) (*session, error) {
	if c.opts.Sessions == nil {
		return renew()
	}
	var s *session
	var fault error
	err := c.opts.Sessions.Update(ctx, func(kept Session) (Session, error) {
		c.adopt(kept)
		if s, fault = renew(); fault != nil && !errors.Is(fault, ErrNoSession) {
			return kept, fault
		}
		return s.kept(), nil
	})
	switch {
	case fault != nil:
		return nil, fault
	case err != nil:
		return nil, &hermes.Error{
			Response: hermes.Failed, Cause: hermes.Unauthorized, Detail: "the session could not be kept: " + err.Error(), Err: err,
		}
	}
	return s, nil
}
