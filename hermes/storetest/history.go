package storetest

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"github.com/anishathalye/porcupine"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

func historyCases() []testCase {
	return []testCase{
		{"pool", "what concurrent callers of Add, Remove, Take and Has are told fits some order of the calls, each between its beginning and its end", poolHistories},
	}
}

const (
	historyClients = 4
	historyCalls   = 6 // of each client
	historyPool    = 3 // numbers
)

type poolOp int

const (
	opAdd poolOp = iota
	opRemove
	opHas
	opTake
	opTakeRandom
	poolOps
)

// poolCall is a call about number n of the history's own, and poolAnswer what it was told: whether
// it succeeded, and which number it took.
type poolCall struct {
	op poolOp
	n  int
}

type poolAnswer struct {
	ok bool
	n  int
}

// poolModel is a set of numbers. A taker may get any that is there: which one is first depends on
// transactions that have not ended. That TakeNumber takes the first otherwise is a case of its own.
func poolModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return uint(0) },
		Step: func(state, input, output any) (bool, any) {
			return poolStep(state.(uint), input.(poolCall), output.(poolAnswer))
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
	}
}

func poolStep(pool uint, c poolCall, a poolAnswer) (bool, uint) {
	bit := uint(1) << c.n
	there := pool&bit != 0
	switch {
	case c.op == opAdd:
		return a.ok != there, pool | bit
	case c.op == opRemove:
		return a.ok == there, pool &^ bit
	case c.op == opHas:
		return a.ok == there, pool
	case !a.ok:
		return pool == 0, pool
	}
	taken := uint(1) << a.n
	return pool&taken != 0, pool &^ taken
}

func poolHistories(k *kit) {
	r := rand.New(rand.NewPCG(3, 4))
	for i := range rounds(k.T, 200) {
		prefix := fmt.Sprintf("+47%06d", i)
		history := k.poolHistory(prefix, r)
		if !porcupine.CheckOperations(poolModel(), history) {
			k.Fatalf("history %d is no order's:\n%+v", i, history)
		}
	}
}

func (k *kit) poolHistory(prefix string, r *rand.Rand) []porcupine.Operation {
	k.Helper()
	calls := make([]poolCall, historyClients*historyCalls)
	for i := range calls {
		calls[i] = poolCall{poolOp(r.IntN(int(poolOps))), r.IntN(historyPool)}
	}
	history := make([]porcupine.Operation, len(calls))
	var clock atomic.Int64
	k.ok(together(historyClients, func(client int) error {
		for i := client; i < len(calls); i += historyClients {
			began := clock.Add(1)
			a, err := k.poolCall(prefix, calls[i])
			if err != nil {
				return err
			}
			history[i] = porcupine.Operation{ClientId: client, Input: calls[i], Call: began, Output: a, Return: clock.Add(1)}
		}
		return nil
	})...)
	return history
}

func (k *kit) poolCall(prefix string, c poolCall) (a poolAnswer, err error) {
	n := poolNumber(prefix, 1, c.n)
	switch c.op {
	case opAdd:
		err = k.AddNumber(k.ctx, n)
	case opRemove:
		err = k.RemoveNumber(k.ctx, n)
	case opHas:
		a.ok, err = k.HasNumber(k.ctx, n)
		return a, err
	default:
		var taken e164.Number
		if taken, err = k.TakeNumber(k.ctx, pattern(prefix+"*"), c.op == opTakeRandom); err == nil {
			a.n = int(taken.Sub(poolNumber(prefix, 1, 0)))
		}
	}
	a.ok = err == nil
	if err == hermes.Exists || err == hermes.NotFound {
		err = nil
	}
	return a, err
}
