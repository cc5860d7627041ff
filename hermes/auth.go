package hermes

import (
	"context"
	"strings"
)

// apiUserMax is the length of the longest name of an API user, in characters.
const apiUserMax = 64

func checkAPIUser(user string) error {
	if user == "" {
		return badParameter("user: missing; want the name of an API user")
	}
	if strings.Contains(user, ":") {
		return badParameter("user %q: want a name without a colon", user)
	}
	return checkText("user", user, apiUserMax)
}

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

// keepLastAdmin refuses to lower or to remove (NoAccess) the last principal with FullWrite.
func (c *Client) keepLastAdmin(ctx context.Context, s Store, next Authorization) error {
	if next.Access == FullWrite {
		return nil
	}
	admins, err := c.admins(ctx, s)
	if err == nil && len(admins) == 1 && admins[0] == next.Principal {
		err = failed(InUse, "%s is the last with the access level %s", next.Principal.Name, FullWrite)
	}
	return err
}

// admins returns the principals with FullWrite, without expired keys.
func (c *Client) admins(ctx context.Context, s Store) ([]Principal, error) {
	all, err := s.Authorizations(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := s.Keys(ctx)
	if err != nil {
		return nil, err
	}
	expired := map[Principal]bool{}
	for _, k := range keys {
		expired[keyPrincipal(k.ID)] = !k.Expires.IsZero() && !c.now().Before(k.Expires)
	}
	var admins []Principal
	for _, a := range all {
		if a.Access == FullWrite && !expired[a.Principal] {
			admins = append(admins, a.Principal)
		}
	}
	return admins, nil
}

// AuthAuthorizeRequest names a backend user and an access level.
type AuthAuthorizeRequest struct {
	User   string `form:"user,required" json:"user"`
	Access Access `form:"access,required" json:"access"`
}

// Check implements [Request].
func (r AuthAuthorizeRequest) Check(...string) error {
	return firstError(checkAPIUser(r.User), checkAccess(r.Access))
}

// AuthAuthorizeResponse has both.
type AuthAuthorizeResponse struct {
	User   string `json:"user"`
	Access Access `json:"access"`
}

// AuthAuthorize authorizes a backend user, or changes the user's access level, which takes effect
// on the user's next request. An actor cannot grant more than it has. Causes: NotFound (no backend
// has the user), Forbidden, InUse (the user is the last principal with FullWrite).
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
	b, err := c.needBackend(ctx, req.User)
	if err != nil {
		return res, err
	}
	err = c.change(ctx, accessLocks(userPrincipal(req.User)), func(s Store) error {
		if err := needStillUser(ctx, s, b, req.User); err != nil {
			return err
		}
		a := Authorization{Principal: userPrincipal(req.User), Access: req.Access}
		if err := c.keepLastAdmin(ctx, s, a); err != nil {
			return err
		}
		return s.SetAuthorization(ctx, a)
	})
	return AuthAuthorizeResponse(req), err
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
// InUse (the user is the last principal with FullWrite).
func (c *Client) AuthRemoveUser(ctx context.Context, req AuthRemoveUserRequest) (res AuthRemoveUserResponse, err error) {
	defer wrap(&err, "auth/remove_user")
	if err = c.Authorize("auth/remove_user", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/remove_user", req.User, err) }()
	if err = req.Check(); err != nil {
		return res, err
	}
	err = c.change(ctx, accessLocks(userPrincipal(req.User)), func(s Store) error {
		return c.removeAPIUser(ctx, s, req.User)
	})
	return AuthRemoveUserResponse(req), err
}

func (c *Client) removeAPIUser(ctx context.Context, s Store, user string) error {
	p := userPrincipal(user)
	if err := c.keepLastAdmin(ctx, s, Authorization{Principal: p}); err != nil {
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
	if err := checkAPIUser(r.User); err != nil || r.Password.IsZero() {
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
// Causes: Exists, ReadOnly.
func (c *Client) AuthAddUser(ctx context.Context, req AuthAddUserRequest) (res AuthAddUserResponse, err error) {
	defer wrap(&err, "auth/add_user")
	if err = c.Authorize("auth/add_user", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/add_user", req.User, err) }()
	if err = req.Check(); err != nil {
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
	add, err := w.Add(user, password)
	if err != nil {
		return internalFault(err)
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
// the actor's own with the old password. All other sessions of the user end. Causes: NotFound,
// ReadOnly, Unauthorized (the old password is wrong), Forbidden.
func (c *Client) AuthUpdateUser(ctx context.Context, req AuthUpdateUserRequest) (res AuthUpdateUserResponse, err error) {
	defer wrap(&err, "auth/update_user")
	if err = c.Authorize("auth/update_user", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/update_user", req.User, err) }()
	if err = req.Check(); err != nil {
		return res, err
	}
	if !c.actor.Access.Allows(CanAdminister) {
		if req.OldPassword.IsZero() {
			return res, badParameter("old_password: missing; want the present one")
		}
		if _, err = c.verifyUser(ctx, req.User, req.OldPassword); err != nil {
			return res, err
		}
	}
	update, err := c.newPassword(ctx, req.User, req.Password, c.actor.session.state.ID)
	if err != nil {
		return res, err
	}
	locks := []Lock{LockPrincipal(userPrincipal(req.User))}
	err = c.change(ctx, locks, func(s Store) error { return update(ctx, s) })
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
