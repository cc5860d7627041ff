package hermes

import (
	"context"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/sip"
)

// AliasListRequest asks for aliases: all, those that a search finds, those that lead to a
// destination, or one by its address.
type AliasListRequest struct {
	// Search matches the alias or the destination. It is not used with Alias, Destination or E164.
	Search      Pattern  `form:"search" json:"search,omitzero"`
	Destination sip.Addr `form:"destination" json:"destination,omitzero"`
	E164        bool     `form:"e164" json:"e164,omitzero"`    // only the E.164 alias of Destination
	Alias       sip.Addr `form:"alias*" json:"alias,omitzero"` // not with Destination or E164
	Limit       int      `form:"limit" json:"limit,omitzero"`  // 0 means all
	After       string   `form:"after" json:"after,omitzero"`  // List.Next of the page before
}

// Check implements [Request].
func (r AliasListRequest) Check(malformed ...string) error {
	toDestination, one := given("destination", r.Destination, malformed), given("alias", r.Alias, malformed)
	if given("search", r.Search, malformed) && (one || toDestination || r.E164) {
		return badParameter("search: not with alias, destination or e164")
	}
	if one && (r.E164 || toDestination) {
		return badParameter("alias: not with destination or e164")
	}
	if r.E164 && !toDestination {
		return badParameter("e164: want a destination with it")
	}
	_, err := r.start()
	return firstError(checkLimit(r.Limit), err)
}

// start returns the alias after which the list begins.
func (r AliasListRequest) start() (Alias, error) {
	f, err := parsePageToken(r.After, 4)
	if err != nil || f == nil {
		return Alias{}, err
	}
	return Alias{Alias: tokenAddr(f[0], f[1]), Destination: tokenAddr(f[2], f[3])}, nil
}

// AliasListResponse has the aliases, ordered by alias and then destination.
type AliasListResponse struct {
	List *List[Alias] `json:"list"`
}

// AliasList lists aliases. If the store fails, the Error has the Response OK and the Cause
// StoreFailed, because the original API answers an empty list then.
func (c *Client) AliasList(ctx context.Context, req AliasListRequest) (res AliasListResponse, err error) {
	defer wrap(&err, "alias/list")
	defer func() {
		if e := asError(err); err != nil && e.Cause == StoreFailed {
			e.Response = OK
			res, err = AliasListResponse{List: &List[Alias]{}}, e
		}
	}()
	if err = c.precheck(ctx, "alias/list", req); err != nil {
		return res, err
	}
	start, err := req.start()
	if err != nil {
		return res, err
	}
	if req, err = c.namedFilters(ctx, req); err != nil {
		return res, err
	}
	page := func(s Store) pageFunc[Alias] {
		return func(ctx context.Context, after Alias, n int) ([]Alias, error) {
			return s.Aliases(ctx, AliasQuery{
				Scope: c.actor.Scope, Served: c.servedDomains(), Alias: req.Alias, Destination: req.Destination,
				Numbers: req.E164, Match: req.Search, After: after, Limit: n,
			})
		}
	}
	res.List, err = newList(ctx, c, "alias/list", req.Limit, start, scanPages(c, !req.Search.IsZero(), longPages(c, req.Limit, page)),
		func(a Alias) string { return addrToken(a.Alias, a.Destination) },
		func(a Alias) int { return addrSize(a.Alias) + addrSize(a.Destination) })
	return res, err
}

// servedDomains returns Options.Domains as AliasQuery.Served has them.
func (c *Client) servedDomains() string {
	var names []string
	for _, d := range c.opts.Domains {
		names = append(names, d.String())
	}
	return strings.Join(names, ",")
}

// namedFilters returns req with the addresses of the rows that Alias and Destination name.
func (c *Client) namedFilters(ctx context.Context, req AliasListRequest) (_ AliasListRequest, err error) {
	if !req.Alias.IsZero() {
		req.Alias, err = namedAlias(ctx, c.store, req.Alias)
	}
	if err == nil && !req.Destination.IsZero() {
		req.Destination, err = namedDestination(ctx, c.store, req.Destination)
	}
	return req, err
}

// aliasNumber returns the number of an E.164 alias: one whose user part is an E.164 number.
func aliasNumber(a sip.Addr) (e164.Number, bool) {
	n, err := e164.Parse(a.User())
	return n, err == nil
}

// AliasAddRequest names an alias and its destination.
type AliasAddRequest struct {
	Alias       sip.Addr `form:"alias*,required" bad:"invalid/alias" json:"alias"`
	Destination sip.Addr `form:"destination,required" bad:"invalid/destination" json:"destination"`
}

// Check implements [Request].
func (r AliasAddRequest) Check(malformed ...string) error {
	err := firstError(needAddr("alias", r.Alias, malformed), needAddr("destination", r.Destination, malformed))
	if err != nil {
		return err
	}
	return withCause(checkNewAddr("alias", r.Alias), Invalid, BadAlias)
}

// AliasAddResponse has both.
type AliasAddResponse struct {
	Alias       sip.Addr `json:"alias"`
	Destination sip.Addr `json:"destination"`
}

// AliasAdd makes an alias. If its user part is a number in the pool, the number leaves the pool.
// Causes: BadAlias, BadDestination, UnknownDomain (of the alias), NotFound (the destination is in a
// domain of this Kamailio and no user has it), Exists (the alias exists, a user has that address,
// or the destination has an E.164 alias already), InUse (the number is held by another principal,
// or cooling).
func (c *Client) AliasAdd(ctx context.Context, req AliasAddRequest) (AliasAddResponse, error) {
	return call(ctx, c, "alias/add", req, (*Client).aliasAdd)
}

func (c *Client) aliasAdd(ctx context.Context, req AliasAddRequest) (res AliasAddResponse, err error) {
	req.Alias = normalAddr(req.Alias)
	locks := append(aliasLocks(req.Alias), LockAddr(req.Destination))
	err = c.change(ctx, "alias/add", &req, locks, func(s Store) error {
		var err error
		if req.Destination, err = namedUserAs(ctx, s, "destination", req.Destination); err != nil {
			return withCause(err, Invalid, BadDestination)
		}
		return c.addAlias(ctx, s, Alias(req))
	})
	return AliasAddResponse(req), err
}

// aliasLocks returns the locks for making the alias a.
func aliasLocks(a sip.Addr) []Lock {
	if _, ok := aliasNumber(a); ok {
		return []Lock{LockAddr(a), LockPool().AsShared()}
	}
	return []Lock{LockAddr(a)}
}

func (c *Client) addAlias(ctx context.Context, s Store, a Alias) error {
	site, err := s.AliasSite(ctx, a)
	if err != nil {
		return err
	}
	if err := c.needServed(site.Served, a.Alias.Domain()); err != nil {
		return err
	}
	// Users of domains that this Kamailio does not serve cannot be known.
	if !site.IsUser && c.needServed(site.DestinationServed, a.Destination.Domain()) == nil {
		return noUser(NotFound, a.Destination)
	}
	if err := c.needAliasFree(site, a); err != nil {
		return err
	}
	before, err := s.AddAlias(ctx, a, c.numberUse())
	return numberInUse(taken(err, "the alias %s exists already", a.Alias), before)
}

// needAliasFree keeps the rules that Kamailio's table does not have: an address is one user or one
// alias, and a destination has at most one E.164 alias.
func (c *Client) needAliasFree(site AliasSite, a Alias) error {
	if err := needNoHolder(site.Holder, a.Alias); err != nil {
		return err
	}
	if _, ok := aliasNumber(a.Alias); ok {
		return c.needNoNumberAlias(site, a.Destination)
	}
	return nil
}

// needNoNumberAlias names the alias only if it is within the actor's scope.
func (c *Client) needNoNumberAlias(site AliasSite, destination sip.Addr) error {
	if site.NumberAlias.IsZero() {
		return nil
	}
	if !c.actor.Scope.HasAlias(site.NumberAlias) {
		return failed(Exists, "%s has an E.164 alias already", destination)
	}
	return failed(Exists, "%s has the E.164 alias %s already", destination, site.NumberAlias)
}

func noAlias(err error, a sip.Addr) error { return missing(err, "there is no alias %s", a) }

// AliasRemoveRequest names an alias.
type AliasRemoveRequest struct {
	Alias sip.Addr `form:"alias*,required" bad:"invalid/address" json:"alias"`
}

// Check implements [Request].
func (r AliasRemoveRequest) Check(malformed ...string) error {
	return needAddr("alias", r.Alias, malformed)
}

// AliasRemoveResponse has the alias.
type AliasRemoveResponse struct {
	Alias sip.Addr `json:"alias"`
}

// AliasRemove removes an alias with all its destinations. Its number does not return to the pool;
// see [Client.NumberRelease]. Causes: NotFound.
func (c *Client) AliasRemove(ctx context.Context, req AliasRemoveRequest) (AliasRemoveResponse, error) {
	return call(ctx, c, "alias/remove", req, (*Client).aliasRemove)
}

func (c *Client) aliasRemove(ctx context.Context, req AliasRemoveRequest) (res AliasRemoveResponse, err error) {
	err = c.changeNamed(ctx, "alias/remove", &req, req.Alias, func(s Store) error {
		var err error
		if req.Alias, err = namedAlias(ctx, s, req.Alias); err != nil {
			return withCause(err, Invalid, BadAddress)
		}
		_, err = s.RemoveAlias(ctx, req.Alias)
		return noAlias(err, req.Alias)
	})
	return AliasRemoveResponse(req), err
}
