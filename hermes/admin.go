package hermes

import (
	"context"
	"iter"
	"time"
)

// An administrator is a principal with FullWrite and without a scope that can log in and stays: a
// user that a backend has, or a key that does not expire.

// backendWait is how long backends are asked for administrators.
const backendWait = 2 * time.Second

// adminPage is how many principals are read at once.
const adminPage = 100

// certainty says whether something is so.
type certainty int

const (
	no    certainty = iota
	maybe           // a backend did not answer, or was not asked
	yes
)

// elsewhere says of users that the store does not have whether another backend has them.
type elsewhere map[string]certainty

// keepLastAdmin refuses to lower, to narrow or to remove (NoAccess) the last administrator. away is
// from adminsElsewhere. Where a backend did not answer, it refuses in doubt.
func (c *Client) keepLastAdmin(ctx context.Context, s Store, next Authorization, away elsewhere) error {
	if next.Access == FullWrite && next.Scope.IsZero() {
		return nil
	}
	self := no
	for p, err := range lastingAdmins(ctx, s) {
		if err != nil {
			return err
		}
		is, err := c.isAdmin(ctx, s, p, away)
		if err != nil {
			return err
		}
		if p == next.Principal {
			self = is
		} else if is == yes {
			return nil
		}
	}
	if self == no {
		return nil
	}
	return failed(InUse, "%s is the last with the access level %s and without a scope that can log in and does not expire",
		next.Principal.Name, FullWrite)
}

// hasAdmin reports whether there is an administrator, or may be one. away is from adminsElsewhere.
func (c *Client) hasAdmin(ctx context.Context, s Store, away elsewhere) (bool, error) {
	for p, err := range lastingAdmins(ctx, s) {
		if err != nil {
			return false, err
		}
		if is, err := c.isAdmin(ctx, s, p, away); err != nil || is != no {
			return err == nil, err
		}
	}
	return false, nil
}

// adminsElsewhere asks the backends that are not in the store for users with FullWrite. It is
// called before a call's own transaction begins, because a directory may be slow. If the store
// alone has an administrator besides except, it asks none.
func (c *Client) adminsElsewhere(ctx context.Context, except Principal) (elsewhere, error) {
	if !c.anyElsewhere() {
		return nil, nil
	}
	var users []string
	for p, err := range lastingAdmins(ctx, c.store) {
		if err != nil {
			return nil, err
		}
		has, err := c.hasInStore(ctx, c.store, p)
		if err != nil || has && p != except {
			return nil, err
		}
		if !has {
			users = append(users, p.Name)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, backendWait)
	defer cancel()
	away := elsewhere{}
	for _, user := range users {
		if away[user] = c.askElsewhere(ctx, user); away[user] == yes && userPrincipal(user) != except {
			break
		}
	}
	return away, nil
}

// lastingAdmins yields the principals with FullWrite and without a scope, except keys that expire.
func lastingAdmins(ctx context.Context, s Store) iter.Seq2[Principal, error] {
	return func(yield func(Principal, error) bool) {
		q := PrincipalQuery{Access: FullWrite, Limit: adminPage}
		for {
			page, err := s.LastingPrincipals(ctx, q)
			if err != nil {
				yield(Principal{}, err)
				return
			}
			for _, p := range page {
				if !yield(p, nil) {
					return
				}
			}
			if len(page) < q.Limit {
				return
			}
			q.After = page[len(page)-1]
		}
	}
}

// isAdmin says whether p, one of lastingAdmins, is an administrator.
func (c *Client) isAdmin(ctx context.Context, s Store, p Principal, away elsewhere) (certainty, error) {
	has, err := c.hasInStore(ctx, s, p)
	if err != nil {
		return maybe, err
	}
	if has {
		return yes, nil
	}
	if is, asked := away[p.Name]; asked || !c.anyElsewhere() {
		return is, nil
	}
	return maybe, nil
}

// hasInStore reports whether p is a key, or a user of a backend that keeps its users in the store.
func (c *Client) hasInStore(ctx context.Context, s Store, p Principal) (bool, error) {
	if p.Kind == KeyPrincipal {
		return true, nil
	}
	for _, b := range c.opts.Backends {
		if inStore(b) {
			if has, err := b.Has(ctx, s, p.Name); has || err != nil {
				return has, err
			}
		}
	}
	return false, nil
}

// askElsewhere says whether a backend that is not in the store has the user.
func (c *Client) askElsewhere(ctx context.Context, user string) certainty {
	is := no
	for _, b := range c.opts.Backends {
		if inStore(b) {
			continue
		}
		has, err := b.Has(ctx, c.store, user)
		if err != nil {
			is = maybe
		} else if has {
			return yes
		}
	}
	return is
}

// anyElsewhere reports whether there is a backend that is not in the store.
func (c *Client) anyElsewhere() bool {
	for _, b := range c.opts.Backends {
		if !inStore(b) {
			return true
		}
	}
	return false
}
