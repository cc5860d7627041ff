package hermes

import (
	"context"
	"strings"
)

// apiUserMax is the longest name of an API user, in characters.
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

func userPrincipal(user string) Principal { return Principal{UserPrincipal, user} }

// AuthAuthorizeRequest names a backend user and its level.
type AuthAuthorizeRequest struct {
	User   string `form:"user,required" json:"user"`
	Access Access `form:"access,required" json:"access"`
}

// AuthAuthorizeResponse has both.
type AuthAuthorizeResponse struct {
	User   string `json:"user"`
	Access Access `json:"access"`
}

// AuthAuthorize adds a backend user's authorization, or replaces its level; that works at the
// user's very next request. Nobody grants more than they have. Causes: Nonexistant (the backends have no such user), InUse (it is the last with FullWrite).
func (c *Client) AuthAuthorize(ctx context.Context, req AuthAuthorizeRequest) (res AuthAuthorizeResponse, err error) {
	defer wrap(&err, "auth/authorize")
	if err = c.allow("auth/authorize"); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/authorize", req.User, err) }()
	if err = firstError(checkAPIUser(req.User), c.mayGrant(req.Access)); err != nil {
		return res, err
	}
	b, err := c.needBackend(ctx, req.User)
	if err != nil {
		return res, err
	}
	err = c.store.Tx(ctx, func(s Store) error {
		if err := stillHas(ctx, s, b, req.User); err != nil {
			return err
		}
		a := Authorization{userPrincipal(req.User), req.Access}
		if err := c.keepLastAdmin(ctx, s, a); err != nil {
			return err
		}
		return s.SetAuthorization(ctx, a)
	})
	return AuthAuthorizeResponse(req), err
}

func (c *Client) mayGrant(a Access) error {
	if a < LimitedRead || a > FullWrite {
		return badParameter("access: want limited_read, full_read, limited_write or full_write")
	}
	if !c.actor.Access.Allows(accessAllows[a]) {
		return failed(Forbidden, "the access level %s cannot grant %s", c.actor.Access, a)
	}
	return nil
}

// keepLastAdmin refuses to lower or remove (NoAccess) the last principal with FullWrite, after
// which nobody could mend anything. A key that has expired is no help then.
func (c *core) keepLastAdmin(ctx context.Context, s Store, next Authorization) error {
	if next.Access == FullWrite {
		return nil
	}
	admins, err := c.admins(ctx, s)
	if err == nil && len(admins) == 1 && admins[0] == next.Principal {
		err = failed(InUse, "%s is the last with the access level %s", next.Principal.Name, FullWrite)
	}
	return err
}

// admins returns the principals with FullWrite.
func (c *core) admins(ctx context.Context, s Store) ([]Principal, error) {
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

// AuthRemoveUserRequest names an API user.
type AuthRemoveUserRequest struct {
	User string `form:"user,required" json:"user"`
}

// AuthRemoveUserResponse names the removed user.
type AuthRemoveUserResponse struct {
	User string `json:"user"`
}

// AuthRemoveUser removes a user's authorization and sessions, and the user where its backend can be
// written. Causes: Nonexistant (neither authorized nor known), InUse (it is the last with FullWrite).
func (c *Client) AuthRemoveUser(ctx context.Context, req AuthRemoveUserRequest) (res AuthRemoveUserResponse, err error) {
	defer wrap(&err, "auth/remove_user")
	if err = c.allow("auth/remove_user"); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/remove_user", req.User, err) }()
	if err = checkAPIUser(req.User); err != nil {
		return res, err
	}
	err = c.store.Tx(ctx, func(s Store) error { return c.removeAPIUser(ctx, s, req.User) })
	return AuthRemoveUserResponse(req), err
}

func (c *core) removeAPIUser(ctx context.Context, s Store, user string) error {
	p := userPrincipal(user)
	if err := c.keepLastAdmin(ctx, s, Authorization{Principal: p}); err != nil {
		return err
	}
	removed := s.RemoveAuthorization(ctx, p)
	if removed != nil && removed != error(Nonexistant) {
		return removed
	}
	if err := s.RemoveSessions(ctx, p, Hash{}); err != nil {
		return err
	}
	gone, err := c.removeFromBackend(ctx, s, user)
	if err == nil && !gone {
		err = noBackendUser(removed, user)
	}
	return err
}

// removeFromBackend tells whether the user was removed from a backend that can be written.
func (c *core) removeFromBackend(ctx context.Context, s Store, user string) (bool, error) {
	w, err := c.writable()
	if err != nil {
		return false, nil
	}
	switch err := w.Remove(user)(ctx, s); err {
	case nil:
		return true, nil
	case error(Nonexistant):
		return false, nil
	default:
		return false, err
	}
}

// AuthListUsersRequest has no parameters.
type AuthListUsersRequest struct{}

// AuthListUsersResponse has the authorized users in order.
type AuthListUsersResponse struct {
	List []AuthUserEntry `json:"list"`
}

// AuthUserEntry is an authorized user.
type AuthUserEntry struct {
	User    string `json:"user"`
	Access  Access `json:"access"`
	Backend string `json:"backend"` // empty: no backend has the user any more
}

// AuthListUsers lists the authorized backend users.
func (c *Client) AuthListUsers(ctx context.Context, _ AuthListUsersRequest) (res AuthListUsersResponse, err error) {
	defer wrap(&err, "auth/list_users")
	if err = c.allow("auth/list_users"); err != nil {
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

// AuthAddUserRequest names a new API user.
type AuthAddUserRequest struct {
	User     string `form:"user,required" json:"user"`
	Password Secret `form:"password" json:"password,omitzero"` // 8 to 128 characters but control; empty: one is generated
}

// AuthAddUserResponse has the user, and the password where it was generated.
type AuthAddUserResponse struct {
	User     string      `json:"user"`
	Access   Access      `json:"access"` // LimitedRead
	Password Opt[Secret] `json:"password,omitzero"`
}

// AuthAddUser adds a user to the backend that can be written, authorized for LimitedRead. Causes: Exists, ReadOnly.
func (c *Client) AuthAddUser(ctx context.Context, req AuthAddUserRequest) (res AuthAddUserResponse, err error) {
	defer wrap(&err, "auth/add_user")
	if err = c.allow("auth/add_user"); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/add_user", req.User, err) }()
	if err = checkAPIUser(req.User); err != nil {
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
	if err = c.addAPIUser(ctx, Authorization{userPrincipal(req.User), LimitedRead}, password, func(Store) error { return nil }); err != nil {
		return AuthAddUserResponse{}, err
	}
	return res, nil
}

// addAPIUser makes a backend user with an authorization, together, where check finds no fault in the transaction.
func (c *core) addAPIUser(ctx context.Context, a Authorization, password Secret, check func(Store) error) error {
	if err := checkAPIPassword("password", password); err != nil {
		return err
	}
	w, err := c.writable()
	if err != nil {
		return err
	}
	b, err := c.backendOf(ctx, a.Principal.Name)
	if err != nil {
		return err
	}
	if b != nil {
		return failed(Exists, "the backend %s has the user %q", b.Name(), a.Principal.Name)
	}
	add, err := w.Add(a.Principal.Name, password)
	if err != nil {
		return internalFault(err)
	}
	return c.store.Tx(ctx, func(s Store) error {
		if err := check(s); err != nil {
			return err
		}
		if err := add(ctx, s); err != nil {
			return taken(err, "the user %q exists", a.Principal.Name)
		}
		return s.SetAuthorization(ctx, a)
	})
}

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
// one. All other sessions of the user end. Causes: Nonexistant, ReadOnly, Unauthorized (the old password is wrong), Forbidden.
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
