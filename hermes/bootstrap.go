package hermes

import "context"

// Bootstrap makes the first principal with FullWrite: a new user of the backend that can be written. With an empty
// password it is a user whom some backend has already, who keeps theirs. Causes: Exists where there is such a principal, or
// the user has a password already.
//
// With recover it is done all the same, and a user who exists gets the new password and FullWrite; their
// sessions end. Causes: ReadOnly where their backend cannot be written.
func (c *Client) Bootstrap(ctx context.Context, user string, password Secret, recover bool) (err error) {
	defer wrap(&err, "auth/bootstrap")
	if err := firstError(c.require("auth/bootstrap", CanAdminister), checkAPIUser(user)); err != nil {
		return err
	}
	check := func(s Store) error { return c.needNoAdmin(ctx, s) }
	if recover {
		check = func(Store) error { return nil }
	}
	if err := check(c.store); err != nil {
		return err
	}
	defer func() { c.audit(ctx, "auth/bootstrap", user, err) }()
	b, err := c.backendOf(ctx, user)
	if err != nil {
		return err
	}
	first := Authorization{userPrincipal(user), FullWrite}
	switch {
	case b != nil && password.IsZero():
		return c.store.SetAuthorization(ctx, first)
	case b != nil && recover:
		return c.recoverAPIUser(ctx, first, password)
	}
	return c.addAPIUser(ctx, first, password, check)
}

// needNoAdmin refuses where there is a principal with FullWrite.
func (c *core) needNoAdmin(ctx context.Context, s Store) error {
	admins, err := c.admins(ctx, s)
	if err == nil && len(admins) > 0 {
		err = failed(Exists, "there is a principal with the access level %s", FullWrite)
	}
	return err
}

// recoverAPIUser gives a user of the backend that can be written a new password and level.
func (c *core) recoverAPIUser(ctx context.Context, a Authorization, password Secret) error {
	if err := checkAPIPassword("password", password); err != nil {
		return err
	}
	change, err := c.newPassword(ctx, a.Principal.Name, password, Hash{})
	if err != nil {
		return err
	}
	return c.store.Tx(ctx, func(s Store) error {
		if err := change(ctx, s); err != nil {
			return err
		}
		return s.SetAuthorization(ctx, a)
	})
}

// Bootstrapped tells whether there is a principal with FullWrite.
func (c *Client) Bootstrapped(ctx context.Context) (done bool, err error) {
	defer wrap(&err, "auth/bootstrap")
	admins, err := c.admins(ctx, c.store)
	return len(admins) > 0, err
}
