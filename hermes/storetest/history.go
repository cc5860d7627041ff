package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

const (
	historyClients = 4
	historyCalls   = 6 // of each client
	historyNumbers = 3
)

// testHistory records concurrent calls with their results, and has porcupine search for an order of
// the calls that explains the results.
func testHistory(t *testing.T, open openFunc) {
	t.Run("results of concurrent calls on the pool and on aliases of its numbers fit some order of the calls", func(t *testing.T) {
		s := open(t).Store
		r := rand.New(rand.NewPCG(3, 4))
		for i := range rounds(t, 200) {
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
	opHas
	opTake
	opTakeRandom
	opTakeScoped // as opTake, within a scope that has the numbers one by one
	opTakeScopedRandom
	opAlias   // AddAlias
	opUnalias // RemoveAlias
	opRelease // ReleaseNumber
	poolOps   // the count of the operations
)

// poolCall is an operation. TakeNumber does not use the number.
type poolCall struct {
	op     poolOp
	number int // 0 to historyNumbers-1
}

// poolResult is the result of a poolCall.
type poolResult struct {
	ok    bool
	taken int // the number that TakeNumber returned
}

// poolState has a bit for each number.
type poolState struct {
	pool    uint // the numbers of the pool
	aliased uint // the user parts of aliases
}

// poolModel models the pool and the aliases as sets of numbers. TakeNumber may return any number of
// the pool, since the first one depends on transactions that have not ended; the tests of
// TakeNumber check that it returns the first when no other call runs.
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
	bit := uint(1) << c.number
	contained, aliased := s.pool&bit != 0, s.aliased&bit != 0
	switch c.op {
	case opAdd:
		if !result.ok {
			return contained || aliased, s
		}
		return !contained && !aliased, poolState{s.pool | bit, s.aliased}
	case opRemove:
		return result.ok == contained, poolState{s.pool &^ bit, s.aliased}
	case opHas:
		return result.ok == contained, s
	case opAlias:
		if !result.ok {
			return aliased, s
		}
		return !aliased, poolState{s.pool &^ bit, s.aliased | bit}
	case opUnalias:
		return result.ok == aliased, poolState{s.pool, s.aliased &^ bit}
	case opRelease:
		if !result.ok {
			return !aliased, s
		}
		return aliased, poolState{s.pool | bit, s.aliased &^ bit}
	}
	if !result.ok {
		return s.pool == 0, s
	}
	taken := uint(1) << result.taken
	return s.pool&taken != 0, poolState{s.pool &^ taken, s.aliased}
}

// recordHistory runs random calls in concurrent clients. The numbers begin with prefix, and no
// other history uses them.
func recordHistory(t *testing.T, s hermes.Store, prefix string, r *rand.Rand) []porcupine.Operation {
	t.Helper()
	calls := make([]poolCall, historyClients*historyCalls)
	for i := range calls {
		calls[i] = poolCall{op: poolOp(r.IntN(int(poolOps))), number: r.IntN(historyNumbers)}
	}
	history := make([]porcupine.Operation, len(calls))
	var clock atomic.Int64
	errs := runConcurrently(historyClients, func(client int) error {
		for i := client; i < len(calls); i += historyClients {
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
	return history
}

// callPool makes the call. A bare cause is part of the result.
func callPool(t *testing.T, s hermes.Store, prefix string, c poolCall) (result poolResult, err error) {
	n := nthNumber(prefix, 1, c.number)
	alias := addr(n.String() + "@local.example")
	switch c.op {
	case opAdd:
		err = addUnaliased(t.Context(), s, n)
	case opRemove:
		err = s.RemoveNumber(t.Context(), n)
	case opHas:
		result.ok, err = s.HasNumber(t.Context(), n)
		return result, err
	case opAlias:
		err = s.AddAlias(t.Context(), hermes.Alias{Alias: alias, Destination: addr("u@local.example")})
	case opUnalias:
		err = errorOf(s.RemoveAlias(t.Context(), alias))
	case opRelease:
		err = errorOf(s.ReleaseNumber(t.Context(), n, alias))
	default:
		var taken e164.Number
		taken, err = s.TakeNumber(t.Context(), takeQuery(prefix, c.op))
		if err == nil {
			result.taken = int(taken.Sub(nthNumber(prefix, 1, 0)))
		}
	}
	result.ok = err == nil
	if isCause(err) {
		err = nil
	}
	return result, err
}

// takeQuery asks for any of the numbers of a history.
func takeQuery(prefix string, op poolOp) hermes.TakeQuery {
	q := hermes.TakeQuery{Match: pattern(prefix + "*"), Random: op == opTakeRandom || op == opTakeScopedRandom}
	if op == opTakeScoped || op == opTakeScopedRandom {
		q.Match, q.Scope = hermes.Pattern{}, hermes.Scope{Numbers: prefix + "0," + prefix + "1," + prefix + "2"}
	}
	return q
}

// addUnaliased adds a number to the pool as a Client does, which refuses those that an alias has.
func addUnaliased(ctx context.Context, s hermes.Store, n e164.Number) error {
	return s.Tx(ctx, &hermes.TxOptions{Locks: []hermes.Lock{hermes.LockNumber(n)}}, func(tx hermes.Store) error {
		aliased, err := tx.NumberAliased(ctx, n)
		if err != nil {
			return err
		}
		if aliased {
			return hermes.Exists
		}
		return tx.AddNumber(ctx, n)
	})
}
