package hermes

import (
	"context"
	"errors"
	"time"
)

// AuthLoginRequest shows who the caller is, in exactly one of three ways: by a user name and a
// password; by an API key; or by the id of a key pair, the nonce from AuthChallenge and its
// signature.
type AuthLoginRequest struct {
	Username string `form:"username" json:"username,omitzero"`
	Password Secret `form:"password" json:"password,omitzero"`
	APIKey   Secret `form:"api_key" json:"api_key,omitzero"`
	Key      string `form:"key" json:"key,omitzero"`
	Nonce    Secret `form:"nonce" json:"nonce,omitzero"`
	// Signature is that of LoginMessage, in unpadded base64url.
	Signature string `form:"signature" json:"signature,omitzero"`
}

// Check implements [Request].
func (r AuthLoginRequest) Check(...string) error {
	switch r {
	case AuthLoginRequest{Username: r.Username, Password: r.Password}:
		if r.Username != "" && !r.Password.IsZero() {
			return nil
		}
	case AuthLoginRequest{APIKey: r.APIKey}:
		if !r.APIKey.IsZero() {
			return nil
		}
	case AuthLoginRequest{Key: r.Key, Nonce: r.Nonce, Signature: r.Signature}:
		if r.Key != "" && !r.Nonce.IsZero() && r.Signature != "" {
			return nil
		}
	}
	return badParameter("want username and password, or api_key, or key, nonce and signature")
}

// AuthLoginResponse has the new session. The HTTP API sends Cookie as a cookie.
type AuthLoginResponse struct {
	Session   Secret `json:"session"`
	AuthKey   Secret `json:"auth_key"`
	Cookie    Cookie `json:"-"`
	Access    Access `json:"access"`
	ExpiresIn int64  `json:"expires_in"` // lifetime of the auth_key, in seconds
}

// maxLoginTries is how often a login is verified whose principal changes meanwhile.
const maxLoginTries = 3

// AuthLogin opens a session. All failed logins get the same Unauthorized, after the same time
// (Options.FailedLoginTime). Causes: Unauthorized, Throttled, Busy.
func (c *Client) AuthLogin(ctx context.Context, req AuthLoginRequest) (res AuthLoginResponse, err error) {
	defer wrap(&err, "auth/login")
	var auth Authorization
	defer func() { c.audit(ctx, "auth/login", auth.Principal.Name, err) }()
	if err = req.Check(); err != nil {
		return res, err
	}
	var s Session
	var cred Credentials
	for try, opened := 1, false; !opened; try++ {
		if try > maxLoginTries {
			return res, errLogin()
		}
		if auth, err = c.verifyLogin(ctx, req); err != nil {
			return res, err
		}
		// If the principal has changed since, the login is verified again.
		if s, cred, opened, err = c.openSession(ctx, auth); err != nil {
			return res, err
		}
	}
	c.store.AfterCommit(func() { c.rememberLogin(auth.Principal) })
	return AuthLoginResponse{
		Session: cred.Session, AuthKey: cred.AuthKey, Cookie: c.cookieFor(cred.Cookie, s.KeyExpires),
		Access: auth.Access, ExpiresIn: int64(s.KeyExpires.Sub(s.Created) / time.Second),
	}, nil
}

func (c *Client) verifyLogin(ctx context.Context, req AuthLoginRequest) (Authorization, error) {
	switch {
	case req.Username != "":
		return c.verifyUser(ctx, req.Username, req.Password)
	case req.Key != "":
		return c.limitKeyLogin(ctx, func() (Authorization, error) {
			return c.verifySignature(ctx, req.Key, req.Nonce, req.Signature)
		})
	}
	return c.limitKeyLogin(ctx, func() (Authorization, error) { return c.verifyKey(ctx, req.APIKey) })
}

// errLogin is the answer to every failed login.
func errLogin() *Error { return failed(Unauthorized, "login failed") }

// limitKeyLogin calls verify, and limits its failures. A right key is never refused because of
// those of others: to verify it costs little.
func (c *Client) limitKeyLogin(ctx context.Context, verify func() (Authorization, error)) (Authorization, error) {
	start := time.Now()
	auth, err := verify()
	if !errors.Is(err, Unauthorized) {
		return auth, err
	}
	done, limited := c.limiter.failKey(c.actor.Remote)
	if limited != nil {
		return Authorization{}, limited
	}
	defer done()
	c.padFailedLogin(ctx, start)
	return auth, err
}

// padFailedLogin waits until a failed login has taken FailedLoginTime, or the next multiple of it.
func (c *Client) padFailedLogin(ctx context.Context, start time.Time) {
	Pad(ctx, start, c.opts.FailedLoginTime)
}

// Pad waits until the time since start is a multiple of step, so that how long an answer takes does
// not reveal why it is one, or until ctx ends. It returns at once if step is not positive.
func Pad(ctx context.Context, start time.Time, step time.Duration) {
	if step <= 0 {
		return
	}
	t := time.NewTimer(step - time.Since(start)%step)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// verifyUser returns the authorization of a user who gave the right password, if the limits on
// failed logins allow the attempt.
func (c *Client) verifyUser(ctx context.Context, user string, password Secret) (Authorization, error) {
	start := time.Now()
	if err := c.learnLogins(ctx, user); err != nil {
		return Authorization{}, err
	}
	attempt, err := c.limiter.begin(ctx, user, len(user)+password.size(), c.actor.Remote)
	if err != nil {
		return Authorization{}, err
	}
	defer attempt.end()
	auth, wrong, err := c.askBackends(ctx, user, password, attempt.known)
	attempt.settle(wrong) // before the padding, so that others do not wait for it
	if errors.Is(err, Unauthorized) {
		c.padFailedLogin(ctx, start)
	}
	return auth, err
}
