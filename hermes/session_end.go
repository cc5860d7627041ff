package hermes

import (
	"context"
	"errors"
	"time"
)

// unconfirmedTime is how long a session goes on while no backend can say whether its user exists.
const unconfirmedTime = 30 * time.Minute

// Reasons why sessions were ended, for the audit log and the caller.
var (
	errOldAuthKey   = errors.New("the session has ended: an old auth_key was shown, which is a copy that was kept")
	errNotConfirmed = errors.New("the session has ended: no authentication backend has its user any more, or could be asked")
)

// sessionEnded returns Unauthorized for a session that was ended for a security reason, and writes
// an audit line with the reason.
func (c *Client) sessionEnded(ctx context.Context, s Session, reason error) error {
	err := failed(Unauthorized, "%s; log in again", reason)
	err.Err = reason
	c.audit(ctx, "auth/ping", s.Principal.Name, err)
	return err
}

// confirmUser asks the backends for the user of a session and returns when they last had the user.
// It ends the sessions of a user that they do not have any more.
func (c *Client) confirmUser(ctx context.Context, s Session) (confirmed time.Time, err error) {
	if s.Principal.Kind != UserPrincipal {
		return s.Confirmed, nil
	}
	b, err := c.backendOf(ctx, s.Principal.Name)
	now := c.now()
	switch {
	case err == nil && b != nil:
		return now, nil
	case err == nil:
		err = c.store.RemoveSessions(ctx, s.Principal, Hash{})
	case inStore(b) || ctx.Err() != nil:
		return s.Confirmed, err
	case now.Before(s.Confirmed.Add(unconfirmedTime)):
		return s.Confirmed, nil
	default:
		err = c.store.RemoveSession(ctx, s.ID)
	}
	if err != nil {
		return s.Confirmed, c.changed(err)
	}
	return s.Confirmed, c.sessionEnded(ctx, s, errNotConfirmed)
}

// AuthLogoutRequest names a session. Its cookie must come with it.
type AuthLogoutRequest struct {
	Session Secret `form:"session,required" json:"session"`
	Cookie  Secret `form:"-" cookie:"value" json:"-"`
}

// Check implements [Request].
func (r AuthLogoutRequest) Check(...string) error {
	if r.Session.IsZero() {
		return badParameter("session: missing")
	}
	return nil
}

// AuthLogoutResponse removes the cookie.
type AuthLogoutResponse struct {
	Cookie Cookie `json:"-"`
}

// AuthLogout ends a session. It is not an error if the session does not exist any more. Causes:
// Unauthorized (without the cookie, or with that of another session; nothing is ended then).
func (c *Client) AuthLogout(ctx context.Context, req AuthLogoutRequest) (res AuthLogoutResponse, err error) {
	defer wrap(&err, "auth/logout")
	if err = firstError(c.call.refuse(), req.Check()); err != nil {
		return res, err
	}
	if !wellFormed(req.Session.reveal(), sessionPrefix, sessionBody) ||
		!c.opts.NoCookie && !wellFormed(req.Cookie.reveal(), cookiePrefix, cookieBody) {
		return res, errUnauthorized()
	}
	id := hashOf(req.Session)
	ended := AuthLogoutResponse{Cookie: Cookie{MaxAge: -1}}
	st, err := c.store.Session(ctx, id)
	defer func() { c.audit(ctx, "auth/logout", st.Session.Principal.Name, err) }()
	if err == error(NotFound) {
		return ended, nil // without a write, which any client could cause
	}
	if err != nil {
		return res, err
	}
	if !c.opts.NoCookie && !equalHashes(hashOf(req.Cookie), st.Session.Cookie) {
		return res, errUnauthorized()
	}
	if err = c.changed(c.store.RemoveSession(ctx, id)); err != nil {
		return res, err
	}
	return ended, nil
}

// SweepSessions removes the sessions, the nonces, the known logins and the kept answers that have
// expired and returns how many it removed. A server should call it periodically.
func (c *Client) SweepSessions(ctx context.Context) (n int64, err error) {
	defer wrap(&err, "")
	n, err = c.store.SweepExpired(ctx, c.now())
	return n, c.changed(err)
}
