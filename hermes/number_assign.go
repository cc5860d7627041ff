package hermes

import (
	"context"

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

// NumberClaimResponse has the number.
type NumberClaimResponse struct {
	Number e164.Number `json:"number"`
}

// NumberClaim takes a number out of the pool. No number is ever given to two callers. Causes:
// Empty.
func (c *Client) NumberClaim(ctx context.Context, req NumberClaimRequest) (res NumberClaimResponse, err error) {
	defer wrap(&err, "number/claim")
	if err = c.precheck("number/claim", req); err != nil {
		return res, err
	}
	err = c.scanIf(ctx, req.Search.scans(), func() error {
		res.Number, err = c.store.TakeNumber(ctx, req.Search, req.Random)
		return err
	})
	return res, c.changed(emptyPool(err))
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

// NumberAssignResponse has the number and the alias that was made of it.
type NumberAssignResponse struct {
	Number      e164.Number `json:"number"`
	Alias       sip.Addr    `json:"alias"`
	Destination sip.Addr    `json:"destination"`
}

// NumberAssign takes a number out of the pool and makes it the user's E.164 alias, together or not
// at all. A number that an alias of any domain, or a user of the alias' domain, has is passed over,
// and refused if it is named. Causes: Malformed (the domain), UnknownDomain, NotFound (no such
// user, or the number is not in the pool), Exists, Empty.
func (c *Client) NumberAssign(ctx context.Context, req NumberAssignRequest) (res NumberAssignResponse, err error) {
	defer wrap(&err, "number/assign")
	if err = c.precheck("number/assign", req); err != nil {
		return res, err
	}
	locks := []Lock{LockAddr(req.User), LockPool().AsShared()}
	if !req.Number.IsZero() {
		locks = append(locks, LockNumber(req.Number))
	}
	err = c.scanIf(ctx, req.Search.scans(), func() error {
		return c.change(ctx, locks, func(s Store) error {
			if req.User, err = namedUser(ctx, s, req.User); err == nil {
				res, err = c.assign(ctx, s, req)
			}
			return err
		})
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
	switch err := s.AssignNumber(ctx, req.Number, a); err {
	case nil:
		return res, needAliasFree(site, a)
	case Exists:
		return res, firstError(needAliasFree(site, a),
			failed(Exists, "%s is in use as an alias, or is a user of %s", req.Number, req.AliasDomain))
	default:
		return res, notInPool(err, req.Number)
	}
}

// assignAny reports what is wrong with the request before that there is no number.
func (c *Client) assignAny(ctx context.Context, s Store, req NumberAssignRequest) (res NumberAssignResponse, err error) {
	n, site, err := s.AssignAny(ctx, AssignQuery{
		Match: req.Search, Random: req.Random, Domain: req.AliasDomain, Destination: req.User,
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
	return res, needNoNumberAlias(site, req.User)
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

// NumberReleaseRequest names an E.164 alias.
type NumberReleaseRequest struct {
	Alias sip.Addr `form:"alias*,required" json:"alias"`
}

// Check implements [Request].
func (r NumberReleaseRequest) Check(malformed ...string) error {
	return needAddr("alias", r.Alias, malformed)
}

// NumberReleaseResponse has the number, which is free again, and the alias that was removed.
type NumberReleaseResponse struct {
	Number e164.Number `json:"number"`
	Alias  sip.Addr    `json:"alias"`
}

// NumberRelease removes an E.164 alias and returns its number to the pool, together or not at all.
// Causes: NotFound, Rejected (not an E.164 alias, or Options.Plan refuses the number; AliasRemove
// removes the alias alone), InUse (an alias of another domain has the number too, so that it is not
// free).
func (c *Client) NumberRelease(ctx context.Context, req NumberReleaseRequest) (res NumberReleaseResponse, err error) {
	defer wrap(&err, "number/release")
	if err = c.precheck("number/release", req); err != nil {
		return res, err
	}
	var n e164.Number
	err = c.change(ctx, []Lock{LockAddr(req.Alias)}, func(s Store) error {
		var err error
		if req.Alias, err = namedAlias(ctx, s, req.Alias); err != nil {
			return err
		}
		if n, err = c.releasable(req.Alias); err != nil {
			return err
		}
		err = s.ReleaseNumber(ctx, n, req.Alias)
		if err == error(InUse) {
			return failed(InUse, "an alias of another domain has %s too; alias/remove removes %s alone", n, req.Alias)
		}
		return noAlias(err, req.Alias)
	})
	return NumberReleaseResponse{Number: n, Alias: req.Alias}, err
}

// releasable returns the number of an E.164 alias, which may return to the pool.
func (c *Client) releasable(alias sip.Addr) (e164.Number, error) {
	n, ok := aliasNumber(alias)
	if !ok {
		return n, rejected(alias.String()+" is not an E.164 alias",
			`alias %q: want an E.164 number as the user part: "+" and 2 to 15 digits, the first not 0`, alias)
	}
	if err := c.checkNumber("alias", n); err != nil {
		e := asError(err)
		e.Description += "; alias/remove removes the alias"
		return n, e
	}
	return n, nil
}
