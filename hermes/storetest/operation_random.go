package storetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// randomOperation draws an operation for which a store picks numbers at random. Its result is ok if
// each number is one that might be picked, which the store says itself before. A number that was
// taken is put back, so that two stores go on with the same pool.
func (g generator) randomOperation() operation {
	use, until, destination, domain := g.use(), at(operationMinute+2), g.addr(), g.addr().Domain()
	q := hermes.NumberQuery{State: g.state(), Now: use.Now, Match: g.pattern(), Scope: g.scope(), Limit: g.limit()}
	take := hermes.TakeQuery{Now: use.Now, Match: q.Match, Random: true, Scope: q.Scope}
	assign := hermes.AssignQuery{
		Now: use.Now, Match: q.Match, Random: true, Scope: q.Scope, Domain: domain, Destination: destination,
	}
	return drawFrom(g,
		newOperation("SampleNumbers", []any{q}, func(ctx context.Context, s hermes.Store) string {
			return sampleResult(ctx, s, q)
		}),
		newOperation("TakeNumber", []any{take}, func(ctx context.Context, s hermes.Store) string {
			return pickResult(ctx, s, take, sip.Domain{}, func() (e164.Number, error) {
				n, err := s.TakeNumber(ctx, take)
				if err != nil {
					return n, err
				}
				return n, errorOf(s.AddNumber(ctx, n, use.Now))
			})
		}),
		newOperation("HoldAny", []any{take, use.By}, func(ctx context.Context, s hermes.Store) string {
			return pickResult(ctx, s, take, sip.Domain{}, func() (e164.Number, error) {
				n, err := s.HoldAny(ctx, take, use.By, until)
				if err != nil {
					return n, err
				}
				return n, errorOf(s.UnholdNumber(ctx, n, use))
			})
		}),
		newOperation("AssignAny", []any{assign}, func(ctx context.Context, s hermes.Store) string {
			return pickResult(ctx, s, take, domain, func() (e164.Number, error) {
				n, _, err := s.AssignAny(ctx, assign)
				if err != nil {
					return n, err
				}
				_, err = s.ReleaseNumber(ctx, n, sip.Unchecked(n.String(), domain.String()), hermes.Quarantine{Now: use.Now})
				return n, err
			})
		}))
}

// sampleResult returns ok and a count if SampleNumbers returns different numbers of those that
// match, as many as the query asks for or there are.
func sampleResult(ctx context.Context, s hermes.Store, q hermes.NumberQuery) string {
	all := q
	all.Limit = 10_000
	matching, err := s.Numbers(ctx, all)
	if err != nil {
		return errorResult(err)
	}
	picked, err := s.SampleNumbers(ctx, q)
	if err != nil {
		return errorResult(err)
	}
	want := min(q.Limit, len(matching))
	different := slices.Compact(slices.SortedFunc(slices.Values(picked), e164.Number.Compare))
	isOther := func(n e164.Number) bool { return !slices.Contains(matching, n) }
	if len(picked) != want || len(different) != want || slices.ContainsFunc(picked, isOther) {
		return fmt.Sprintf("%ssampled %v of %v, want %d", faultPrefix, picked, matching, want)
	}
	return fmt.Sprintf("ok %d", want)
}

// pickResult returns ok if pick, which undoes what it does, returns a number that may be picked: a
// free one that matches, is no alias, and is no user of the domain, if that is not zero. It is
// NotFound if there is none.
func pickResult(
	ctx context.Context, s hermes.Store, q hermes.TakeQuery, domain sip.Domain, pick func() (e164.Number, error),
) string {
	numbers, err := s.Numbers(ctx, hermes.NumberQuery{Now: q.Now, Match: q.Match, Scope: q.Scope, Limit: 10_000})
	if err != nil {
		return errorResult(err)
	}
	var free []e164.Number
	for _, n := range numbers {
		aliased, err := s.NumberAliased(ctx, n)
		holder, holderErr := hermes.HeldByNone, error(nil)
		if !domain.IsZero() {
			holder, holderErr = s.Holder(ctx, sip.Unchecked(n.String(), domain.String()))
		}
		if err := firstError(err, holderErr); err != nil {
			return errorResult(err)
		}
		if !aliased && holder != hermes.HeldByUser {
			free = append(free, n)
		}
	}
	picked, err := pick()
	wrong := err == nil && !slices.Contains(free, picked) || err == error(hermes.NotFound) && len(free) > 0
	if wrong || err != nil && err != error(hermes.NotFound) {
		return fmt.Sprintf("%spicked %v, %v, of %v", faultPrefix, picked, err, free)
	}
	return errorResult(err)
}
