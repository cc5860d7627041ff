package storetest

import (
	"context"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// All operations are at minute 1: a store may move a number whose time has passed, and would not
// know of an earlier time any more. Holds and quarantines until then are over when they begin.
const operationMinute = 1

// until returns the end of a hold or a quarantine.
func (g generator) until() time.Time { return at(g.upTo(3)) }

func (g generator) use() hermes.NumberUse {
	return hermes.NumberUse{By: hermes.Principal{
		Kind: drawFrom(g, hermes.UserPrincipal, hermes.KeyPrincipal), Name: drawFrom(g, "alice", "bob"),
	}, Now: at(operationMinute)}
}

func (g generator) state() hermes.NumberState {
	return drawFrom(g, "", "", hermes.NumberFree, hermes.NumberHeld, hermes.NumberCooling)
}

func (g generator) numberOperation() operation {
	n, use := g.number(), g.use()
	q := hermes.TakeQuery{Now: use.Now, Match: g.pattern(), Scope: g.scope()}
	return drawFrom(g,
		newOperation("PooledNumber", []any{n}, func(ctx context.Context, s hermes.Store) string {
			return result(s.PooledNumber(ctx, n, use.Now))
		}),
		newOperation("AddNumber", []any{n}, func(ctx context.Context, s hermes.Store) string {
			return usedResult(s.AddNumber(ctx, n, use.Now))
		}),
		newOperation("RemoveNumber", []any{n, use.By}, func(ctx context.Context, s hermes.Store) string {
			return usedResult(s.RemoveNumber(ctx, n, use))
		}),
		newOperation("NumberAliased", []any{n}, func(ctx context.Context, s hermes.Store) string {
			return result(s.NumberAliased(ctx, n))
		}),
		newOperation("TakeNumber", []any{q}, func(ctx context.Context, s hermes.Store) string {
			return result(s.TakeNumber(ctx, q))
		}))
}

// usedResult is the result of a method that returns what a number was before, also with InUse.
func usedResult(before hermes.PooledNumber, err error) string {
	if err == error(hermes.InUse) {
		return errorResult(err) + " " + result(before, nil)
	}
	return result(before, err)
}

func (g generator) holdOperation() operation {
	n, use, until := g.number(), g.use(), g.until()
	q := hermes.TakeQuery{Now: use.Now, Match: g.pattern(), Scope: g.scope()}
	anyones := use
	anyones.By = maybe(g, func() hermes.Principal { return use.By })
	return drawFrom(g,
		newOperation("HoldNumber", []any{n, use.By, until}, func(ctx context.Context, s hermes.Store) string {
			return usedResult(s.HoldNumber(ctx, n, use, until))
		}),
		newOperation("HoldAny", []any{q, use.By, until}, func(ctx context.Context, s hermes.Store) string {
			return result(s.HoldAny(ctx, q, use.By, until))
		}),
		newOperation("UnholdNumber", []any{n, anyones.By}, func(ctx context.Context, s hermes.Store) string {
			return result(s.UnholdNumber(ctx, n, anyones))
		}))
}

func (g generator) poolOperation() operation {
	q := hermes.NumberQuery{
		State: g.state(), Now: at(operationMinute), Match: g.pattern(), Scope: g.scope(), After: maybe(g, g.number), Limit: g.limit(),
		Seed: drawFrom[int64](g, 0, 7, 2147483646),
	}
	count := hermes.CountQuery{Now: q.Now, Match: q.Match, Scope: q.Scope, Served: drawFrom(g, "", "far.example")}
	first := g.number()
	last, ok := first.Offset(int64(g.upTo(12)))
	if !ok {
		last = first
	}
	return drawFrom(g,
		newOperation("Numbers", []any{q}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.Numbers(ctx, q))
		}),
		newOperation("ShuffledNumbers", []any{q}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.ShuffledNumbers(ctx, q))
		}),
		newOperation("CountNumbers", []any{count}, func(ctx context.Context, s hermes.Store) string {
			return result(s.CountNumbers(ctx, count))
		}),
		newOperation("AddNumbers", []any{first, last}, func(ctx context.Context, s hermes.Store) string {
			return result(s.AddNumbers(ctx, first, last))
		}))
}
