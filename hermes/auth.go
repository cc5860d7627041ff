package hermes

import (
	"cmp"
	"context"
)

func checkAccess(a Access) error {
	if a < LimitedRead || a > FullWrite {
		return badParameter("access: want limited_read, full_read, limited_write or full_write")
	}
	return nil
}

func userPrincipal(user string) Principal { return Principal{Kind: UserPrincipal, Name: user} }

// mayGrant refuses to grant more than the actor has.
func (c *Client) mayGrant(a Access) error {
	if !c.actor.Access.Allows(accessAllows[a]) {
		return failed(Forbidden, "the access level %s cannot grant %s", c.actor.Access, a)
	}
	return nil
}

// accessLocks returns the locks for changing the access level of p.
func accessLocks(p Principal) []Lock { return []Lock{LockAccess(), LockPrincipal(p)} }

// AuthAuthorizeRequest names a backend user and an access level.
type AuthAuthorizeRequest struct {
	User   string `form:"user,required" json:"user"`
	Access Access `form:"access,required" json:"access"`
}

// Check implements [Request].
func (r AuthAuthorizeRequest) Check(...string) error {
	return firstError(checkNewAPIUser(r.User), checkAccess(r.Access))
}

// AuthAuthorizeResponse has both.
type AuthAuthorizeResponse struct {
	User   string `json:"user"`
	Access Access `json:"access"`
}

// AuthAuthorize authorizes a backend user, or changes the user's access level, which takes effect
// on the user's next request. An actor cannot grant more than it has. Causes: NotFound (no backend
// has the user), Forbidden (also for an actor that is a key with a host or an expiry), InUse (the
// user is the last administrator; see [Client.Bootstrapped]).
func (c *Client) AuthAuthorize(ctx context.Context, req AuthAuthorizeRequest) (res AuthAuthorizeResponse, err error) {
	defer wrap(&err, "auth/authorize")
	if err = c.Authorize("auth/authorize", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/authorize", req.User, err) }()
	if err = req.Check(); err != nil {
		return res, err
	}
	if err = c.mayGrant(req.Access); err != nil {
		return res, err
	}
	if err = c.mayMakeUsers(ctx); err != nil {
		return res, err
	}
	b, err := c.needBackend(ctx, req.User)
	if err != nil {
		return res, err
	}
	err = c.authorizeUser(ctx, Authorization{Principal: userPrincipal(req.User), Access: req.Access}, b)
	return AuthAuthorizeResponse(req), err
}

// authorizeUser stores the authorization of a user that the backend b has.
func (c *Client) authorizeUser(ctx context.Context, a Authorization, b Backend) (err error) {
	if a.Epoch, err = c.newEpoch(); err != nil {
		return err
	}
	var away elsewhere
	if a.Access != FullWrite {
		if away, err = c.adminsElsewhere(ctx, a.Principal); err != nil {
			return err
		}
	}
	return c.change(ctx, accessLocks(a.Principal), func(s Store) error {
		if err := needStillUser(ctx, s, b, a.Principal.Name); err != nil {
			return err
		}
		if err := c.keepLastAdmin(ctx, s, a, away); err != nil {
			return err
		}
		return s.SetAuthorization(ctx, a)
	})
}

// AuthRemoveUserRequest names an API user.
type AuthRemoveUserRequest struct {
	User string `form:"user,required" json:"user"`
}

// Check implements [Request].
func (r AuthRemoveUserRequest) Check(...string) error { return checkAPIUser(r.User) }

// AuthRemoveUserResponse names the removed user.
type AuthRemoveUserResponse struct {
	User string `json:"user"`
}

// AuthRemoveUser removes the authorization and the sessions of a user, and the user too if its
// backend can be written. Causes: NotFound (the user is neither authorized nor in such a backend),
// InUse (the user is the last administrator; see [Client.Bootstrapped]).
func (c *Client) AuthRemoveUser(ctx context.Context, req AuthRemoveUserRequest) (res AuthRemoveUserResponse, err error) {
	defer wrap(&err, "auth/remove_user")
	if err = c.Authorize("auth/remove_user", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/remove_user", req.User, err) }()
	if err = req.Check(); err != nil {
		return res, err
	}
	away, err := c.adminsElsewhere(ctx, userPrincipal(req.User))
	if err != nil {
		return res, err
	}
	err = c.change(ctx, accessLocks(userPrincipal(req.User)), func(s Store) error {
		return c.removeAPIUser(ctx, s, req.User, away)
	})
	return AuthRemoveUserResponse(req), err
}

func (c *Client) removeAPIUser(ctx context.Context, s Store, user string, away elsewhere) error {
	p := userPrincipal(user)
	if err := c.keepLastAdmin(ctx, s, Authorization{Principal: p}, away); err != nil {
		return err
	}
	removed := s.RemoveAuthorization(ctx, p)
	if removed != nil && removed != error(NotFound) {
		return removed
	}
	if err := s.RemoveSessions(ctx, p, Hash{}); err != nil {
		return err
	}
	w, err := c.writableBackend()
	if err != nil {
		return noBackendUser(removed, user)
	}
	err = w.Remove(user)(ctx, s)
	if err == error(NotFound) {
		return noBackendUser(removed, user)
	}
	return err
}

// AuthListUsersRequest has no parameters.
type AuthListUsersRequest struct{}

// Check implements [Request].
func (AuthListUsersRequest) Check(...string) error { return nil }

// AuthListUsersResponse has the authorized users in the order of their names.
type AuthListUsersResponse struct {
	List []AuthUserEntry `json:"list"`
}

// AuthUserEntry is an authorized user.
type AuthUserEntry struct {
	User    string `json:"user"`
	Access  Access `json:"access"`
	Backend string `json:"backend"` // empty if no backend has the user any more
}

// AuthListUsers lists the authorized backend users.
func (c *Client) AuthListUsers(ctx context.Context, req AuthListUsersRequest) (res AuthListUsersResponse, err error) {
	defer wrap(&err, "auth/list_users")
	if err = c.precheck("auth/list_users", req); err != nil {
		return res, err
	}
	all, err := c.store.Authorizations(ctx)
	if err != nil {
		return res, err
	}
	res.List = []AuthUserEntry{}
	for _, a := range all {
		if a.Principal.Kind != UserPrincipal {
			continue
		}
		entry := AuthUserEntry{User: a.Principal.Name, Access: a.Access}
		b, err := c.backendOf(ctx, entry.User)
		if err != nil {
			return AuthListUsersResponse{}, err
		}
		if b != nil {
			entry.Backend = b.Name()
		}
		res.List = append(res.List, entry)
	}
	return res, nil
}

// AuthAddUserRequest describes a new API user.
type AuthAddUserRequest struct {
	User string `form:"user,required" json:"user"`
	// Password has 8 to 128 characters except control characters. If empty, one is generated.
	Password Secret `form:"password" json:"password,omitzero"`
}

// Check implements [Request].
func (r AuthAddUserRequest) Check(...string) error {
	if err := checkNewAPIUser(r.User); err != nil || r.Password.IsZero() {
		return err
	}
	return checkAPIPassword(r.Password)
}

// AuthAddUserResponse has the user, and the password if it was generated.
type AuthAddUserResponse struct {
	User     string      `json:"user"`
	Access   Access      `json:"access"` // LimitedRead
	Password Opt[Secret] `json:"password,omitzero"`
}

// AuthAddUser adds a user to the backend that can be written and authorizes it for LimitedRead.
// Causes: Exists, ReadOnly, Forbidden (also for an actor that is a key with a host or an expiry).
func (c *Client) AuthAddUser(ctx context.Context, req AuthAddUserRequest) (res AuthAddUserResponse, err error) {
	defer wrap(&err, "auth/add_user")
	if err = c.Authorize("auth/add_user", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/add_user", req.User, err) }()
	if err = req.Check(); err != nil {
		return res, err
	}
	if err = c.mayMakeUsers(ctx); err != nil {
		return res, err
	}
	res = AuthAddUserResponse{User: req.User, Access: LimitedRead}
	password := req.Password
	if password.IsZero() {
		if password, err = c.generatePassword(); err != nil {
			return AuthAddUserResponse{}, err
		}
		res.Password = Some(password)
	}
	a := Authorization{Principal: userPrincipal(req.User), Access: LimitedRead}
	if err = c.addAPIUser(ctx, a, password, nil); err != nil {
		return AuthAddUserResponse{}, err
	}
	return res, nil
}

// addAPIUser makes a backend user with an authorization, in one transaction. If check is not nil,
// it is called first in the transaction, and its error ends it.
func (c *Client) addAPIUser(ctx context.Context, a Authorization, password Secret, check func(Store) error) error {
	user := a.Principal.Name
	w, err := c.writableBackend()
	if err != nil {
		return err
	}
	b, err := c.backendOf(ctx, user)
	if err != nil {
		return err
	}
	if b != nil {
		return failed(Exists, "the backend %s has the user %q", b.Name(), user)
	}
	add, err := w.Add(user, normalPassword(password))
	if err != nil {
		return internalFault(err)
	}
	if a.Epoch, err = c.newEpoch(); err != nil {
		return err
	}
	return c.change(ctx, accessLocks(a.Principal), func(s Store) error {
		if check != nil {
			if err := check(s); err != nil {
				return err
			}
		}
		if err := add(ctx, s); err != nil {
			return taken(err, "the user %q exists", user)
		}
		return s.SetAuthorization(ctx, a)
	})
}

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
	if a.Principal == userPrincipal(r.User) {
		return CanRead
	}
	return CanAdminister
}

// AuthUpdateUserResponse names the user.
type AuthUpdateUserResponse struct {
	User string `json:"user"`
}

// AuthUpdateUser changes the password of an API user: any user's with CanAdminister, and otherwise
// the actor's own with the old password. All other sessions of the user end, and logins under way
// with the old password open none. Causes: NotFound, ReadOnly, Unauthorized (the old password is
// wrong), Forbidden (also for an actor that is a key with a host or an expiry).
func (c *Client) AuthUpdateUser(ctx context.Context, req AuthUpdateUserRequest) (res AuthUpdateUserResponse, err error) {
	defer wrap(&err, "auth/update_user")
	if err = c.Authorize("auth/update_user", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/update_user", req.User, err) }()
	if err = req.Check(); err != nil {
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
	update, err := c.newPassword(ctx, req.User, req.Password, c.actor.session.state.ID)
	if err != nil {
		return res, err
	}
	locks := []Lock{LockPrincipal(userPrincipal(req.User))}
	err = c.change(ctx, locks, func(s Store) error {
		if verified != (Authorization{}) {
			if same, err := isUnchanged(ctx, s, verified); err != nil || !same {
				return cmp.Or(err, error(errLogin()))
			}
		}
		return update(ctx, s)
	})
	return AuthUpdateUserResponse{User: req.User}, err
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
