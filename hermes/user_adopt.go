package hermes

import (
	"context"
	"errors"
	"fmt"

	"github.com/hermes-voip/go-hermes/sip"
)

// UserAdoptRequest names a user, or a domain: all of its users.
type UserAdoptRequest struct {
	User   sip.Addr   `form:"user*" json:"user,omitzero"`
	Domain sip.Domain `form:"domain" json:"domain,omitzero"`
}

// Check implements [Request].
func (r UserAdoptRequest) Check(malformed ...string) error {
	if given("user", r.User, malformed) == given("domain", r.Domain, malformed) {
		return badParameter("want either a user or a domain")
	}
	return nil
}

func (r UserAdoptRequest) isBulk() bool { return r.User.IsZero() }

// UserAdoptResponse has the users that were adopted, in the order of their addresses, and those of
// them whose clear password is not known: [Client.UserChangePw] gives them one that is.
type UserAdoptResponse struct {
	Adopted         []sip.Addr `json:"adopted"`
	WithoutPassword []sip.Addr `json:"without_password"`
}

// UserAdopt gives users that another tool made, and that only Kamailio's table has, what Hermes
// keeps of a user: the default servers of the domain, and the names that UserAdd gives by default.
// The clear password is kept, sealed, if Kamailio's subscriber.password fits ha1. Kamailio's tables
// do not change. A user that Hermes has already is not changed, unless it lacks a server or a port,
// because the domain had none when it was adopted.
//
// UserChangePw, UserUpdate, UserChangeEmail and UserPermissions, when they change a user, adopt it
// in the same way; but where the domain has no servers they go on without, and UserAdopt fails.
//
// A domain is adopted in pages, a transaction each. If one fails, those before it stay, and Detail
// says how many users that were. Causes: NotFound (no such local user; the domain is not served),
// NoServers.
func (c *Client) UserAdopt(ctx context.Context, req UserAdoptRequest) (UserAdoptResponse, error) {
	return call(ctx, c, "user/adopt", req, (*Client).userAdopt)
}

func (c *Client) userAdopt(ctx context.Context, req UserAdoptRequest) (res UserAdoptResponse, err error) {
	if req.User.IsZero() {
		return c.adoptDomain(ctx, req.Domain)
	}
	err = c.change(ctx, "user/adopt", &req, userLocks(req.User), func(s Store) error {
		var err error
		if req.User, err = namedUser(ctx, s, req.User); err != nil {
			return err
		}
		res = newUserAdoptResponse()
		return noUser(c.adopt(ctx, s, req.User, &res), req.User)
	})
	if err != nil {
		return UserAdoptResponse{}, err
	}
	return res, nil
}

func newUserAdoptResponse() UserAdoptResponse {
	return UserAdoptResponse{Adopted: []sip.Addr{}, WithoutPassword: []sip.Addr{}}
}

// adopt adopts one user, if that is needed, and adds it to res.
func (c *Client) adopt(ctx context.Context, s Store, a sip.Addr, res *UserAdoptResponse) error {
	u, err := s.User(ctx, a)
	if err != nil {
		return err
	}
	if err := needLocal(u); err != nil || u.HasServers() {
		return err
	}
	if err := c.provision(ctx, s, &u); err != nil {
		return err
	}
	if !u.HasServers() {
		return noServers(a.Domain())
	}
	if err := s.SetProvisioning(ctx, u); err != nil {
		return err
	}
	res.Adopted = append(res.Adopted, a)
	if u.Sealed == "" {
		res.WithoutPassword = append(res.WithoutPassword, a)
	}
	return nil
}

// adoptPage is how many users are adopted in one transaction.
const adoptPage = 100

func (c *Client) adoptDomain(ctx context.Context, d sip.Domain) (UserAdoptResponse, error) {
	if served, err := c.serves(ctx, c.store, d); err != nil {
		return UserAdoptResponse{}, err
	} else if !served {
		return UserAdoptResponse{}, failed(NotFound, "the domain %s is not one that Kamailio serves", d)
	}
	if _, err := c.store.Servers(ctx, d); err == error(NotFound) {
		return UserAdoptResponse{}, noServers(d)
	} else if err != nil {
		return UserAdoptResponse{}, err
	}
	all := newUserAdoptResponse()
	q := DomainUserQuery{Domain: d, Limit: adoptPage}
	for {
		page, err := c.store.UsersWithoutServers(ctx, q)
		if err == nil {
			err = c.adoptAll(ctx, d, page, &all)
		}
		if err != nil {
			return UserAdoptResponse{}, c.afterPages(err, len(all.Adopted))
		}
		if len(page) < adoptPage {
			return all, nil
		}
		q.After = page[len(page)-1]
	}
}

// adoptAll adopts users of a domain in one transaction, and adds them to all.
func (c *Client) adoptAll(ctx context.Context, d sip.Domain, users []sip.Addr, all *UserAdoptResponse) error {
	if len(users) == 0 {
		return nil
	}
	var res UserAdoptResponse
	err := c.change(ctx, "user/adopt", &UserAdoptRequest{Domain: d}, userLocks(users...), func(s Store) error {
		res = UserAdoptResponse{}
		for _, a := range users {
			// One that is not a local user any more was removed or replaced meanwhile.
			if err := c.adopt(ctx, s, a, &res); err != nil && !errors.Is(err, NotFound) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	all.Adopted = append(all.Adopted, res.Adopted...)
	all.WithoutPassword = append(all.WithoutPassword, res.WithoutPassword...)
	return nil
}

// afterPages returns the error of a page after n users were adopted in transactions of their own.
func (c *Client) afterPages(err error, n int) error {
	if n == 0 || c.tx != nil {
		return err
	}
	e := asError(err)
	if e.Detail == detailStoreFailed {
		e.Detail = detailNotDone
	}
	e.Detail += fmt.Sprintf("; %d users were adopted before that and stay so", n)
	return e
}

func noServers(d sip.Domain) error {
	return failed(NoServers, "no default servers are set for the domain %s; see domain/set_servers", d)
}

// userLocks are what a change of users decides about: them, and the default servers that they may
// get.
func userLocks(users ...sip.Addr) []Lock {
	var locks []Lock
	for _, a := range users {
		locks = append(locks, LockAddr(a))
	}
	return append(locks, LockDomain(lowerCase(users[0].Domain())).AsShared())
}

// lowerCase returns a domain, which another tool may have written with capitals, as Hermes keeps
// its servers.
func lowerCase(d sip.Domain) sip.Domain {
	if lower, err := sip.ParseDomain(d.String()); err == nil {
		return lower
	}
	return d
}

// provision completes a local user that lacks a server or a port, as one does that only Kamailio's
// table has: with the default servers of its domain, if there are any, with the default names, and
// with the sealed password if Kamailio's table has the clear one.
func (c *Client) provision(ctx context.Context, s Store, u *User) error {
	if u.Type != Local || u.HasServers() {
		return nil
	}
	servers, err := s.Servers(ctx, lowerCase(u.Address.Domain()))
	if err != nil && err != error(NotFound) {
		return err
	}
	setDefault(&u.Registrar, servers.Registrar)
	setDefault(&u.RPort, servers.RPort)
	setDefault(&u.Proxy, servers.Proxy)
	setDefault(&u.PPort, servers.PPort)
	u.setDefaultTexts()
	if kept := NewSecret(u.Clear); u.Sealed == "" && !kept.IsZero() && fitsHA1(*u, kept) {
		u.Sealed, err = c.sealPassword(u.Address, kept)
		return err
	}
	return nil
}

// changeUser reads a user, provisions it, calls change on it and stores the result, which it
// returns.
func (c *Client) changeUser(ctx context.Context, s Store, a sip.Addr, change func(*User) error) (User, error) {
	u, err := s.User(ctx, a)
	if err != nil {
		return u, noUser(err, a)
	}
	if err := c.provision(ctx, s, &u); err != nil {
		return u, err
	}
	if err := change(&u); err != nil {
		return u, err
	}
	return u, noUser(s.SetUser(ctx, u), a)
}
