package hermes

import (
	"context"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/sip"
)

// NumberClaimRequest says which number is wanted.
type NumberClaimRequest struct {
	Search Pattern `form:"search" json:"search,omitzero"`
	Random bool    `form:"random" json:"random,omitzero"` // any that matches, rather than the first
}

// NumberClaimResponse has the number.
type NumberClaimResponse struct {
	Number e164.Number `json:"number"`
}

// NumberClaim takes a number out of the pool; no number is ever given to two callers. Causes: Empty.
func (c *Client) NumberClaim(ctx context.Context, req NumberClaimRequest) (res NumberClaimResponse, err error) {
	defer wrap(&err, "number/claim")
	if err = c.allow("number/claim"); err != nil {
		return res, err
	}
	res.Number, err = take(ctx, c.store, req)
	return res, err
}

func take(ctx context.Context, s Store, req NumberClaimRequest) (e164.Number, error) {
	n, err := s.TakeNumber(ctx, req.Search, req.Random)
	if err == error(NotFound) {
		return n, failed(Empty, "the number pool has no match")
	}
	return n, err
}

// takeFree passes over numbers that another tool made aliases of while they were in the pool, which they leave with this.
func takeFree(ctx context.Context, s Store, req NumberClaimRequest) (e164.Number, error) {
	for {
		n, err := take(ctx, s, req)
		if err != nil {
			return n, err
		}
		used, err := s.NumberAliased(ctx, n)
		if err != nil || !used {
			return n, err
		}
	}
}

// NumberAssignRequest names a user and the number that it is to have.
type NumberAssignRequest struct {
	User        sip.Addr    `form:"user*,required" json:"user"`
	Number      e164.Number `form:"number" json:"number,omitzero"` // zero: claimed, by Search and Random
	Search      Pattern     `form:"search" json:"search,omitzero"`
	Random      bool        `form:"random" json:"random,omitzero"`
	AliasDomain sip.Domain  `form:"alias_domain" json:"alias_domain,omitzero"` // zero: the user's
}

// NumberAssignResponse has the number and the alias that was made of it.
type NumberAssignResponse struct {
	Number      e164.Number `json:"number"`
	Alias       sip.Addr    `json:"alias"`
	Destination sip.Addr    `json:"destination"`
}

// NumberAssign takes a number out of the pool and makes it the user's E.164 alias, together or
// not at all. Causes: Rejected, UnknownDomain, NotFound (no such user, or the number is not in the
// pool), Exists, Empty.
func (c *Client) NumberAssign(ctx context.Context, req NumberAssignRequest) (res NumberAssignResponse, err error) {
	defer wrap(&err, "number/assign")
	if err = c.allow("number/assign"); err != nil {
		return res, err
	}
	if err = c.checkAssign(&req); err != nil {
		return res, err
	}
	err = c.store.Tx(ctx, func(s Store) error {
		res, err = c.assign(ctx, s, req)
		return err
	})
	if err != nil {
		return NumberAssignResponse{}, err
	}
	return res, nil
}

func (c *Client) checkAssign(req *NumberAssignRequest) error {
	if err := needAddr("user", req.User); err != nil {
		return err
	}
	setDefault(&req.AliasDomain, req.User.Domain())
	if req.Number.IsZero() {
		return nil
	}
	if !req.Search.IsZero() || req.Random {
		return badParameter("number: not with search or random")
	}
	return c.checkNumber(req.Number)
}

func (c *core) assign(ctx context.Context, s Store, req NumberAssignRequest) (res NumberAssignResponse, err error) {
	if err := c.needServed(ctx, s, req.AliasDomain); err != nil {
		return res, err
	}
	if _, err := s.User(ctx, req.User); err != nil {
		return res, noUser(err, req.User)
	}
	number := req.Number
	if number.IsZero() {
		number, err = takeFree(ctx, s, NumberClaimRequest{Search: req.Search, Random: req.Random})
	} else {
		err = notInPool(s.RemoveNumber(ctx, number), number)
	}
	if err != nil {
		return res, err
	}
	alias, err := sip.Join(number.String(), req.AliasDomain.String())
	if err != nil {
		return res, internalFault(err)
	}
	a := Alias{Alias: alias, Destination: req.User}
	return NumberAssignResponse{number, alias, req.User}, insertAlias(ctx, s, a)
}

// NumberReleaseRequest names an E.164 alias.
type NumberReleaseRequest struct {
	Alias sip.Addr `form:"alias*,required" json:"alias"`
}

// NumberReleaseResponse has the number that is free again and the alias that is gone.
type NumberReleaseResponse struct {
	Number e164.Number `json:"number"`
	Alias  sip.Addr    `json:"alias"`
}

// NumberRelease removes an E.164 alias and returns its number to the pool, together or not at
// all. Causes: NotFound, Rejected (not an E.164 alias), InUse (an alias of another domain has the number too: it is not free).
func (c *Client) NumberRelease(ctx context.Context, req NumberReleaseRequest) (res NumberReleaseResponse, err error) {
	defer wrap(&err, "number/release")
	if err = c.allow("number/release"); err != nil {
		return res, err
	}
	if err = needAddr("alias", req.Alias); err != nil {
		return res, err
	}
	n, ok := aliasNumber(req.Alias)
	if !ok {
		return res, failed(Rejected, "%s is not an E.164 alias", req.Alias)
	}
	err = c.store.Tx(ctx, func(s Store) error { return release(ctx, s, req.Alias, n) })
	return NumberReleaseResponse{Number: n, Alias: req.Alias}, err
}

func release(ctx context.Context, s Store, a sip.Addr, n e164.Number) error {
	if err := s.RemoveAlias(ctx, a); err != nil {
		return noAlias(err, a)
	}
	used, err := s.NumberAliased(ctx, n)
	if err != nil {
		return err
	}
	if used {
		return failed(InUse, "an alias of another domain has %s too; alias/remove removes %s alone", n, a)
	}
	if err := s.AddNumber(ctx, n); err != error(Exists) {
		return err
	}
	return nil
}
