package storetest

import (
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
	t.Run("results of concurrent calls on the pool fit some order of the calls", func(t *testing.T) {
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
	poolOps // the count of the operations
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

// poolModel models the pool as a set of numbers. TakeNumber may return any number of the set, since
// the first one depends on transactions that have not ended; the tests of TakeNumber check that it
// returns the first when no other call runs.
func poolModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return uint(0) },
		Step: func(state, input, output any) (bool, any) {
			return stepPool(state.(uint), input.(poolCall), output.(poolResult))
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
	}
}

// stepPool reports whether the result is correct for a pool, and returns the pool afterwards. A
// pool has a bit for each number.
func stepPool(pool uint, c poolCall, result poolResult) (bool, uint) {
	bit := uint(1) << c.number
	contained := pool&bit != 0
	switch c.op {
	case opAdd:
		return result.ok != contained, pool | bit
	case opRemove:
		return result.ok == contained, pool &^ bit
	case opHas:
		return result.ok == contained, pool
	}
	if !result.ok {
		return pool == 0, pool
	}
	taken := uint(1) << result.taken
	return pool&taken != 0, pool &^ taken
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
	switch c.op {
	case opAdd:
		err = s.AddNumber(t.Context(), n)
	case opRemove:
		err = s.RemoveNumber(t.Context(), n)
	case opHas:
		result.ok, err = s.HasNumber(t.Context(), n)
		return result, err
	default:
		var taken e164.Number
		taken, err = s.TakeNumber(t.Context(), pattern(prefix+"*"), c.op == opTakeRandom)
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
