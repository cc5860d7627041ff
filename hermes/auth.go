package hermes

import "context"

func checkAccess(a Access) error {
	if a < LimitedRead || a > FullWrite {
		return badParameter("access: want limited_read, full_read, limited_write or full_write")
	}
	return nil
}

func userPrincipal(user string) Principal { return Principal{Kind: UserPrincipal, Name: user} }

// accessLocks returns the locks for changing the rights of p.
func accessLocks(p Principal) []Lock { return []Lock{LockAccess(), LockPrincipal(p)} }

// AuthAuthorizeRequest names a backend user, an access level and a scope.
type AuthAuthorizeRequest struct {
	User    string    `form:"user,required" json:"user"`
	Access  Access    `form:"access,required" json:"access"`
	Domains ScopeList `form:"domains" json:"domains,omitzero"`
	Numbers ScopeList `form:"numbers" json:"numbers,omitzero"`
	Nodes   ScopeList `form:"nodes" json:"nodes,omitzero"`
}

// Check implements [Request].
func (r AuthAuthorizeRequest) Check(...string) error {
	return firstError(checkNewAPIUser(r.User), checkAccess(r.Access), r.scope().check())
}

func (r AuthAuthorizeRequest) scope() scopeLists { return scopeLists{r.Domains, r.Numbers, r.Nodes} }

// AuthAuthorizeResponse has the user's rights.
type AuthAuthorizeResponse struct {
	User   string `json:"user"`
	Access Access `json:"access"`
	ScopeObject
}

// AuthAuthorize authorizes a backend user, or changes the user's access level and scope, which
// takes effect on the user's next request. An actor can neither grant more than it has nor change
// the rights of a user who has more. Causes: NotFound (no backend has the user), Forbidden (also
// for an actor that is a key with a host or an expiry), InUse (the user is the last administrator;
// see [Client.Bootstrapped]).
func (c *Client) AuthAuthorize(ctx context.Context, req AuthAuthorizeRequest) (res AuthAuthorizeResponse, err error) {
	defer wrap(&err, "auth/authorize")
	if err = c.Authorize("auth/authorize", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/authorize", req.User, err) }()
	if err = c.check(ctx, "auth/authorize", req); err != nil {
		return res, err
	}
	if _, err = c.grantable(req.Access, req.scope()); err != nil {
		return res, err
	}
	if err = c.mayMakeUsers(ctx); err != nil {
		return res, err
	}
	b, err := c.needBackend(ctx, req.User)
	if err != nil {
		return res, err
	}
	scope, err := c.authorizeUser(ctx, req, b)
	return AuthAuthorizeResponse{User: req.User, Access: req.Access, ScopeObject: scopeObject(scope)}, err
}

// authorizeUser stores the authorization of a user that the backend b has, and returns its scope.
func (c *Client) authorizeUser(ctx context.Context, req AuthAuthorizeRequest, b Backend) (Scope, error) {
	a := Authorization{Principal: userPrincipal(req.User), Access: req.Access}
	epoch, err := c.newEpoch()
	if err != nil {
		return a.Scope, err
	}
	a.Epoch = epoch
	var away elsewhere
	if a.Access != FullWrite || req.scope() != (scopeLists{}) {
		if away, err = c.adminsElsewhere(ctx, a.Principal); err != nil {
			return a.Scope, err
		}
	}
	err = c.change(ctx, "auth/authorize", nil, accessLocks(a.Principal), func(s Store) error {
		if err := needStillUser(ctx, s, b, req.User); err != nil {
			return err
		}
		if a.Scope, err = c.nextScope(ctx, s, a, req.scope()); err != nil {
			return err
		}
		if err := c.keepLastAdmin(ctx, s, a, away); err != nil {
			return err
		}
		return s.SetAuthorization(ctx, a)
	})
	return a.Scope, err
}

// nextScope returns the scope that lists make of the present one of the principal of a, or of the
// actor's if it has no rights yet. It refuses rights that are wider than those of the actor.
func (c *Client) nextScope(ctx context.Context, s Store, a Authorization, lists scopeLists) (Scope, error) {
	present, err := s.Authorization(ctx, a.Principal)
	switch {
	case err == error(NotFound):
		present = Authorization{Scope: c.actor.Scope}
	case err != nil:
		return Scope{}, err
	}
	next, err := lists.over(present.Scope)
	return next, firstError(err, c.needWithinOwn(present.Access, present.Scope), c.needWithinOwn(a.Access, next))
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
// Forbidden (the user's rights are wider than those of the actor), InUse (the user is the last
// administrator; see [Client.Bootstrapped]).
func (c *Client) AuthRemoveUser(ctx context.Context, req AuthRemoveUserRequest) (res AuthRemoveUserResponse, err error) {
	defer wrap(&err, "auth/remove_user")
	if err = c.Authorize("auth/remove_user", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/remove_user", req.User, err) }()
	if err = c.check(ctx, "auth/remove_user", req); err != nil {
		return res, err
	}
	away, err := c.adminsElsewhere(ctx, userPrincipal(req.User))
	if err != nil {
		return res, err
	}
	err = c.change(ctx, "auth/remove_user", nil, accessLocks(userPrincipal(req.User)), func(s Store) error {
		return c.removeAPIUser(ctx, s, req.User, away)
	})
	return AuthRemoveUserResponse(req), err
}

func (c *Client) removeAPIUser(ctx context.Context, s Store, user string, away elsewhere) error {
	p := userPrincipal(user)
	if err := c.needManageable(ctx, s, p); err != nil {
		return noBackendUser(err, user)
	}
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
	User   string `json:"user"`
	Access Access `json:"access"`
	ScopeObject
	Backend string `json:"backend"` // empty if no backend has the user any more
}

// AuthListUsers lists the authorized backend users whose rights are not wider than those of the
// actor.
func (c *Client) AuthListUsers(ctx context.Context, req AuthListUsersRequest) (res AuthListUsersResponse, err error) {
	defer wrap(&err, "auth/list_users")
	if err = c.precheck(ctx, "auth/list_users", req); err != nil {
		return res, err
	}
	all, err := c.store.Authorizations(ctx)
	if err != nil {
		return res, err
	}
	res.List = []AuthUserEntry{}
	for _, a := range c.showable(all) {
		if a.Principal.Kind != UserPrincipal {
			continue
		}
		entry := AuthUserEntry{User: a.Principal.Name, Access: a.Access, ScopeObject: scopeObject(a.Scope)}
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
	User   string `json:"user"`
	Access Access `json:"access"` // LimitedRead
	ScopeObject
	Password Opt[Secret] `json:"password,omitzero"`
}

// AuthAddUser adds a user to the backend that can be written and authorizes it for LimitedRead,
// with the scope of the actor.
// Causes: Exists, ReadOnly, Forbidden (also for an actor that is a key with a host or an expiry).
func (c *Client) AuthAddUser(ctx context.Context, req AuthAddUserRequest) (res AuthAddUserResponse, err error) {
	defer wrap(&err, "auth/add_user")
	if err = c.Authorize("auth/add_user", req); err != nil {
		return res, err
	}
	defer func() { c.audit(ctx, "auth/add_user", req.User, err) }()
	if err = c.check(ctx, "auth/add_user", req); err != nil {
		return res, err
	}
	if err = c.mayMakeUsers(ctx); err != nil {
		return res, err
	}
	res = AuthAddUserResponse{User: req.User, Access: LimitedRead, ScopeObject: scopeObject(c.actor.Scope)}
	password := req.Password
	if password.IsZero() {
		if password, err = c.generatePassword(); err != nil {
			return AuthAddUserResponse{}, err
		}
		res.Password = Some(password)
	}
	a := Authorization{Principal: userPrincipal(req.User), Access: LimitedRead, Scope: c.actor.Scope}
	if err = c.addAPIUser(ctx, "auth/add_user", a, password, nil); err != nil {
		return AuthAddUserResponse{}, err
	}
	return res, nil
}

// addAPIUser makes a backend user with an authorization, in one transaction, for a node. If check
// is not nil, it is called first in the transaction, and its error ends it.
func (c *Client) addAPIUser(
	ctx context.Context, node string, a Authorization, password Secret, check func(Store) error,
) error {
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
	return c.change(ctx, node, nil, accessLocks(a.Principal), func(s Store) error {
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
