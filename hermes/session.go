package hermes

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"time"
)

// Credentials are the three values that a client sends with every call.
type Credentials struct {
	Session Secret
	AuthKey Secret
	Cookie  Secret // ignored with Options.NoCookie
}

// Cookie says what an answer does to the client's cookie. The zero value does nothing.
type Cookie struct {
	Value  Secret
	MaxAge time.Duration // if negative, the cookie is removed
}

// sessionRef is the session that an actor authenticated with.
type sessionRef struct {
	state  Session
	gen    int64 // generation of the auth_key that was shown
	cookie Secret
	ends   time.Time // when the session ends, or the key that it was opened with
}

const (
	maxSessions     = 100              // of a principal; the least recently seen one goes first
	knownGens       = 8                // how many generations back a genuine auth_key is recognized
	lastSeenStep    = time.Minute      // last_seen is written at most this often
	cookieAllowance = 60 * time.Second // the cookie outlives its auth_key by this
	saltSize        = 16

	// clockAllowance is how far clocks of servers that share a database may be apart.
	clockAllowance = time.Minute
)

func errUnauthorized() *Error { return failed(Unauthorized, "no valid session, auth_key and cookie") }

// Authenticate returns the actor of a session, for [Client.As]. An expired auth_key ends the
// session; an unknown one changes nothing. The session, its principal and the rights are read from
// the store each time, so that a change of them takes effect on the next request. The actor's
// Remote is that of c's own actor. Causes: Unauthorized.
func (c *Client) Authenticate(ctx context.Context, cred Credentials) (Actor, error) {
	return c.authenticate(ctx, cred, false)
}

// AuthenticatePing is [Client.Authenticate] for the node auth/ping, where a genuine auth_key that
// is too old also ends the session, because it must be a copy that was kept.
func (c *Client) AuthenticatePing(ctx context.Context, cred Credentials) (Actor, error) {
	return c.authenticate(ctx, cred, true)
}

func (c *Client) authenticate(ctx context.Context, cred Credentials, ping bool) (a Actor, err error) {
	defer wrap(&err, "")
	session, key, cookie := cred.Session.reveal(), cred.AuthKey.reveal(), cred.Cookie.reveal()
	// What cannot be genuine is refused before the database is asked.
	if !wellFormed(session, sessionPrefix, sessionBody) || !wellFormed(key, authKeyPrefix, authKeyBody) ||
		!c.opts.NoCookie && !wellFormed(cookie, cookiePrefix, cookieBody) {
		return a, errUnauthorized()
	}
	st, err := c.store.Session(ctx, sha256.Sum256(session))
	if err == error(NotFound) {
		return a, errUnauthorized()
	}
	if err != nil {
		return a, err
	}
	gen, err := c.checkCredentials(ctx, st, key, cookie, ping)
	if err != nil {
		return a, err
	}
	c.touchSession(ctx, st.Session)
	return Actor{
		Principal: st.Session.Principal, Access: st.Access, Scope: st.Scope, Remote: c.actor.Remote,
		session: sessionRef{state: st.Session, gen: gen, cookie: cred.Cookie, ends: st.ends()},
	}, nil
}

// checkCredentials decides by the table of auth keys in the API's section 2 and returns the
// generation of the key that was shown. It removes a session that has to end.
func (c *Client) checkCredentials(ctx context.Context, st SessionState, key, cookie []byte, ping bool) (int64, error) {
	s, now := st.Session, c.now()
	if !c.opts.NoCookie && !equalHashes(sha256.Sum256(cookie), s.Cookie) {
		return 0, errUnauthorized()
	}
	gen, genuine := c.generation(s, key)
	if !genuine {
		return 0, errUnauthorized()
	}
	expired := s.expired(now)
	inGrace := gen == s.Gen-1 && now.Before(s.Rotated.Add(c.opts.AuthKeyGrace))
	stale := gen != s.Gen && !inGrace
	if expired || stale && ping {
		if err := c.store.RemoveSession(ctx, s.ID); err != nil {
			return 0, err
		}
	}
	// The caller has proved to own the session, and may be told what is wrong with it.
	switch {
	case expired:
		return 0, failed(Unauthorized, "the session has expired: log in again")
	case stale && ping:
		return 0, c.sessionEnded(ctx, s, errOldAuthKey)
	case isFromFuture(s, now):
		return 0, failed(Unauthorized, "the session began at a time that has not come yet: log in again")
	case stale:
		return 0, failed(Unauthorized, "the auth_key has been replaced by a newer one")
	case st.Access == NoAccess:
		return 0, failed(Unauthorized, "the access of %s has been withdrawn", s.Principal.Kind)
	case s.Principal.Kind == KeyPrincipal && !c.keyUsable(ctx, st.Host, st.KeyExpires):
		return 0, failed(Unauthorized, "the API key has expired, or is not valid for this address")
	}
	return gen, nil
}

// expired reports whether the session or its auth_key has ended by itself.
func (s Session) expired(now time.Time) bool {
	return !now.Before(s.Expires) || !now.Before(s.KeyExpires)
}

// ends returns when the session ends, which is not after its principal's key.
func (st SessionState) ends() time.Time {
	if !st.KeyExpires.IsZero() && st.KeyExpires.Before(st.Session.Expires) {
		return st.KeyExpires
	}
	return st.Session.Expires
}

// isFromFuture reports whether the session was opened or renewed by a clock that was ahead. It
// would live for too long.
func isFromFuture(s Session, now time.Time) bool {
	latest := now.Add(clockAllowance)
	return s.Created.After(latest) || s.Rotated.After(latest)
}

// generation returns which of a session's auth keys the given one is, under any of the secret keys.
func (c *Client) generation(s Session, key []byte) (gen int64, genuine bool) {
	var room [64]byte
	for gen := s.Gen; gen >= max(0, s.Gen-knownGens); gen-- {
		for _, k := range c.keys {
			if subtle.ConstantTimeCompare(k.sign.appendAuthKey(room[:0], s, gen), key) == 1 {
				return gen, true
			}
		}
	}
	return 0, false
}

// reauthorization returns a function that returns nil as long as the actor may go on with a call of
// a node that it was allowed to begin: its session, if it has one, must be open, and the principal
// must still have the right.
func (c *Client) reauthorization(ctx context.Context, node string) func() error {
	id := c.actor.session.state.ID
	if id == (Hash{}) {
		return func() error { return nil }
	}
	return func() (err error) {
		defer wrap(&err, node)
		st, err := c.store.Session(ctx, id)
		if err != nil && err != error(NotFound) {
			return err
		}
		if err != nil || st.Session.expired(c.now()) ||
			st.Session.Principal.Kind == KeyPrincipal && !c.keyUsable(ctx, st.Host, st.KeyExpires) {
			st.Access = NoAccess
		}
		actor := c.actor
		actor.Access, actor.Scope = st.Access, st.Scope
		if err := c.As(actor).Authorize(node, nil); err != nil {
			return err
		}
		if !actor.Scope.Covers(c.actor.Scope) {
			return failed(Forbidden, "the scope of this principal has become narrower: call again")
		}
		return nil
	}
}

// touchSession stores when the session and its key were last seen, at most once in lastSeenStep. A
// failure to do so is no reason to refuse the call.
func (c *Client) touchSession(ctx context.Context, s Session) {
	now := c.now()
	if now.Sub(s.LastSeen) < lastSeenStep {
		return
	}
	_ = c.store.Touch(ctx, []Seen{{Session: s.ID, Principal: s.Principal, At: now}})
}

// openSession makes a session for a principal and removes its oldest ones beyond maxSessions. It
// does neither if a has changed since the login was verified.
func (c *Client) openSession(
	ctx context.Context, a Authorization,
) (s Session, cred Credentials, opened bool, err error) {
	p := a.Principal
	s, cred, err = c.newSession(p)
	if err != nil {
		return s, cred, false, err
	}
	err = c.change(ctx, "auth/login", nil, []Lock{LockPrincipal(p)}, func(st Store) (err error) {
		if opened, err = isUnchanged(ctx, st, a); err != nil || !opened {
			return err
		}
		if err := st.TrimSessions(ctx, p, maxSessions-1); err != nil {
			return err
		}
		if p.Kind == KeyPrincipal {
			if err := st.Touch(ctx, []Seen{{Principal: p, At: s.Created}}); err != nil {
				return err
			}
		}
		if err := c.storeLogin(ctx, st, p); err != nil {
			return err
		}
		return st.AddSession(ctx, s)
	})
	return s, cred, opened, err
}

// newSession makes the record of a new session.
func (c *Client) newSession(p Principal) (s Session, cred Credentials, err error) {
	if cred.Session, err = c.newToken(sessionPrefix, sessionBody); err != nil {
		return s, cred, err
	}
	if cred.Cookie, err = c.newToken(cookiePrefix, cookieBody); err != nil {
		return s, cred, err
	}
	salt, err := c.random(saltSize)
	if err != nil {
		return s, cred, err
	}
	now := c.now()
	s = Session{
		ID: hashOf(cred.Session), Principal: p, Cookie: hashOf(cred.Cookie), Salt: string(salt),
		Created: now, Rotated: now, LastSeen: now, Expires: now.Add(c.opts.SessionTTL),
	}
	if p.Kind == UserPrincipal {
		s.Confirmed = now
	}
	s.KeyExpires = c.authKeyExpiry(s, now)
	cred.AuthKey = c.keys[0].sign.authKey(s, 0)
	return s, cred, nil
}

// authKeyExpiry returns when an auth_key made now ends, which is not after its session.
func (c *Client) authKeyExpiry(s Session, now time.Time) time.Time {
	if e := now.Add(c.opts.AuthKeyTTL); e.Before(s.Expires) {
		return e
	}
	return s.Expires
}

func (c *Client) cookieFor(value Secret, keyExpires time.Time) Cookie {
	if c.opts.NoCookie {
		return Cookie{}
	}
	return Cookie{Value: value, MaxAge: keyExpires.Sub(c.now()) + cookieAllowance}
}

// AuthPingRequest has no parameters: the session is that of the actor.
type AuthPingRequest struct{}

// Check implements [Request].
func (AuthPingRequest) Check(...string) error { return nil }

// AuthPingResponse has the new key.
type AuthPingResponse struct {
	AuthKey Secret `json:"auth_key"`
	Cookie  Cookie `json:"-"`
}

// AuthPing renews the actor's auth_key. If the actor showed the key before the current one, within
// the grace, AuthPing returns the current one: a ping whose answer was lost can be repeated.
//
// If no backend has the user any more, all sessions of the user end. While a backend cannot tell, a
// session goes on for 30 minutes after it last could. Causes: Unauthorized, also for an actor that
// has no session.
func (c *Client) AuthPing(ctx context.Context, req AuthPingRequest) (res AuthPingResponse, err error) {
	defer wrap(&err, "auth/ping")
	if err = firstError(c.precheck(ctx, "auth/ping", req), c.call.refuse()); err != nil {
		return res, err
	}
	ref := c.actor.session
	if ref.state.ID == (Hash{}) {
		return res, errUnauthorized()
	}
	confirmed, err := c.confirmUser(ctx, ref.state)
	if err != nil {
		return res, err
	}
	s, err := c.rotate(ctx, ref, confirmed)
	if err != nil {
		return res, err
	}
	return AuthPingResponse{AuthKey: c.keys[0].sign.authKey(s, s.Gen), Cookie: c.cookieFor(ref.cookie, s.KeyExpires)}, nil
}

// rotate returns the session with the generation after that of the key shown. Of several pings with
// one key the first one rotates, and the others read what it stored.
func (c *Client) rotate(ctx context.Context, ref sessionRef, confirmed time.Time) (Session, error) {
	s := ref.state
	if ref.gen != s.Gen {
		return s, nil
	}
	now := c.now()
	s.Gen, s.Rotated, s.KeyExpires, s.Confirmed = s.Gen+1, now, c.authKeyExpiry(s, now), confirmed
	err := c.store.RotateSession(ctx, s)
	if err == nil {
		return s, nil
	}
	if err != error(NotFound) {
		return s, c.changed(err)
	}
	st, err := c.store.Session(ctx, s.ID)
	if err == error(NotFound) || err == nil && st.Session.Gen != ref.gen+1 {
		return s, errUnauthorized()
	}
	return st.Session, err
}
