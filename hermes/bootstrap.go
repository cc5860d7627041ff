package hermes

import "context"

// bootstrapEvent is the event of Bootstrap and Recover in the audit log, and the node of their
// audit entries.
const bootstrapEvent = "auth/bootstrap"

// Bootstrap makes the first principal with FullWrite: a new user of the backend that can be
// written. If password is empty, user must exist in some backend and keeps its password there. It
// needs CanAdminister and an actor without a scope. Causes: Exists (there is an administrator, see
// [Client.Bootstrapped], or the user has a password already), ReadOnly.
func (c *Client) Bootstrap(ctx context.Context, user string, password Secret) (err error) {
	defer wrap(&err, "")
	if err = c.checkBootstrap(ctx, user); err != nil {
		return err
	}
	away, err := c.adminsElsewhere(ctx, Principal{})
	if err != nil {
		return err
	}
	if err = c.needNoAdmin(ctx, c.store, away); err != nil {
		return err
	}
	defer func() { c.audit(ctx, bootstrapEvent, user, err) }()
	b, err := c.backendOf(ctx, user)
	if err != nil {
		return err
	}
	first := Authorization{Principal: userPrincipal(user), Access: FullWrite}
	if b != nil && password.IsZero() {
		if first.Epoch, err = c.newEpoch(); err != nil {
			return err
		}
		return c.change(ctx, bootstrapEvent, nil, accessLocks(first.Principal), func(s Store) error {
			if err := c.needNoAdmin(ctx, s, away); err != nil {
				return err
			}
			return s.SetAuthorization(ctx, first)
		})
	}
	if err = checkAPIPassword(password); err != nil {
		return err
	}
	return c.addAPIUser(ctx, bootstrapEvent, first, password, func(s Store) error { return c.needNoAdmin(ctx, s, away) })
}

// Recover makes a principal with FullWrite although there may be one already. A user that exists
// gets FullWrite and, if password is not empty, the new password, which ends the user's sessions.
// The user has no scope then. It needs CanAdminister and an actor without a scope. Causes: ReadOnly
// (the user's backend cannot be written).
func (c *Client) Recover(ctx context.Context, user string, password Secret) (err error) {
	defer wrap(&err, "")
	if err = c.checkBootstrap(ctx, user); err != nil {
		return err
	}
	defer func() { c.audit(ctx, bootstrapEvent, user, err) }()
	b, err := c.backendOf(ctx, user)
	if err != nil {
		return err
	}
	admin := Authorization{Principal: userPrincipal(user), Access: FullWrite}
	if admin.Epoch, err = c.newEpoch(); err != nil {
		return err
	}
	if b != nil && password.IsZero() {
		return c.change(ctx, bootstrapEvent, nil, accessLocks(admin.Principal), func(s Store) error {
			return s.SetAuthorization(ctx, admin)
		})
	}
	if err = checkAPIPassword(password); err != nil {
		return err
	}
	if b == nil {
		return c.addAPIUser(ctx, bootstrapEvent, admin, password, nil)
	}
	update, err := c.newPassword(ctx, user, password, Hash{})
	if err != nil {
		return err
	}
	return c.change(ctx, bootstrapEvent, nil, accessLocks(admin.Principal), func(s Store) error {
		if err := update(ctx, s); err != nil {
			return err
		}
		return s.SetAuthorization(ctx, admin)
	})
}

// checkBootstrap refuses an actor that may not make users, and a malformed user name.
func (c *Client) checkBootstrap(ctx context.Context, user string) error {
	if err := c.require(bootstrapEvent, CanAdminister); err != nil {
		return err
	}
	if err := c.needWithinOwn(FullWrite, Scope{}); err != nil {
		return err
	}
	if err := c.mayMakeUsers(ctx); err != nil {
		return err
	}
	return checkNewAPIUser(user)
}

// needNoAdmin returns Exists if there is an administrator. away is from adminsElsewhere.
func (c *Client) needNoAdmin(ctx context.Context, s Store, away elsewhere) error {
	has, err := c.hasAdmin(ctx, s, away)
	if err == nil && has {
		err = failed(Exists, "there is a principal with the access level %s", FullWrite)
	}
	return err
}

// Bootstrapped reports whether there is an administrator: a principal with FullWrite and without a
// scope that can log in and stays, which is a user that a backend has or a key that does not
// expire. A user whose backend does not answer counts.
func (c *Client) Bootstrapped(ctx context.Context) (done bool, err error) {
	defer wrap(&err, "")
	away, err := c.adminsElsewhere(ctx, Principal{})
	if err != nil {
		return false, err
	}
	return c.hasAdmin(ctx, c.store, away)
}

// EverAuthorized reports whether there is a principal with an access level, or there has ever been
// one. A program that calls Bootstrap by itself should do so only if there has not: otherwise the
// last administrator was removed on purpose, or by an attacker.
func (c *Client) EverAuthorized(ctx context.Context) (ever bool, err error) {
	defer wrap(&err, "")
	return c.store.EverAuthorized(ctx)
}
