package hermes

import (
	"cmp"
	"context"
)

// AuthUpdateUserRequest names an API user and its new password.
type AuthUpdateUserRequest struct {
	User string `form:"user,required" json:"user"`
	// Password has 8 to 128 characters except control characters.
	Password Secret `form:"password,required" json:"password"`
	// OldPassword is required of a user who changes their own password without CanAdminister.
	OldPassword Secret `form:"old_password" json:"old_password,omitzero"`
}

// Check implements [Request].
func (r AuthUpdateUserRequest) Check(...string) error {
	return firstError(checkAPIUser(r.User), checkAPIPassword(r.Password))
}

func (r AuthUpdateUserRequest) needs(a Actor) Capability {
	if r.isOwn(a) {
		return CanRead
	}
	return CanAdminister
}

func (r AuthUpdateUserRequest) isOwn(a Actor) bool { return a.Principal == userPrincipal(r.User) }

// AuthUpdateUserResponse names the user.
type AuthUpdateUserResponse struct {
	User string `json:"user"`
}

// AuthUpdateUser changes the password of an API user: any user's with CanAdminister, and otherwise
// the actor's own with the old password. All other sessions of the user end, and logins under way
// with the old password open none. Causes: NotFound, ReadOnly, Unauthorized (the old password is
// wrong), Forbidden (also for an actor that is a key with a host or an expiry, and if the user's
// rights are wider than those of the actor).
func (c *Client) AuthUpdateUser(ctx context.Context, req AuthUpdateUserRequest) (res AuthUpdateUserResponse, err error) {
	defer wrap(&err, "auth/update_user")
	if err = c.Authorize("auth/update_user", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/update_user", req.User, err) }()
	if err = c.check(ctx, "auth/update_user", req); err != nil {
		return res, err
	}
	var verified Authorization
	if !c.actor.Access.Allows(CanAdminister) {
		if req.OldPassword.IsZero() {
			return res, badParameter("old_password: missing; want the present one")
		}
		if verified, err = c.verifyUser(ctx, req.User, req.OldPassword); err != nil {
			return res, err
		}
	} else if err = c.mayMakeUsers(ctx); err != nil {
		return res, err
	}
	if err = c.needUpdatable(ctx, c.store, req); err != nil {
		return res, err
	}
	update, err := c.newPassword(ctx, req.User, req.Password, c.actor.session.state.ID)
	if err != nil {
		return res, err
	}
	locks := []Lock{LockPrincipal(userPrincipal(req.User))}
	err = c.change(ctx, "auth/update_user", nil, locks, func(s Store) error {
		if err := c.needUpdatable(ctx, s, req); err != nil {
			return err
		}
		if verified != (Authorization{}) {
			if same, err := isUnchanged(ctx, s, verified); err != nil || !same {
				return cmp.Or(err, error(errLogin()))
			}
		}
		return update(ctx, s)
	})
	return AuthUpdateUserResponse{User: req.User}, err
}

// needUpdatable refuses to change the password of another user whose rights are wider than those of
// the actor.
func (c *Client) needUpdatable(ctx context.Context, s Store, req AuthUpdateUserRequest) error {
	if req.isOwn(c.actor) {
		return nil
	}
	return noBackendUser(c.needManageable(ctx, s, userPrincipal(req.User)), req.User)
}

// newPassword prepares a change that sets a user's password and ends all the user's sessions but
// keep. It returns ReadOnly if the user's backend is not the one that can be written.
func (c *Client) newPassword(ctx context.Context, user string, password Secret, keep Hash) (Change, error) {
	w, err := c.writableBackend()
	if err != nil {
		return nil, err
	}
	b, err := c.needBackend(ctx, user)
	if err != nil {
		return nil, err
	}
	if b.Name() != w.Name() {
		return nil, failed(ReadOnly, "the backend %s of %q cannot be written", b.Name(), user)
	}
	update, err := w.Update(user, normalPassword(password))
	if err != nil {
		return nil, internalFault(err)
	}
	epoch, err := c.newEpoch()
	return func(ctx context.Context, s Store) error {
		if err := update(ctx, s); err != nil {
			return noBackendUser(err, user)
		}
		a, err := s.Authorization(ctx, userPrincipal(user))
		if err == nil {
			a.Epoch = epoch
			err = s.SetAuthorization(ctx, a)
		}
		if err != nil && err != error(NotFound) {
			return err
		}
		return s.RemoveSessions(ctx, userPrincipal(user), keep)
	}, err
}
