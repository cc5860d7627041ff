package hermes

import "context"

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
// user's very next request. Nobody grants more than they have. Causes: NotFound (the backends have no such user), InUse (it is the last with FullWrite).
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
