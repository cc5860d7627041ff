package hermes

import (
	"context"
	"slices"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// UserShowRequest names a user, or by an alias, a number or a phone those that have it: exactly one
// of them.
type UserShowRequest struct {
	User   sip.Addr    `form:"user*" json:"user,omitzero"`
	Alias  sip.Addr    `form:"alias*" json:"alias,omitzero"`
	Number e164.Number `form:"number" json:"number,omitzero"`
	MAC    mac.Addr    `form:"mac" scope:"narrowed" json:"mac,omitzero"`
}

// Check implements [Request].
func (r UserShowRequest) Check(malformed ...string) error {
	named := 0
	for _, isGiven := range []bool{
		given("user", r.User, malformed), given("alias", r.Alias, malformed), given("number", r.Number, malformed),
		given("mac", r.MAC, malformed),
	} {
		if isGiven {
			named++
		}
	}
	if named != 1 {
		return badParameter("want one of user, alias, number and mac")
	}
	return nil
}

// ShownUser is a user with all that hangs on it.
type ShownUser struct {
	UserObject

	Phones      []UserPhone   `json:"phones"`
	Aliases     []sip.Addr    `json:"aliases"`     // that lead to the user, within the actor's scope
	Numbers     []e164.Number `json:"numbers"`     // of those of the aliases that are E.164 aliases
	Permissions []string      `json:"permissions"` // as of [Client.UserPermissions]
}

// UserShowResponse has the users in the order of their addresses.
type UserShowResponse struct {
	Users []ShownUser `json:"users"`
}

// UserShow returns the users that the request names, within the actor's scope, with all that hangs
// on them. Causes: NotFound if there are none.
func (c *Client) UserShow(ctx context.Context, req UserShowRequest) (res UserShowResponse, err error) {
	defer wrap(&err, "user/show")
	if err = c.precheck(ctx, "user/show", req); err != nil {
		return res, err
	}
	named, err := c.usersNamed(ctx, req)
	if err != nil {
		return res, err
	}
	slices.SortFunc(named, sip.Addr.Compare)
	res.Users = []ShownUser{}
	for _, a := range slices.Compact(named) {
		shown, err := c.showUser(ctx, a)
		if err == error(NotFound) { // an alias that leads to no user here, or a phone of none
			continue
		}
		if err != nil {
			return UserShowResponse{}, err
		}
		res.Users = append(res.Users, shown)
	}
	if len(res.Users) == 0 {
		return UserShowResponse{}, firstError(checkMAC("mac", req.MAC), failed(NotFound, "there is no such user"))
	}
	return res, nil
}

// usersNamed returns the addresses within the actor's scope that a request names. Some may be no
// user's.
func (c *Client) usersNamed(ctx context.Context, req UserShowRequest) ([]sip.Addr, error) {
	switch {
	case !req.User.IsZero():
		a, err := namedUser(ctx, c.store, req.User)
		return []sip.Addr{a}, err
	case !req.MAC.IsZero():
		return c.phoneUsers(ctx, req.MAC)
	case !req.Alias.IsZero():
		a, err := namedAlias(ctx, c.store, req.Alias)
		if err != nil {
			return nil, err
		}
		return c.destinationUsers(ctx, AliasQuery{Alias: a})
	}
	return c.destinationUsers(ctx, AliasQuery{Number: req.Number})
}

// destinationUsers returns the destinations of aliases, if both are within the actor's scope.
func (c *Client) destinationUsers(ctx context.Context, q AliasQuery) (users []sip.Addr, err error) {
	err = c.eachAlias(ctx, q, func(a Alias) {
		if c.actor.Scope.HasDomain(a.Destination.Domain()) {
			users = append(users, a.Destination)
		}
	})
	return users, err
}

// eachAlias calls f with each alias of q that is within the actor's scope, in order.
func (c *Client) eachAlias(ctx context.Context, q AliasQuery, f func(Alias)) error {
	q.Limit = aliasPage
	for {
		page, err := c.store.Aliases(ctx, q)
		if err != nil {
			return err
		}
		for _, a := range page {
			if c.actor.Scope.HasAlias(a.Alias) {
				f(a)
			}
		}
		if len(page) < aliasPage {
			return nil
		}
		q.After = page[len(page)-1]
	}
}

// showUser returns the user at a, or at a with its domain in lower case if another tool has written
// it otherwise. It returns the bare NotFound if there is none.
func (c *Client) showUser(ctx context.Context, a sip.Addr) (shown ShownUser, err error) {
	u, err := c.store.User(ctx, a)
	if lower := lowerAddr(a); err == error(NotFound) && lower != a {
		u, err = c.store.User(ctx, lower)
	}
	if err != nil {
		return shown, err
	}
	if shown.UserObject, err = c.userObject(u, Secret{}); err != nil {
		return shown, err
	}
	phones, err := c.store.UserPhones(ctx, u.Address)
	if err != nil {
		return shown, err
	}
	shown.Phones = []UserPhone{}
	for _, p := range phones {
		shown.Phones = append(shown.Phones, UserPhone{MAC: p.MAC, Line: p.Line})
	}
	shown.Aliases, shown.Numbers = []sip.Addr{}, []e164.Number{}
	err = c.eachAlias(ctx, AliasQuery{Destination: u.Address, AnyCase: true}, func(a Alias) {
		shown.Aliases = append(shown.Aliases, a.Alias)
		if n, ok := aliasNumber(a.Alias); ok {
			shown.Numbers = append(shown.Numbers, n)
		}
	})
	if err != nil {
		return shown, err
	}
	shown.Permissions = []string{}
	if u.Type == Local {
		names, err := c.store.Groups(ctx, u.Address)
		if err != nil {
			return shown, err
		}
		shown.Permissions = append(shown.Permissions, names...)
	}
	return shown, nil
}
