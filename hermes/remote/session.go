package remote

import (
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// session is what a login gave, with the auth_key of the last ping. It does not change.
type session struct {
	id, authKey hermes.Secret
	cookie      cookie
	renewed     time.Time     // when the login or the ping began that gave the auth_key
	ttl         time.Duration // of an auth_key
}

// young reports whether the auth_key has more than half of its life before it.
func (s *session) young(now time.Time) bool { return now.Before(s.renewed.Add(s.ttl / 2)) }

func (s *session) ended(now time.Time) bool { return !now.Before(s.renewed.Add(s.ttl)) }

// keeper has the session of a conn.
type keeper struct {
	current atomic.Pointer[session] // nil if there is none
	closed  atomic.Bool
	// turn has room for the one call that logs in or pings. The fields below are for that call only.
	turn chan struct{}

	refused      error     // of the last login, nil if it succeeded
	refusedUntil time.Time // no other login is tried before
	refusals     int       // logins that were refused since one succeeded

	failed   error     // of the last login that got no answer
	failedAt time.Time // for those that waited for it
}

func newKeeper() keeper { return keeper{turn: make(chan struct{}, 1)} }

// session returns the session for a call. If refused is not nil, it is the one with which the
// server has refused the call, and session returns another. Of several calls at once, one logs in
// or pings. The others go on with the auth_key that there is, or wait if that is of no use.
func (c *conn) session(ctx context.Context, refused *session) (*session, error) {
	s := c.current.Load()
	usable := s != nil && s != refused && !s.ended(c.opts.Now())
	if usable && s.young(c.opts.Now()) && !c.closed.Load() {
		return s, nil
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
		return c.renew(ctx, refused)
	default:
	}
	if usable {
		return s, nil
	}
	began := time.Now()
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
		if c.failedAt.After(began) {
			return nil, c.failed // or each that waits would wait for an answer as long again
		}
		return c.renew(ctx, refused)
	case <-ctx.Done():
		return nil, noAnswer(ctx.Err())
	}
}

// renew returns a session with a fresh auth_key, by a ping or by a login. The caller has the turn.
func (c *conn) renew(ctx context.Context, refused *session) (*session, error) {
	if c.closed.Load() {
		return nil, &hermes.Error{Response: hermes.Failed, Cause: hermes.Unauthorized, Detail: ErrClosed.Error(), Err: ErrClosed}
	}
	return c.shared(ctx, func() (*session, error) { return c.fresh(ctx, refused) })
}

// fresh is [conn.renew] for the one Client of all that share the session.
func (c *conn) fresh(ctx context.Context, refused *session) (*session, error) {
	s := c.current.Load()
	if s == nil || s == refused || s.ended(c.opts.Now()) {
		return c.logIn(ctx)
	}
	if s.young(c.opts.Now()) {
		return s, nil
	}
	next, _, err := c.ping(ctx, s)
	switch {
	case errors.Is(err, hermes.Unauthorized):
		return c.logIn(ctx)
	case err != nil && !s.ended(c.opts.Now()) && ctx.Err() == nil:
		c.opts.Logger.WarnContext(ctx, "hermes: the auth_key could not be renewed", "err", err)
		return s, nil // the call itself may have more luck
	case err != nil:
		return nil, err
	}
	c.current.Store(next)
	return next, nil
}

// ping returns the session with its next auth_key, and the answer. A ping whose answer was lost can
// be repeated.
func (c *conn) ping(ctx context.Context, s *session) (*session, answer, error) {
	began := c.opts.Now()
	a, err := c.post(ctx, "auth/ping", url.Values{}, s)
	if err != nil {
		return nil, a, noAnswer(err)
	}
	var res hermes.AuthPingResponse
	if err := a.read(&res); err != nil {
		return nil, a, err
	}
	next := *s
	next.authKey, next.renewed = res.AuthKey, began
	if set, ok := a.cookie(); ok {
		next.cookie = set
	}
	return &next, a, nil
}

// pingNow renews the auth_key whatever its age, and returns the answer too.
func (c *conn) pingNow(ctx context.Context) (a answer, err error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return a, noAnswer(ctx.Err())
	}
	_, err = c.shared(ctx, func() (*session, error) {
		s := c.current.Load()
		if s == nil {
			return nil, noSession()
		}
		var next *session
		var err error
		if next, a, err = c.ping(ctx, s); err == nil {
			c.current.Store(next)
		}
		return next, err
	})
	return a, err
}

func noSession() *hermes.Error {
	return &hermes.Error{Response: hermes.Failed, Cause: hermes.Unauthorized, Detail: ErrNoSession.Error(), Err: ErrNoSession}
}

// The time after a login that was refused in which no other is tried: the first one doubles with
// each, up to the longest.
const (
	refusalTime    = time.Second
	maxRefusalTime = time.Minute
)

// logIn opens a session. The caller has the turn.
func (c *conn) logIn(ctx context.Context) (*session, error) {
	if c.refused != nil && c.opts.Now().Before(c.refusedUntil) {
		return nil, c.refused
	}
	c.current.Store(nil)
	if c.opts.ways() == 0 {
		return nil, noSession()
	}
	var s *session
	err := c.repeat(ctx, "auth/login", func() (again, error) {
		var err error
		s, err = c.tryLogIn(ctx)
		return againAfter(err), err
	})
	if err != nil {
		c.keepFailure(ctx, err)
		return nil, err
	}
	c.refused, c.refusals = nil, 0
	c.current.Store(s)
	c.opts.Logger.InfoContext(ctx, "hermes: logged in", "server", c.base)
	return s, nil
}

// keepFailure makes the calls that come next fail in the same way for a while.
func (c *conn) keepFailure(ctx context.Context, err error) {
	c.opts.Logger.WarnContext(ctx, "hermes: the login failed", "err", err)
	switch {
	case ctx.Err() != nil: // it says nothing about other calls
	case errors.Is(err, ErrUnreachable):
		c.failed, c.failedAt = err, time.Now()
	default:
		wait := min(maxRefusalTime, refusalTime<<min(c.refusals, 6))
		if e, ok := errors.AsType[*hermes.Error](err); ok {
			wait = max(wait, e.RetryAfter)
		}
		c.refusals++
		c.refused, c.refusedUntil = err, c.opts.Now().Add(wait)
	}
}

// tryLogIn opens a session by one login. A nonce is for one login only.
func (c *conn) tryLogIn(ctx context.Context) (*session, error) {
	form := url.Values{}
	switch {
	case c.opts.KeyPair != nil:
		if err := c.sign(ctx, form); err != nil {
			return nil, err
		}
	case !c.opts.APIKey.IsZero():
		form.Set("api_key", c.opts.APIKey.Reveal())
	default:
		form.Set("username", c.opts.User)
		form.Set("password", c.opts.Password.Reveal())
	}
	began := c.opts.Now()
	a, err := c.post(ctx, "auth/login", form, nil)
	if err != nil {
		return nil, noAnswer(err)
	}
	var res hermes.AuthLoginResponse
	if err := a.read(&res); err != nil {
		return nil, err
	}
	set, _ := a.cookie() // a server may work without
	return &session{
		id: res.Session, authKey: res.AuthKey, cookie: set, renewed: began, ttl: time.Duration(res.ExpiresIn) * time.Second,
	}, nil
}

// sign adds the parameters of a login with the key pair.
func (c *conn) sign(ctx context.Context, form url.Values) error {
	pair := c.opts.KeyPair
	a, err := c.post(ctx, "auth/challenge", url.Values{"key": {pair.ID}}, nil)
	if err != nil {
		return noAnswer(err)
	}
	var res hermes.AuthChallengeResponse
	if err := a.read(&res); err != nil {
		return err
	}
	if res.Origin != pair.Origin {
		return &hermes.Error{
			Response: hermes.Failed, Cause: hermes.Unauthorized,
			Detail: fmt.Sprintf("the origin of the server is %q; want %q: set KeyPair.Origin if that is the right server", res.Origin, pair.Origin),
		}
	}
	signature, err := pair.Key.Sign(c.opts.Rand, hermes.LoginMessage(pair.Origin, pair.ID, res.Nonce), crypto.Hash(0))
	if err != nil {
		return &hermes.Error{Response: hermes.Failed, Cause: hermes.Unauthorized, Detail: "the key pair could not sign", Err: err}
	}
	form.Set("key", pair.ID)
	form.Set("nonce", res.Nonce.Reveal())
	form.Set("signature", base64.RawURLEncoding.EncodeToString(signature))
	return nil
}

// logout ends the session, and the use of c. The answer is empty if there was no session.
func (c *conn) logout(ctx context.Context) (a answer, err error) {
	c.closed.Store(true)
	select { // a login under way would open another session
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
	}
	_, err = c.shared(ctx, func() (*session, error) {
		s := c.current.Swap(nil)
		if s == nil {
			return nil, nil
		}
		var err error
		if a, err = c.post(ctx, "auth/logout", url.Values{"session": {s.id.Reveal()}}, &session{cookie: s.cookie}); err != nil {
			return nil, noAnswer(err)
		}
		return nil, a.read(&hermes.AuthLogoutResponse{})
	})
	return a, withNode(err, "auth/logout")
}
