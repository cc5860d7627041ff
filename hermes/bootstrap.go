package hermes

import "context"

// Bootstrap makes the first principal with FullWrite: a new user of the backend that can be written. If password is
// empty, user is one that some backend has already, whose password stays. Causes: Exists (there is such a principal, or
// the user has a password already), ReadOnly.
func (c *Client) Bootstrap(ctx context.Context, user string, password Secret) error {
	return c.bootstrap(ctx, user, password, c.needNoAdmin)
}

// Recover does what Bootstrap does where there is a principal with FullWrite already. A user that exists gets the new
// password and FullWrite, and the user's sessions end. Causes: ReadOnly (the user's backend cannot be written).
func (c *Client) Recover(ctx context.Context, user string, password Secret) error {
	return c.bootstrap(ctx, user, password, nil)
}

// bootstrap refuses what check refuses; a nil check allows everything, and a known user's password is replaced.
func (c *Client) bootstrap(ctx context.Context, user string, password Secret, check func(context.Context, Store) error) (err error) {
	defer wrap(&err, "auth/bootstrap")
	if err := firstError(c.require("auth/bootstrap", CanAdminister), checkAPIUser(user)); err != nil {
		return err
	}
	replace := check == nil
	if replace {
		check = func(context.Context, Store) error { return nil }
	}
	if err := check(ctx, c.store); err != nil {
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
	case b != nil && replace:
		return c.recoverAPIUser(ctx, first, password)
	}
	return c.addAPIUser(ctx, first, password, func(s Store) error { return check(ctx, s) })
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
