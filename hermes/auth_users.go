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

// AuthRemoveUserRequest names an API user.
type AuthRemoveUserRequest struct {
	User string `form:"user,required" json:"user"`
}

// AuthRemoveUserResponse names the removed user.
type AuthRemoveUserResponse struct {
	User string `json:"user"`
}

// AuthRemoveUser removes a user's authorization and sessions, and the user where its backend can be
// written. Causes: NotFound (neither authorized nor known), InUse (it is the last with FullWrite).
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
	if removed != nil && removed != error(NotFound) {
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
	case error(NotFound):
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
