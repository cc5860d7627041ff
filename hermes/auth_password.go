package hermes

import "context"

// AuthUpdateUserRequest names an API user and its new password.
type AuthUpdateUserRequest struct {
	User        string `form:"user,required" json:"user"`
	Password    Secret `form:"password,required" json:"password"`         // 8 to 128 characters but control
	OldPassword Secret `form:"old_password" json:"old_password,omitzero"` // for one's own, without CanAdminister
}

// AuthUpdateUserResponse names the user.
type AuthUpdateUserResponse struct {
	User string `json:"user"`
}

// AuthUpdateUser changes an API user's password: anybody's with CanAdminister, one's own with the old
// one. All other sessions of the user end. Causes: NotFound, ReadOnly, Unauthorized (the old password is wrong), Forbidden.
func (c *Client) AuthUpdateUser(ctx context.Context, req AuthUpdateUserRequest) (res AuthUpdateUserResponse, err error) {
	defer wrap(&err, "auth/update_user")
	if err = c.Allows("auth/update_user", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/update_user", req.User, err) }()
	if err = c.checkUpdate(ctx, req); err != nil {
		return res, err
	}
	change, err := c.newPassword(ctx, req.User, req.Password, c.actor.session.state.ID)
	if err != nil {
		return res, err
	}
	err = c.store.Tx(ctx, func(s Store) error { return change(ctx, s) })
	return AuthUpdateUserResponse{User: req.User}, err
}

// newPassword prepares a user's new password: ReadOnly where the user's backend is not the one that can be written. All
// the user's sessions but keep end.
func (c *core) newPassword(ctx context.Context, user string, password Secret, keep Hash) (Change, error) {
	w, err := c.writable()
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
	update, err := w.Update(user, password)
	if err != nil {
		return nil, internalFault(err)
	}
	return func(ctx context.Context, s Store) error {
		if err := update(ctx, s); err != nil {
			return noBackendUser(err, user)
		}
		return s.RemoveSessions(ctx, userPrincipal(user), keep)
	}, nil
}

func (req AuthUpdateUserRequest) needs(a Actor) Capability {
	if a.Principal == userPrincipal(req.User) {
		return CanRead
	}
	return CanAdminister
}

// checkUpdate also wants the old password of who cannot administer.
func (c *Client) checkUpdate(ctx context.Context, req AuthUpdateUserRequest) error {
	if err := firstError(checkAPIUser(req.User), checkAPIPassword("password", req.Password)); err != nil {
		return err
	}
	if c.actor.Access.Allows(CanAdminister) {
		return nil
	}
	if req.OldPassword.IsZero() {
		return badParameter("old_password: missing; want the present one")
	}
	_, err := c.verifyUser(ctx, req.User, req.OldPassword)
	return err
}
