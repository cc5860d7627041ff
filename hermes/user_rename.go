package hermes

import (
	"context"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// UserRenameRequest names a user and its new address.
type UserRenameRequest struct {
	User    sip.Addr `form:"user*,required" json:"user"`
	NewUser sip.Addr `form:"new_user,required" json:"new_user"`
	// KeepAlias makes the old address an alias that leads to the new one.
	KeepAlias bool `form:"keep_alias" json:"keep_alias,omitzero"`
}

// Check implements [Request].
func (r UserRenameRequest) Check(malformed ...string) error {
	return firstError(needAddr("user", r.User, malformed), needAddr("new_user", r.NewUser, malformed),
		checkNewAddr("new_user", r.NewUser))
}

func (r UserRenameRequest) locks() []Lock {
	locks := append(userLocks(r.User), userLocks(normalAddr(r.NewUser))...)
	if r.KeepAlias {
		locks = append(locks, aliasLocks(r.User)...)
	}
	return locks
}

// UserRenameResponse has the new address, and the phones and the aliases that moved with the user.
type UserRenameResponse struct {
	User    sip.Addr   `json:"user"`
	Phones  []mac.Addr `json:"phones"`
	Aliases []sip.Addr `json:"aliases"`
}

// UserRename gives a user another address, with its phones, its permissions and the aliases that
// lead to it: all of that or nothing. The password stays, and the hashes and seals are made anew,
// since they depend on the address. An AuthID that was the old name or address follows. In another
// domain a local user gets the default servers of that domain. A suspended user stays so. A user
// that only Kamailio's table has is adopted; see [Client.UserAdopt]. Options.DropContacts is called
// with the old address after the commit.
//
// It is no error if the user has that address already. Causes: Malformed, UnknownDomain, NotFound,
// Exists, NoServers, Rejected (the clear password is not known; a remote user in a domain that
// Kamailio serves), InUse (an alias outside of the actor's scope leads to the user), Forbidden
// (also if a phone of the user has a user outside of the actor's scope).
func (c *Client) UserRename(ctx context.Context, req UserRenameRequest) (UserRenameResponse, error) {
	return call(ctx, c, "user/rename", req, (*Client).userRename)
}

func (c *Client) userRename(ctx context.Context, req UserRenameRequest) (res UserRenameResponse, err error) {
	to := normalAddr(req.NewUser)
	var before User
	err = c.change(ctx, "user/rename", &req, req.locks(), func(s Store) (err error) {
		if req.User, err = namedUser(ctx, s, req.User); err != nil {
			return err
		}
		res = UserRenameResponse{User: to, Phones: []mac.Addr{}, Aliases: []sip.Addr{}}
		if before, err = s.User(ctx, req.User); err != nil {
			return noUser(err, req.User)
		}
		if req.User == to {
			return nil
		}
		return c.rename(ctx, s, before, req, &res)
	})
	if err != nil {
		return UserRenameResponse{}, err
	}
	if before.Type == Local && before.Address != to {
		c.dropContacts(before.Address)
	}
	return res, nil
}

// rename gives u the address res.User, and adds to res what moves with it.
func (c *Client) rename(ctx context.Context, s Store, u User, req UserRenameRequest, res *UserRenameResponse) error {
	from, to := u.Address, res.User
	if err := c.needSameKind(ctx, s, u.Type, to.Domain()); err != nil {
		return err
	}
	// The new address may be the old one with a domain in lower case, which another tool wrote.
	if lowerAddr(from) != to {
		if err := needFree(ctx, s, to); err != nil {
			return err
		}
	}
	if err := c.provision(ctx, s, &u); err != nil {
		return err
	}
	renamed, err := c.renamed(ctx, s, u, to)
	if err != nil {
		return err
	}
	moved, err := s.RenameUser(ctx, from, renamed)
	if err != nil {
		return taken(noUser(err, from), "a user has the address %s", to)
	}
	for _, p := range moved.Phones {
		if err := c.needPhoneInScope(ctx, s, p.MAC); err != nil {
			return err
		}
		res.Phones = append(res.Phones, p.MAC)
	}
	for _, a := range moved.Aliases {
		if !c.actor.Scope.HasAlias(a) {
			return foreignAlias(from)
		}
	}
	res.Aliases = append(res.Aliases, moved.Aliases...)
	if !req.KeepAlias {
		return nil
	}
	if err := checkNewAddr("user", from); err != nil {
		return err
	}
	if !c.actor.Scope.HasAlias(from) {
		return outsideScope("user", from)
	}
	return c.addAlias(ctx, s, Alias{Alias: from, Destination: to})
}

// lowerAddr returns an address with its domain as Hermes keeps it.
func lowerAddr(a sip.Addr) sip.Addr {
	return sip.Unchecked(a.User(), lowerCase(a.Domain()).String())
}

// needSameKind returns an error unless a user of that type can be in the domain.
func (c *Client) needSameKind(ctx context.Context, s Store, t UserType, d sip.Domain) error {
	served, err := c.serves(ctx, s, d)
	if err != nil {
		return err
	}
	if t == Local {
		return c.needServed(served, d)
	}
	if served {
		return failed(Rejected, "the domain %s is one that Kamailio serves, and the user is a remote one", d)
	}
	return nil
}

// renamed returns u as it is at the address to.
func (c *Client) renamed(ctx context.Context, s Store, u User, to sip.Addr) (User, error) {
	from, suspended, reason := u.Address, u.Suspended != "", u.SuspendedReason
	password, err := c.password(u)
	if err != nil {
		return u, err
	}
	if password.IsZero() {
		return u, failed(Rejected, "the clear password of %s is not known, and the hashes of %s need it: user/change_pw sets one", from, to)
	}
	u.Address, u.Suspended, u.SuspendedReason = to, "", ""
	switch u.AuthID {
	case from.User():
		u.AuthID = to.User()
	case from.String():
		u.AuthID = to.String()
	}
	if u.Type == Local && lowerCase(from.Domain()) != to.Domain() {
		servers, err := s.Servers(ctx, to.Domain())
		if err == error(NotFound) {
			return u, noServers(to.Domain())
		}
		if err != nil {
			return u, err
		}
		u.Registrar, u.RPort, u.Proxy, u.PPort = servers.Registrar, servers.RPort, servers.Proxy, servers.PPort
	}
	if err := c.setPassword(&u, password); err != nil || !suspended {
		return u, err
	}
	return u, c.suspend(&u, reason)
}
