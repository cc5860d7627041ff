package hermes

import (
	"context"
	"errors"
	"time"
)

// AuthLoginRequest shows who the caller is.
type AuthLoginRequest struct {
	Username string `form:"username" json:"username,omitzero"`
	Password Secret `form:"password" json:"password,omitzero"`
}

// AuthLoginResponse has the new session. The HTTP API sends the cookie as one.
type AuthLoginResponse struct {
	Session   Secret `json:"session"`
	AuthKey   Secret `json:"auth_key"`
	Cookie    Cookie `json:"-"`
	Access    Access `json:"access"`
	ExpiresIn int64  `json:"expires_in"` // seconds of life of the auth_key
}

// AuthLogin opens a session. Every failed login is the same Unauthorized.
func (c *Client) AuthLogin(ctx context.Context, req AuthLoginRequest) (res AuthLoginResponse, err error) {
	defer wrap(&err, "auth/login")
	if req.Username == "" || req.Password.IsZero() {
		return res, badParameter("want username and password")
	}
	auth, err := c.verifyUser(ctx, req.Username, req.Password)
	if err != nil {
		return res, err
	}
	s, cred, err := c.openSession(ctx, auth.Principal)
	if err != nil {
		return res, err
	}
	return AuthLoginResponse{
		Session: cred.Session, AuthKey: cred.AuthKey, Cookie: c.cookieFor(cred.Cookie, s.KeyExpires),
		Access: auth.Access, ExpiresIn: int64(s.KeyExpires.Sub(s.Created) / time.Second),
	}, nil
}

// errLogin is the one answer to every failed login.
func errLogin() *Error { return failed(Unauthorized, "login failed") }

// verifyUser asks every backend, and the authorization in any case, so that the time tells nothing.
func (c *core) verifyUser(ctx context.Context, user string, password Secret) (Authorization, error) {
	var known bool
	var faults error
	for _, b := range c.opts.Backends {
		ok, err := b.Verify(ctx, c.store, user, password)
		known = known || ok && err == nil
		faults = errors.Join(faults, err)
	}
	auth, err := c.store.Authorization(ctx, Principal{UserPrincipal, user})
	switch {
	case err != nil && err != error(Nonexistant):
		return auth, err
	case !known || err != nil:
		e := errLogin()
		e.Err = faults
		return auth, e
	}
	return auth, nil
}

// AuthLogoutRequest names a session; its cookie must come with it.
type AuthLogoutRequest struct {
	Session Secret `form:"session,required" json:"session"`
	Cookie  Secret `form:"-" cookie:"value" json:"-"`
}

// AuthLogoutResponse removes the cookie.
type AuthLogoutResponse struct {
	Cookie Cookie `json:"-"`
}

// AuthLogout ends a session. One that is gone already is no error. Causes: Unauthorized (no
// cookie, or another session's), and then nothing is ended.
func (c *Client) AuthLogout(ctx context.Context, req AuthLogoutRequest) (res AuthLogoutResponse, err error) {
	defer wrap(&err, "auth/logout")
	if req.Session.IsZero() {
		return res, badParameter("session: missing")
	}
	if !wellFormed(req.Session, sessionPrefix, sessionBody) ||
		!c.opts.NoCookie && !wellFormed(req.Cookie, cookiePrefix, cookieBody) {
		return res, errUnauthorized()
	}
	id := hashOf(req.Session)
	st, err := c.store.Session(ctx, id)
	if err != nil && err != error(Nonexistant) {
		return res, err
	}
	if err == nil && !c.opts.NoCookie && !equalHashes(hashOf(req.Cookie), st.Session.Cookie) {
		return res, errUnauthorized()
	}
	if err = c.store.RemoveSession(ctx, id); err != nil {
		return res, err
	}
	return AuthLogoutResponse{Cookie: Cookie{MaxAge: -1}}, nil
}

// AuthPingRequest has no parameters: the session is the actor's.
type AuthPingRequest struct{}

// AuthPingResponse has the new key.
type AuthPingResponse struct {
	AuthKey Secret `json:"auth_key"`
	Cookie  Cookie `json:"-"`
}

// AuthPing renews the actor's auth_key. Shown the key before the current one, within the grace, it
// gives the current one again: a ping whose answer was lost can be repeated. Causes: Unauthorized, also
// for an actor that did not come in by Authenticate.
func (c *Client) AuthPing(ctx context.Context, _ AuthPingRequest) (res AuthPingResponse, err error) {
	defer wrap(&err, "auth/ping")
	if err = c.allow("auth/ping"); err != nil {
		return res, err
	}
	ref := c.actor.session
	if ref.state.ID == (Hash{}) {
		return res, errUnauthorized()
	}
	s, err := c.rotate(ctx, ref)
	if err != nil {
		return res, err
	}
	return AuthPingResponse{AuthKey: authKey(c.keys[0], s, s.Gen), Cookie: c.cookieFor(ref.cookie, s.KeyExpires)}, nil
}

// rotate returns the session with the generation after that of the key shown. Of several pings
// with one key the first makes it, and the others find it made.
func (c *core) rotate(ctx context.Context, ref sessionRef) (Session, error) {
	s := ref.state
	if ref.gen != s.Gen {
		return s, nil
	}
	now := c.now()
	expires := c.keyExpiry(s, now)
	err := c.store.RotateSession(ctx, s.ID, s.Gen, now, expires)
	if err == nil {
		s.Gen, s.Rotated, s.KeyExpires = s.Gen+1, now, expires
		return s, nil
	}
	if err != error(Nonexistant) {
		return s, err
	}
	st, err := c.store.Session(ctx, s.ID)
	if err == error(Nonexistant) || err == nil && st.Session.Gen != ref.gen+1 {
		return s, errUnauthorized()
	}
	return st.Session, err
}
