package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

const (
	historyClients = 4
	historyCalls   = 6 // of each client
	historyNumbers = 3
	historyMinute  = 5 // of the second half of the calls
)

// testHistory records concurrent calls with their results, and has porcupine search for an order of
// the calls that explains the results.
func testHistory(t *testing.T, open openFunc) {
	t.Run("results of concurrent calls on the pool and on aliases of its numbers fit some order of the calls", func(t *testing.T) {
		s := open(t).Store
		r := rand.New(rand.NewPCG(3, 4))
		for i := range Rounds(t, 200) {
			history := recordHistory(t, s, fmt.Sprintf("+47%06d", i), r)
			if !porcupine.CheckOperations(poolModel(), history) {
				t.Fatalf("no order explains history %d:\n%+v", i, history)
			}
		}
	})
}

type poolOp int

const (
	opAdd poolOp = iota
	opRemove
	opPlace // PooledNumber
	opTake
	opTakeRandom
	opTakeScoped // as opTake, within a scope that has the numbers one by one
	opTakeScopedRandom
	opAlias   // AddAlias
	opUnalias // RemoveAlias
	opRelease // ReleaseNumber
	opReleaseToCool
	opHold
	opHoldAny
	opHoldAnyRandom
	opUnhold
	opAssign // AssignNumber
	poolOps  // the count of the operations
)

// poolCall is an operation.
type poolCall struct {
	op     poolOp
	number int    // 0 to historyNumbers-1; not of those that take or hold any
	minute int    // when it is called
	by     string // the principal
	until  int    // the minute at which a hold or a quarantine ends
}

// poolResult is the result of a poolCall.
type poolResult struct {
	cause hermes.Cause       // empty if the call succeeded
	taken int                // the number of a call that takes or holds any
	place hermes.NumberState // of PooledNumber
}

// poolNumber is the state of a number in a model of the pool.
type poolNumber struct {
	aliased bool
	place   hermes.NumberState // empty if it is not in the pool
	holder  string
	until   int
}

// at returns what the number is at a minute.
func (n poolNumber) at(minute int) poolNumber {
	if n.place != "" && n.place != hermes.NumberFree && n.until <= minute {
		return poolNumber{aliased: n.aliased, place: hermes.NumberFree}
	}
	return n
}

// refusal returns why a principal cannot take the number.
func (n poolNumber) refusal(by string) hermes.Cause {
	switch {
	case n.place == "":
		return hermes.NotFound
	case n.place == hermes.NumberFree, n.place == hermes.NumberHeld && n.holder == by:
		return ""
	}
	return hermes.InUse
}

type poolState [historyNumbers]poolNumber

// poolModel models the pool and the aliases. TakeNumber and HoldAny may return any free number,
// since the first one depends on transactions that have not ended; the tests of these methods check
// that they return the first when no other call runs.
func poolModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return poolState{} },
		Step: func(state, input, output any) (bool, any) {
			return stepPool(state.(poolState), input.(poolCall), output.(poolResult))
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
	}
}

// stepPool reports whether the result is correct in the state, and returns the state afterwards.
func stepPool(s poolState, c poolCall, result poolResult) (bool, poolState) {
	switch c.op {
	case opTake, opTakeRandom, opTakeScoped, opTakeScopedRandom, opHoldAny, opHoldAnyRandom:
		return stepAny(s, c, result)
	case opPlace:
		return s[c.number].at(c.minute).place == result.place, s
	}
	want, after := stepNumber(s[c.number].at(c.minute), c)
	if want != result.cause {
		return false, s
	}
	if want == "" {
		s[c.number] = after
	}
	return true, s
}

// stepAny is stepPool for a call that takes or holds any number.
func stepAny(s poolState, c poolCall, result poolResult) (bool, poolState) {
	if result.cause != "" {
		return !slices.ContainsFunc(s[:], func(n poolNumber) bool { return n.at(c.minute).place == hermes.NumberFree }), s
	}
	correct := s[result.taken].at(c.minute).place == hermes.NumberFree
	s[result.taken] = poolNumber{}
	if c.op == opHoldAny || c.op == opHoldAnyRandom {
		s[result.taken] = poolNumber{place: hermes.NumberHeld, holder: c.by, until: c.until}
	}
	return correct, s
}

// stepNumber returns the cause with which a call about one number fails, and otherwise what the
// number is afterwards.
func stepNumber(n poolNumber, c poolCall) (hermes.Cause, poolNumber) {
	switch c.op {
	case opAdd:
		switch {
		case n.aliased || n.place == hermes.NumberFree:
			return hermes.Exists, n
		case n.place == hermes.NumberHeld:
			return hermes.InUse, n
		}
		return "", poolNumber{place: hermes.NumberFree}
	case opRemove:
		return n.refusal(c.by), poolNumber{}
	case opAlias:
		if n.aliased {
			return hermes.Exists, n
		}
		if n.refusal(c.by) == hermes.InUse {
			return hermes.InUse, n
		}
		return "", poolNumber{aliased: true}
	case opAssign:
		return n.refusal(c.by), poolNumber{aliased: true}
	case opHold:
		return n.refusal(c.by), poolNumber{place: hermes.NumberHeld, holder: c.by, until: c.until}
	case opUnhold:
		if n.place != hermes.NumberHeld || n.holder != c.by {
			return hermes.NotFound, n
		}
		return "", poolNumber{place: hermes.NumberFree}
	}
	after := map[poolOp]poolNumber{
		opUnalias: {}, opRelease: {place: hermes.NumberFree}, opReleaseToCool: {place: hermes.NumberCooling, until: c.until},
	}
	if !n.aliased {
		return hermes.NotFound, n
	}
	return "", after[c.op]
}

// recordHistory runs random calls in concurrent clients, half of them, and the others when the
// clock has been moved. The numbers begin with prefix, and no other history uses them.
func recordHistory(t *testing.T, s hermes.Store, prefix string, r *rand.Rand) []porcupine.Operation {
	t.Helper()
	calls := make([]poolCall, historyClients*historyCalls)
	for i := range calls {
		calls[i] = poolCall{
			op: poolOp(r.IntN(int(poolOps))), number: r.IntN(historyNumbers), by: []string{"alice", "bob"}[r.IntN(2)],
			until: []int{historyMinute, 2 * historyMinute}[r.IntN(2)],
		}
		if i >= len(calls)/2 {
			calls[i].minute = historyMinute
		}
	}
	history := make([]porcupine.Operation, len(calls))
	var clock atomic.Int64
	for _, half := range [][2]int{{0, len(calls) / 2}, {len(calls) / 2, len(calls)}} {
		errs := runConcurrently(historyClients, func(client int) error {
			for i := half[0] + client; i < half[1]; i += historyClients {
				began := clock.Add(1)
				result, err := callPool(t, s, prefix, calls[i])
				if err != nil {
					return err
				}
				history[i] = porcupine.Operation{
					ClientId: client, Input: calls[i], Call: began, Output: result, Return: clock.Add(1),
				}
			}
			return nil
		})
		must(t, firstError(errs...))
	}
	return history
}

// callPool makes the call. A bare cause is part of the result.
func callPool(t *testing.T, s hermes.Store, prefix string, c poolCall) (result poolResult, err error) {
	n, u, until := nthNumber(prefix, 1, c.number), use(c.by, c.minute), at(c.until)
	a := hermes.Alias{Alias: addr(n.String() + "@local.example"), Destination: addr("u@local.example")}
	var taken e164.Number
	switch c.op {
	case opAdd:
		err = addUnaliased(t.Context(), s, n, u.Now)
	case opRemove:
		err = errorOf(s.RemoveNumber(t.Context(), n, u))
	case opPlace:
		var p hermes.PooledNumber
		if p, err = s.PooledNumber(t.Context(), n, u.Now); err == nil {
			result.place = p.State
		}
	case opAlias:
		err = errorOf(s.AddAlias(t.Context(), a, u))
	case opUnalias:
		err = errorOf(s.RemoveAlias(t.Context(), a.Alias))
	case opRelease:
		err = errorOf(s.ReleaseNumber(t.Context(), n, a.Alias, hermes.Quarantine{Now: u.Now}))
	case opReleaseToCool:
		err = errorOf(s.ReleaseNumber(t.Context(), n, a.Alias, hermes.Quarantine{Now: u.Now, Until: until}))
	case opAssign:
		err = errorOf(s.AssignNumber(t.Context(), n, a, u))
	case opHold:
		err = errorOf(s.HoldNumber(t.Context(), n, u, until))
	case opUnhold:
		err = errorOf(s.UnholdNumber(t.Context(), n, u))
	case opHoldAny, opHoldAnyRandom:
		taken, err = s.HoldAny(t.Context(), takeQuery(prefix, c), u.By, until)
	default:
		taken, err = s.TakeNumber(t.Context(), takeQuery(prefix, c))
	}
	if !taken.IsZero() {
		result.taken = int(taken.Sub(nthNumber(prefix, 1, 0)))
	}
	if isCause(err) {
		result.cause, _ = err.(hermes.Cause)
		err = nil
	}
	return result, err
}

// takeQuery asks for any of the numbers of a history.
func takeQuery(prefix string, c poolCall) hermes.TakeQuery {
	q := hermes.TakeQuery{Now: at(c.minute), Match: pattern(prefix + "*")}
	q.Random = c.op == opTakeRandom || c.op == opTakeScopedRandom || c.op == opHoldAnyRandom
	if c.op == opTakeScoped || c.op == opTakeScopedRandom {
		q.Match, q.Scope = hermes.Pattern{}, hermes.Scope{Numbers: prefix + "0," + prefix + "1," + prefix + "2"}
	}
	return q
}

// addUnaliased adds a number to the pool as a Client does, which refuses those that an alias has.
func addUnaliased(ctx context.Context, s hermes.Store, n e164.Number, now time.Time) error {
	return s.Tx(ctx, &hermes.TxOptions{Locks: []hermes.Lock{hermes.LockNumber(n)}}, func(tx hermes.Store) error {
		aliased, err := tx.NumberAliased(ctx, n)
		if err != nil {
			return err
		}
		if aliased {
			return hermes.Exists
		}
		return errorOf(tx.AddNumber(ctx, n, now))
	})
}
