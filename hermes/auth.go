package hermes

import (
	"context"
	"errors"
	"time"
)

// AuthLoginRequest shows who the caller is, in exactly one of three ways: a user name and a
// password; an API key; or a key pair's id, the nonce from AuthChallenge and its signature.
type AuthLoginRequest struct {
	Username  string `form:"username" json:"username,omitzero"`
	Password  Secret `form:"password" json:"password,omitzero"`
	APIKey    Secret `form:"api_key" json:"api_key,omitzero"`
	Key       string `form:"key" json:"key,omitzero"`
	Nonce     Secret `form:"nonce" json:"nonce,omitzero"`
	Signature string `form:"signature" json:"signature,omitzero"` // unpadded base64url, of LoginMessage
}

// AuthLoginResponse has the new session. The HTTP API sends the cookie as one.
type AuthLoginResponse struct {
	Session   Secret `json:"session"`
	AuthKey   Secret `json:"auth_key"`
	Cookie    Cookie `json:"-"`
	Access    Access `json:"access"`
	ExpiresIn int64  `json:"expires_in"` // seconds of life of the auth_key
}

// AuthLogin opens a session. Every failed login is the same Unauthorized, after the same time
// (Options.FailedLoginTime). Causes: Unauthorized, Throttled.
func (c *Client) AuthLogin(ctx context.Context, req AuthLoginRequest) (res AuthLoginResponse, err error) {
	defer wrap(&err, "auth/login")
	auth, err := c.verifyLogin(ctx, req)
	defer func() { c.audit(ctx, "auth/login", auth.Principal.Name, err) }()
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

// verifyLogin goes the way that the request takes.
func (c *Client) verifyLogin(ctx context.Context, req AuthLoginRequest) (Authorization, error) {
	byName := req.Username != "" && !req.Password.IsZero()
	byKey := !req.APIKey.IsZero()
	byPair := req.Key != "" && !req.Nonce.IsZero() && req.Signature != ""
	switch req {
	case AuthLoginRequest{Username: req.Username, Password: req.Password}:
		if byName {
			return c.verifyUser(ctx, req.Username, req.Password)
		}
	case AuthLoginRequest{APIKey: req.APIKey}:
		if byKey {
			return c.countFailure(ctx, loginName(req.APIKey), func(bool) (Authorization, error) { return c.verifyKey(ctx, req.APIKey) })
		}
	case AuthLoginRequest{Key: req.Key, Nonce: req.Nonce, Signature: req.Signature}:
		if byPair {
			return c.countFailure(ctx, req.Key, func(bool) (Authorization, error) {
				return c.verifySignature(ctx, req.Key, req.Nonce, req.Signature)
			})
		}
	}
	return Authorization{}, badParameter("want username and password, or api_key, or key, nonce and signature")
}

// errLogin is the one answer to every failed login.
func errLogin() *Error { return failed(Unauthorized, "login failed") }

// pad waits until a failed login has taken FailedLoginTime, or the next multiple of it.
func (c *core) pad(ctx context.Context, start time.Time) {
	step := c.opts.FailedLoginTime
	if step < 0 {
		return
	}
	t := time.NewTimer(step - time.Since(start)%step)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// countFailure makes a failed login of name count against it and where it came from, and answers it when its time has come.
func (c *Client) countFailure(ctx context.Context, name string, verify func(known bool) (Authorization, error)) (Authorization, error) {
	start := time.Now()
	a, err := c.door.begin(name, c.actor.Remote, c.now())
	if err != nil {
		return Authorization{}, err
	}
	known := c.door.knows(name, c.actor.Remote, c.now())
	leave, err := c.door.enter(known)
	if err != nil {
		a.undo()
		return Authorization{}, err
	}
	defer leave()
	auth, err := verify(known)
	switch {
	case err == nil:
		a.succeeded(c.now())
	case errors.Is(err, Unauthorized):
		c.pad(ctx, start)
	default:
		a.undo()
	}
	return auth, err
}

// verifyUser asks every backend, and the authorization in any case, so that the time tells nothing.
func (c *Client) verifyUser(ctx context.Context, user string, password Secret) (Authorization, error) {
	return c.countFailure(ctx, user, func(known bool) (Authorization, error) {
		release, err := c.door.slot(ctx, known)
		if err != nil {
			return Authorization{}, err
		}
		defer release()
		return c.askBackends(ctx, user, password)
	})
}

func (c *core) askBackends(ctx context.Context, user string, password Secret) (Authorization, error) {
	var verified bool
	var faults error
	for _, b := range c.opts.Backends {
		ok, err := b.Verify(ctx, c.store, user, password)
		verified = verified || ok && err == nil
		faults = errors.Join(faults, err)
	}
	auth, err := c.store.Authorization(ctx, userPrincipal(user))
	if err != nil && err != error(NotFound) {
		return auth, err
	}
	if err != nil || !verified {
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
	defer func() { c.audit(ctx, "auth/logout", st.Session.Principal.Name, err) }()
	if err != nil && err != error(NotFound) {
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
	if err != error(NotFound) {
		return s, err
	}
	st, err := c.store.Session(ctx, s.ID)
	if err == error(NotFound) || err == nil && st.Session.Gen != ref.gen+1 {
		return s, errUnauthorized()
	}
	return st.Session, err
}
