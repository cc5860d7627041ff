package hermes

import (
	"context"
	"encoding/binary"
	"time"
)

// Credentials are the three values that a client shows with every call.
type Credentials struct {
	Session Secret
	AuthKey Secret
	Cookie  Secret // not looked at with Options.NoCookie
}

// Cookie is what an answer does to the client's cookie. The zero value does nothing.
type Cookie struct {
	Value  Secret
	MaxAge time.Duration // below zero: the cookie is to be removed
}

// sessionRef is the session that an actor came in by, and the key that it showed.
type sessionRef struct {
	state  Session
	gen    int64 // of the key shown
	cookie Secret
}

const (
	maxSessions     = 100              // a principal; the least recently seen goes first
	knownGens       = 8                // generations back that are told from garbage
	lastSeenStep    = time.Minute      // last_seen is written at most this often
	cookieAllowance = 60 * time.Second // the cookie outlives its key by this, so that the server decides
	saltSize        = 16
)

func errUnauthorized() *Error { return failed(Unauthorized, "no valid session, auth_key and cookie") }

// Authenticate returns the actor of a session. An expired key ends the session; an unknown one changes nothing. The
// session, its principal and level are read from the store each time, so that a change there takes effect on the next
// request. Causes: Unauthorized.
func (c *Client) Authenticate(ctx context.Context, cred Credentials) (Actor, error) {
	return c.authenticate(ctx, cred, false)
}

// AuthenticatePing is Authenticate for auth/ping, where a genuine key that is too old also ends the session: its
// holder kept a copy.
func (c *Client) AuthenticatePing(ctx context.Context, cred Credentials) (Actor, error) {
	return c.authenticate(ctx, cred, true)
}

func (c *Client) authenticate(ctx context.Context, cred Credentials, ping bool) (a Actor, err error) {
	defer wrap(&err, "auth/session")
	if !c.plausible(cred) {
		return a, errUnauthorized()
	}
	st, err := c.store.Session(ctx, hashOf(cred.Session))
	if err == error(NotFound) {
		return a, errUnauthorized()
	}
	if err != nil {
		return a, err
	}
	gen, err := c.judge(ctx, st, cred, ping)
	if err != nil {
		return a, err
	}
	c.touch(ctx, st.Session)
	return Actor{
		Principal: st.Session.Principal, Access: st.Access, Remote: c.actor.Remote,
		session: sessionRef{state: st.Session, gen: gen, cookie: cred.Cookie},
	}, nil
}

// plausible sorts out what cannot be genuine before the database is asked.
func (c *core) plausible(cred Credentials) bool {
	return wellFormed(cred.Session, sessionPrefix, sessionBody) &&
		wellFormed(cred.AuthKey, authKeyPrefix, authKeyBody) &&
		(c.opts.NoCookie || wellFormed(cred.Cookie, cookiePrefix, cookieBody))
}

// judge decides by the table of API.md section 2 and returns the generation of the key shown.
func (c *Client) judge(ctx context.Context, st SessionState, cred Credentials, ping bool) (int64, error) {
	s, now := st.Session, c.now()
	if !c.opts.NoCookie && !equalHashes(hashOf(cred.Cookie), s.Cookie) {
		return 0, errUnauthorized()
	}
	gen, genuine := c.generation(s, cred.AuthKey)
	switch {
	case !genuine:
		return 0, errUnauthorized()
	case !now.Before(s.Expires) || !now.Before(s.KeyExpires):
		return 0, c.end(ctx, s)
	case gen == s.Gen || gen == s.Gen-1 && now.Before(s.Rotated.Add(c.opts.AuthKeyGrace)):
	case ping:
		return 0, c.end(ctx, s)
	default:
		return 0, errUnauthorized()
	}
	if st.Access == NoAccess || !c.keyServes(ctx, st.Host, st.KeyExpires) {
		return 0, errUnauthorized()
	}
	return gen, nil
}

// end removes a session and returns Unauthorized, or why it could not.
func (c *core) end(ctx context.Context, s Session) error {
	if err := c.store.RemoveSession(ctx, s.ID); err != nil {
		return err
	}
	return errUnauthorized()
}

// touch keeps last_seen; that it could not be written is no reason to refuse the call.
func (c *core) touch(ctx context.Context, s Session) {
	now := c.now()
	if now.Sub(s.LastSeen) < lastSeenStep {
		return
	}
	_ = c.store.TouchSession(ctx, s.ID, now)
	if s.Principal.Kind == KeyPrincipal {
		_ = c.store.TouchKey(ctx, s.Principal.Name, now)
	}
}

// authKey derives a generation's key: it is kept nowhere, and a repeated ping can give the same again.
func authKey(k derivedKeys, s Session, gen int64) Secret {
	sum := k.mac(s.ID[:], []byte(s.Salt), binary.BigEndian.AppendUint64(nil, uint64(gen)))
	var v [4]uint64
	for i := range v {
		v[i] = binary.BigEndian.Uint64(sum[8*i:])
	}
	return withChecksum(authKeyPrefix + base62Text(v, authKeyBody))
}

// generation finds which of a session's keys t is, under any of the secret keys.
func (c *core) generation(s Session, t Secret) (int64, bool) {
	for gen := s.Gen; gen >= max(0, s.Gen-knownGens); gen-- {
		for _, k := range c.keys {
			if equalSecrets(authKey(k, s, gen), t) {
				return gen, true
			}
		}
	}
	return 0, false
}

// openSession makes a session for p.
func (c *core) openSession(ctx context.Context, p Principal) (s Session, cred Credentials, err error) {
	token, err := c.newToken(sessionPrefix, sessionBody)
	if err != nil {
		return s, cred, err
	}
	cookie, err := c.newToken(cookiePrefix, cookieBody)
	if err != nil {
		return s, cred, err
	}
	salt, err := c.random(saltSize)
	if err != nil {
		return s, cred, err
	}
	now := c.now()
	s = Session{
		ID: hashOf(token), Principal: p, Cookie: hashOf(cookie), Salt: string(salt),
		Created: now, Rotated: now, LastSeen: now, Expires: now.Add(c.opts.SessionTTL),
	}
	s.KeyExpires = c.keyExpiry(s, now)
	err = c.store.Tx(ctx, func(st Store) error {
		if err := st.TrimSessions(ctx, p, maxSessions-1); err != nil {
			return err
		}
		if p.Kind == KeyPrincipal {
			if err := st.TouchKey(ctx, p.Name, now); err != nil {
				return err
			}
		}
		return st.AddSession(ctx, s)
	})
	return s, Credentials{token, authKey(c.keys[0], s, 0), cookie}, err
}

// keyExpiry is when a key made now ends: no key outlives its session.
func (c *core) keyExpiry(s Session, now time.Time) time.Time {
	if e := now.Add(c.opts.AuthKeyTTL); e.Before(s.Expires) {
		return e
	}
	return s.Expires
}

func (c *core) cookieFor(value Secret, keyExpires time.Time) Cookie {
	if c.opts.NoCookie {
		return Cookie{}
	}
	return Cookie{Value: value, MaxAge: keyExpires.Sub(c.now()) + cookieAllowance}
}

// SweepSessions removes the sessions that have ended, and counts them: what a server does now and then.
func (c *Client) SweepSessions(ctx context.Context) (n int64, err error) {
	defer wrap(&err, "auth/session")
	return c.store.SweepExpired(ctx, c.now())
}
