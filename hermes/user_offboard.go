package hermes

import (
	"context"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// UserOffboardRequest names a user that goes, with all that hangs on it.
type UserOffboardRequest struct {
	User sip.Addr `form:"user*,required" json:"user"`
	// Release says whether the numbers of the user's E.164 aliases return to the pool. If absent, they
	// do.
	Release Opt[bool] `form:"release" json:"release,omitzero"`
}

// Check implements [Request].
func (r UserOffboardRequest) Check(malformed ...string) error {
	return needAddr("user", r.User, malformed)
}

func (r UserOffboardRequest) releases() bool { return !r.Release.Set || r.Release.Value }

// UserOffboardResponse has the user and what went with it. Numbers are those that returned to the
// pool.
type UserOffboardResponse struct {
	User    sip.Addr      `json:"user"`
	Phones  []mac.Addr    `json:"phones"`
	Aliases []sip.Addr    `json:"aliases"`
	Numbers []e164.Number `json:"numbers"`
}

// UserOffboard removes a user, its associations with phones and the aliases that lead to it: all of
// that or nothing. The number of an E.164 alias returns to the pool as by [Client.NumberRelease],
// unless an alias of another domain has it, or Options.Plan refuses it. An alias that another tool
// gave several destinations keeps the others, and its number. Options.UserRemoved and
// Options.DropContacts are called after the commit. Causes: NotFound, InUse (an alias outside of
// the actor's scope leads to the user), Forbidden (also if a phone of the user has a user outside
// of the actor's scope).
func (c *Client) UserOffboard(ctx context.Context, req UserOffboardRequest) (UserOffboardResponse, error) {
	return call(ctx, c, "user/offboard", req, (*Client).userOffboard)
}

func (c *Client) userOffboard(ctx context.Context, req UserOffboardRequest) (res UserOffboardResponse, err error) {
	var removed Removed
	err = c.change(ctx, "user/offboard", &req, []Lock{LockAddr(req.User)}, func(s Store) (err error) {
		if req.User, err = namedUser(ctx, s, req.User); err != nil {
			return err
		}
		res = UserOffboardResponse{User: req.User, Phones: []mac.Addr{}, Aliases: []sip.Addr{}, Numbers: []e164.Number{}}
		removed, err = c.offboard(ctx, s, req, &res)
		return err
	})
	if err != nil {
		return UserOffboardResponse{}, err
	}
	c.afterRemoval(removed.User)
	return res, nil
}

// offboard removes a user with what hangs on it, which it adds to res.
// dropPhones ends the associations of phones with the user. Only then it is known which phones
// those are, so it locks them in the transaction.
func (c *Client) dropPhones(ctx context.Context, s Store, req UserOffboardRequest, res *UserOffboardResponse) error {
	phones, err := s.UserPhones(ctx, req.User)
	if err != nil {
		return err
	}
	var locks []Lock
	for _, p := range phones {
		locks = append(locks, LockPhone(p.MAC))
	}
	return s.Tx(ctx, &TxOptions{Locks: locks}, func(s Store) error {
		for _, p := range phones {
			if err := c.needPhoneInScope(ctx, s, p.MAC); err != nil {
				return err
			}
			_, err := s.RemovePhone(ctx, p)
			if err == error(NotFound) { // phone/remove was faster
				continue
			}
			if err != nil {
				return err
			}
			res.Phones = append(res.Phones, p.MAC)
		}
		return nil
	})
}

func (c *Client) offboard(ctx context.Context, s Store, req UserOffboardRequest, res *UserOffboardResponse) (Removed, error) {
	if _, err := s.User(ctx, req.User); err != nil {
		return Removed{}, noUser(err, req.User)
	}
	if err := c.dropPhones(ctx, s, req, res); err != nil {
		return Removed{}, err
	}
	if err := c.dropAliases(ctx, s, req, res); err != nil {
		return Removed{}, err
	}
	removed, err := s.RemoveUser(ctx, req.User)
	if err == error(InUse) { // another tool has added something just now
		return Removed{}, c.userInUse(ctx, s, req.User)
	}
	return removed, noUser(err, req.User)
}

// aliasPage is how many aliases of a user are read at once.
const aliasPage = 500

// dropAliases removes the aliases that lead to the user of req, and adds them to res.
func (c *Client) dropAliases(ctx context.Context, s Store, req UserOffboardRequest, res *UserOffboardResponse) error {
	q := AliasQuery{Destination: req.User, AnyCase: true, Limit: aliasPage}
	for {
		page, err := s.Aliases(ctx, q)
		if err != nil {
			return err
		}
		for _, a := range page {
			if !c.actor.Scope.HasAlias(a.Alias) {
				return foreignAlias(req.User)
			}
			released, err := c.dropAlias(ctx, s, a, req.releases())
			if err == error(NotFound) { // another call has removed it just now, for which it needs no lock
				continue
			}
			if err != nil {
				return err
			}
			res.Aliases = append(res.Aliases, a.Alias)
			res.Numbers = append(res.Numbers, released...)
		}
		if len(page) < aliasPage {
			return nil
		}
		q.After = page[len(page)-1]
	}
}

// foreignAlias is the error of a change of a user to which an alias outside of the actor's scope
// leads.
func foreignAlias(user sip.Addr) error {
	return failed(InUse, "still hanging on %s: an alias outside of the scope of this principal", user)
}

// dropAlias removes an alias of a user that goes, and returns its number if that returned to the
// pool. It returns the bare NotFound if there is no such alias.
func (c *Client) dropAlias(ctx context.Context, s Store, a Alias, release bool) (released []e164.Number, err error) {
	rows, err := s.Aliases(ctx, AliasQuery{Alias: a.Alias, Limit: 2})
	if err != nil {
		return nil, err
	}
	if len(rows) > 1 { // another tool has given it several destinations
		return nil, s.RemoveDestination(ctx, a)
	}
	if n, isNumber := aliasNumber(a.Alias); isNumber && release && c.checkReleased("alias", n) == nil {
		// If an alias of another domain has the number, the alias alone goes.
		if err = c.giveBack(ctx, s, n, a.Alias); err != error(InUse) {
			return []e164.Number{n}, err
		}
	}
	_, err = s.RemoveAlias(ctx, a.Alias)
	return nil, err
}
