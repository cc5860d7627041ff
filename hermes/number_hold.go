package hermes

import (
	"context"
	"fmt"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
)

// numberUse returns the use of a number by the actor, now.
func (c *Client) numberUse() NumberUse {
	return NumberUse{By: c.actor.auditPrincipal(), Now: c.now()}
}

// numberInUse gives a store's bare InUse a detail that says why p cannot be taken, but not who
// holds it; other errors are returned as they are.
func numberInUse(err error, p PooledNumber) error {
	if err != error(InUse) {
		return err
	}
	format := "%s is in use as an alias"
	switch p.State {
	case NumberHeld:
		format = "%s is held by another principal"
	case NumberCooling:
		format = "%s was given back, and may not be given out again yet"
	}
	return withUntil(failed(InUse, format, p.Number), p)
}

// withUntil returns e with the time until which p is held or cooling.
func withUntil(e *Error, p PooledNumber) *Error {
	e.Until = p.Until
	return e
}

// UnmarshalText reads free, held or cooling. An empty text is the zero NumberState.
func (s *NumberState) UnmarshalText(text []byte) error {
	switch state := NumberState(text); state {
	case "", NumberFree, NumberHeld, NumberCooling:
		*s = state
		return nil
	}
	return fmt.Errorf("number state %q: want free, held or cooling", text)
}

const (
	defaultHold = 15 * time.Minute
	longestHold = 24 * time.Hour
)

// NumberHoldRequest says which number is to be held, and how long.
type NumberHoldRequest struct {
	// Number is held. If zero, one is found by Search and Random.
	Number e164.Number `form:"number" json:"number,omitzero"`
	Search Pattern     `form:"search" json:"search,omitzero"`
	Random bool        `form:"random" json:"random,omitzero"` // any match, rather than the first
	TTL    Duration    `form:"ttl" json:"ttl,omitzero"`       // up to 24 h; zero means 15 minutes
}

// Check implements [Request].
func (r NumberHoldRequest) Check(malformed ...string) error {
	if given("number", r.Number, malformed) && (r.Random || given("search", r.Search, malformed)) {
		return badParameter("number: not with search or random")
	}
	if time.Duration(r.TTL) > longestHold || r.TTL < 0 {
		return badParameter("ttl %s: want at most %s", time.Duration(r.TTL), longestHold)
	}
	return nil
}

func (r NumberHoldRequest) scans() bool { return r.Search.scans() }

// NumberHoldResponse has the number, and when the hold ends.
type NumberHoldResponse struct {
	Number e164.Number `json:"number"`
	Until  time.Time   `json:"until"`
}

// NumberHold sets a free number aside for the actor's principal for a while: only that principal
// can assign, remove or claim it, by its name. If the principal holds it already, the new time
// counts from now. The hold ends by itself. Causes: NotFound (the number is not in the pool), InUse
// (held by another principal, cooling, or in use as an alias), Empty.
func (c *Client) NumberHold(ctx context.Context, req NumberHoldRequest) (NumberHoldResponse, error) {
	return call(ctx, c, "number/hold", req, (*Client).numberHold)
}

func (c *Client) numberHold(ctx context.Context, req NumberHoldRequest) (res NumberHoldResponse, err error) {
	setDefault(&req.TTL, Duration(defaultHold))
	var locks []Lock
	if !req.Number.IsZero() {
		locks = []Lock{LockNumber(req.Number)}
	}
	err = c.change(ctx, "number/hold", &req, locks, func(s Store) (err error) {
		use := c.numberUse()
		res = NumberHoldResponse{Number: req.Number, Until: use.Now.Add(time.Duration(req.TTL)).Truncate(time.Microsecond)}
		if req.Number.IsZero() {
			q := TakeQuery{Now: use.Now, Match: req.Search, Random: req.Random, Scope: c.actor.Scope}
			res.Number, err = s.HoldAny(ctx, q, use.By, res.Until)
			return emptyPool(err)
		}
		before, err := s.HoldNumber(ctx, req.Number, use, res.Until)
		return numberInUse(notInPool(err, req.Number), before)
	})
	return res, err
}

// NumberUnholdRequest names a number.
type NumberUnholdRequest struct {
	Number e164.Number `form:"number,required" json:"number"`
}

// Check implements [Request].
func (r NumberUnholdRequest) Check(malformed ...string) error {
	return needNumber("number", r.Number, malformed)
}

// NumberUnholdResponse has the number.
type NumberUnholdResponse struct {
	Number e164.Number `json:"number"`
}

// NumberUnhold ends a hold of the actor's principal, so that the number is free. An actor who may
// administer ends anybody's. Causes: NotFound.
func (c *Client) NumberUnhold(ctx context.Context, req NumberUnholdRequest) (NumberUnholdResponse, error) {
	return call(ctx, c, "number/unhold", req, (*Client).numberUnhold)
}

func (c *Client) numberUnhold(ctx context.Context, req NumberUnholdRequest) (NumberUnholdResponse, error) {
	err := c.change(ctx, "number/unhold", &req, []Lock{LockNumber(req.Number)}, func(s Store) error {
		use := c.numberUse()
		if c.actor.Access.Allows(CanAdminister) {
			use.By = Principal{}
		}
		_, err := s.UnholdNumber(ctx, req.Number, use)
		if use.By == (Principal{}) {
			return missing(err, "%s is not held", req.Number)
		}
		return missing(err, "%s is not held by this principal", req.Number)
	})
	return NumberUnholdResponse(req), err
}

// NumberStatsRequest says which numbers are counted.
type NumberStatsRequest struct {
	Search Pattern `form:"search" json:"search,omitzero"`
}

// Check implements [Request].
func (NumberStatsRequest) Check(...string) error { return nil }

// NumberStatsResponse has the counts of the numbers that match and are within the actor's scope.
type NumberStatsResponse struct {
	Free     int64 `json:"free"`
	Held     int64 `json:"held"`
	Cooling  int64 `json:"cooling"`
	Assigned int64 `json:"assigned"` // in use as an alias
	Total    int64 `json:"total"`    // in the pool: free, held or cooling
}

// NumberStats counts numbers.
func (c *Client) NumberStats(ctx context.Context, req NumberStatsRequest) (res NumberStatsResponse, err error) {
	defer wrap(&err, "number/stats")
	if err = c.precheck(ctx, "number/stats", req); err != nil {
		return res, err
	}
	var counts NumberCounts
	err = c.scanIf(ctx, true, func() (err error) {
		counts, err = c.store.CountNumbers(ctx, CountQuery{
			Now: c.now(), Match: req.Search, Scope: c.actor.Scope, Served: c.servedDomains(),
		})
		return err
	})
	if err != nil {
		return res, err
	}
	return NumberStatsResponse{
		Free: counts.Free, Held: counts.Held, Cooling: counts.Cooling, Assigned: counts.Assigned,
		Total: counts.Free + counts.Held + counts.Cooling,
	}, nil
}
