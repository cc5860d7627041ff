package hermes

import (
	"context"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/sip"
)

// NumberClaimRequest says which number is wanted.
type NumberClaimRequest struct {
	Search Pattern `form:"search" json:"search,omitzero"`
	Random bool    `form:"random" json:"random,omitzero"` // any matching number, rather than the first
}

// Check implements [Request].
func (NumberClaimRequest) Check(...string) error { return nil }

func (r NumberClaimRequest) scans() bool { return r.Search.scans() }

// NumberClaimResponse has the number.
type NumberClaimResponse struct {
	Number e164.Number `json:"number"`
}

// NumberClaim takes a free number out of the pool. No number is ever given to two callers. Causes:
// Empty.
func (c *Client) NumberClaim(ctx context.Context, req NumberClaimRequest) (NumberClaimResponse, error) {
	return call(ctx, c, "number/claim", req, (*Client).numberClaim)
}

func (c *Client) numberClaim(ctx context.Context, req NumberClaimRequest) (res NumberClaimResponse, err error) {
	err = c.change(ctx, "number/claim", &req, nil, func(s Store) (err error) {
		q := TakeQuery{Now: c.now(), Match: req.Search, Random: req.Random, Scope: c.actor.Scope}
		res.Number, err = s.TakeNumber(ctx, q)
		return emptyPool(err)
	})
	return res, err
}

// emptyPool returns err, or Empty for NotFound.
func emptyPool(err error) error {
	if err == error(NotFound) {
		return failed(Empty, "the number pool has no match")
	}
	return err
}

// NumberAssignRequest names a user and the number that the user gets.
type NumberAssignRequest struct {
	User sip.Addr `form:"user*,required" json:"user"`
	// Number is taken out of the pool. If zero, one is claimed by Search and Random.
	Number e164.Number `form:"number" json:"number,omitzero"`
	Search Pattern     `form:"search" json:"search,omitzero"`
	Random bool        `form:"random" json:"random,omitzero"`
	// AliasDomain defaults to the user's domain.
	AliasDomain sip.Domain `form:"alias_domain" json:"alias_domain,omitzero"`
}

// Check implements [Request].
func (r NumberAssignRequest) Check(malformed ...string) error {
	if err := needAddr("user", r.User, malformed); err != nil {
		return err
	}
	if given("number", r.Number, malformed) && (r.Random || given("search", r.Search, malformed)) {
		return badParameter("number: not with search or random")
	}
	return nil
}

func (r NumberAssignRequest) scans() bool { return r.Search.scans() }

// NumberAssignResponse has the number and the alias that was made of it.
type NumberAssignResponse struct {
	Number      e164.Number `json:"number"`
	Alias       sip.Addr    `json:"alias"`
	Destination sip.Addr    `json:"destination"`
}

// NumberAssign takes a number out of the pool and makes it the user's E.164 alias, together or not
// at all. A number that an alias of any domain, or a user of the alias' domain, has is passed over,
// and refused if it is named. A number that is named may be one that the actor holds. Causes:
// Malformed (the domain), UnknownDomain, NotFound (no such user, or the number is not in the pool),
// Exists, InUse (held by another principal, or cooling), Empty.
func (c *Client) NumberAssign(ctx context.Context, req NumberAssignRequest) (NumberAssignResponse, error) {
	return call(ctx, c, "number/assign", req, (*Client).numberAssign)
}

func (c *Client) numberAssign(ctx context.Context, req NumberAssignRequest) (res NumberAssignResponse, err error) {
	locks := []Lock{LockAddr(req.User), LockPool().AsShared()}
	if !req.Number.IsZero() {
		locks = append(locks, LockNumber(req.Number))
	}
	err = c.change(ctx, "number/assign", &req, locks, func(s Store) error {
		if req.User, err = namedUser(ctx, s, req.User); err == nil {
			res, err = c.assign(ctx, s, req)
		}
		return err
	})
	if err != nil {
		return NumberAssignResponse{}, err
	}
	return res, nil
}

func (c *Client) assign(ctx context.Context, s Store, req NumberAssignRequest) (res NumberAssignResponse, err error) {
	setDefault(&req.AliasDomain, req.User.Domain())
	// Another tool may have written the user's domain, with capitals.
	if req.AliasDomain, err = sip.ParseDomain(req.AliasDomain.String()); err != nil {
		return res, malformedAddr("alias_domain", err)
	}
	if req.Number.IsZero() {
		return c.assignAny(ctx, s, req)
	}
	if res, err = assigned(req, req.Number); err != nil {
		return res, err
	}
	a := Alias{Alias: res.Alias, Destination: res.Destination}
	site, err := s.AliasSite(ctx, a)
	if err != nil {
		return res, err
	}
	if err := c.needAssignable(site, req); err != nil {
		return res, err
	}
	// A number that is not in the pool is reported before an alias that is in the way.
	switch before, err := s.AssignNumber(ctx, req.Number, a, c.numberUse()); err {
	case nil, InUse:
		return res, firstError(c.needAliasFree(site, a), numberInUse(err, before))
	case Exists:
		return res, firstError(c.needAliasFree(site, a),
			failed(Exists, "%s is in use as an alias, or is a user of %s", req.Number, req.AliasDomain))
	default:
		return res, notInPool(err, req.Number)
	}
}

// assignAny reports what is wrong with the request before that there is no number.
func (c *Client) assignAny(ctx context.Context, s Store, req NumberAssignRequest) (res NumberAssignResponse, err error) {
	n, site, err := s.AssignAny(ctx, AssignQuery{
		Now: c.now(), Match: req.Search, Random: req.Random, Scope: c.actor.Scope, Domain: req.AliasDomain, Destination: req.User,
	})
	if err != nil && err != error(NotFound) {
		return res, err
	}
	if err := firstError(c.needAssignable(site, req), emptyPool(err)); err != nil {
		return res, err
	}
	if res, err = assigned(req, n); err != nil {
		return res, err
	}
	return res, c.needNoNumberAlias(site, req.User)
}

// needAssignable returns an error unless the request's user exists and its domain is served.
func (c *Client) needAssignable(site AliasSite, req NumberAssignRequest) error {
	if err := c.needServed(site.Served, req.AliasDomain); err != nil {
		return err
	}
	if !site.IsUser {
		return noUser(NotFound, req.User)
	}
	return nil
}

// assigned returns the response to a request by which the user gets n.
func assigned(req NumberAssignRequest, n e164.Number) (NumberAssignResponse, error) {
	alias, err := sip.Join(n.String(), req.AliasDomain.String())
	if err != nil {
		return NumberAssignResponse{}, internalFault(err)
	}
	return NumberAssignResponse{Number: n, Alias: alias, Destination: req.User}, nil
}

// NumberReleaseRequest names an E.164 alias, or a number that one alias has: exactly one of them.
type NumberReleaseRequest struct {
	Alias  sip.Addr    `form:"alias*" json:"alias,omitzero"`
	Number e164.Number `form:"number" json:"number,omitzero"`
}

// Check implements [Request].
func (r NumberReleaseRequest) Check(malformed ...string) error {
	if given("alias", r.Alias, malformed) == given("number", r.Number, malformed) {
		return badParameter("want either alias or number")
	}
	return nil
}

// lock returns the lock of the number, by whichever of its names.
func (r NumberReleaseRequest) lock() Lock {
	if r.Number.IsZero() {
		return LockAddr(r.Alias)
	}
	return LockNumber(r.Number)
}

// NumberReleaseResponse has the number, which is in the pool again, and the alias that was removed.
type NumberReleaseResponse struct {
	Number e164.Number `json:"number"`
	Alias  sip.Addr    `json:"alias"`
}

// NumberRelease removes an E.164 alias and returns its number to the pool, together or not at all.
// The number is free when Options.NumberQuarantine has passed.
// Causes: NotFound, Rejected (not an E.164 alias, or Options.Plan refuses the number; AliasRemove
// removes the alias alone), InUse (aliases of several domains have the number, so that it is not
// free without one of them).
func (c *Client) NumberRelease(ctx context.Context, req NumberReleaseRequest) (NumberReleaseResponse, error) {
	return call(ctx, c, "number/release", req, (*Client).numberRelease)
}

func (c *Client) numberRelease(ctx context.Context, req NumberReleaseRequest) (res NumberReleaseResponse, err error) {
	err = c.change(ctx, "number/release", &req, []Lock{req.lock()}, func(s Store) (err error) {
		if req.Number.IsZero() {
			res, err = c.releaseAlias(ctx, s, req.Alias)
		} else {
			res, err = c.releaseNumber(ctx, s, req.Number)
		}
		return err
	})
	return res, err
}

func (c *Client) releaseAlias(ctx context.Context, s Store, a sip.Addr) (res NumberReleaseResponse, err error) {
	if a, err = namedAlias(ctx, s, a); err != nil {
		return res, err
	}
	n, ok := aliasNumber(a)
	if !ok {
		return res, rejected(a.String()+" is not an E.164 alias",
			`alias %q: want an E.164 number as the user part: "+" and 2 to 15 digits, the first not 0`, a)
	}
	if err := c.checkReleased("alias", n); err != nil {
		return res, err
	}
	err = c.giveBack(ctx, s, n, a)
	if err == error(InUse) {
		err = failed(InUse, "an alias of another domain has %s too; alias/remove removes %s alone", n, a)
	}
	return NumberReleaseResponse{Number: n, Alias: a}, noAlias(err, a)
}

func (c *Client) releaseNumber(ctx context.Context, s Store, n e164.Number) (res NumberReleaseResponse, err error) {
	if err := c.checkReleased("number", n); err != nil {
		return res, err
	}
	for {
		a, err := c.aliasOf(ctx, s, n)
		if err != nil {
			return res, err
		}
		res = NumberReleaseResponse{Number: n, Alias: a}
		// If there are aliases of other domains too, the store refuses any of them.
		err = c.giveBack(ctx, s, n, res.Alias)
		if err == error(InUse) {
			return res, failed(InUse, "aliases of several domains have %s; alias/remove removes one of them alone", n)
		}
		if err != error(NotFound) {
			return res, err
		}
		// The alias has been removed meanwhile, for which no lock is needed. Another may have n.
	}
}

// giveBack removes an E.164 alias and returns its number to the pool, where it rests for
// Options.NumberQuarantine. It returns the causes of [NumberStore].ReleaseNumber.
func (c *Client) giveBack(ctx context.Context, s Store, n e164.Number, a sip.Addr) error {
	q := Quarantine{Now: c.now()}
	if c.opts.NumberQuarantine > 0 {
		q.Until = q.Now.Add(c.opts.NumberQuarantine).Truncate(time.Microsecond)
	}
	_, err := s.ReleaseNumber(ctx, n, a, q)
	return err
}

// aliasOf returns the first alias within the actor's scope whose user part is n.
func (c *Client) aliasOf(ctx context.Context, s Store, n e164.Number) (sip.Addr, error) {
	q := AliasQuery{Number: n, Limit: 1}
	for {
		rows, err := s.Aliases(ctx, q)
		if err != nil {
			return sip.Addr{}, err
		}
		if len(rows) == 0 {
			return sip.Addr{}, failed(NotFound, "no alias has %s", n)
		}
		if c.actor.Scope.HasAlias(rows[0].Alias) {
			return rows[0].Alias, nil
		}
		q.After = rows[0]
	}
}

// checkReleased asks the number plan about a number that is to return to the pool. name is that of
// its parameter.
func (c *Client) checkReleased(name string, n e164.Number) error {
	if err := c.checkNumber(name, n); err != nil {
		e := asError(err)
		e.Description += "; alias/remove removes the alias"
		return e
	}
	return nil
}
