package storetest

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
)

// TestGenerator_everyMethod checks that each method of a store has an operation in what Compare
// draws, and that the operation calls it.
func TestGenerator_everyMethod(t *testing.T) {
	t.Parallel()
	missing := map[string]bool{}
	for m := range reflect.TypeFor[hermes.Store]().Methods() {
		missing[m.Name] = true
	}
	called := map[string]bool{}
	s := recordedStore{called: called, Store: Intercept(memstore.New(), func(method string) error {
		called[method] = true
		return nil
	})}
	seq := &sequence{}
	if err := reset(t.Context(), s, seq); err != nil {
		t.Fatal(err)
	}
	draw := rapid.Custom(func(t *rapid.T) operation { return generator{t: t, sequence: seq}.operation() })
	const draws = 20_000 // what an operation of a kind that is drawn least often needs many times over
	for seed := 0; seed < draws && len(missing) > 0; seed++ {
		op := draw.Example(seed)
		clear(called)
		op.run(t.Context(), s)
		if called[op.method] {
			delete(missing, op.method)
		}
	}
	for _, method := range slices.Sorted(maps.Keys(missing)) {
		t.Errorf("%s: no operation calls it; add one to the generator of Compare", method)
	}
}

// recordedStore records the calls of the methods that [Intercept] passes on without telling.
type recordedStore struct {
	hermes.Store
	called map[string]bool
}

func (s recordedStore) AfterCommit(f func()) {
	s.called["AfterCommit"] = true
	s.Store.AfterCommit(f)
}

func (s recordedStore) VolatileKey() hermes.SecretKey {
	s.called["VolatileKey"] = true
	return s.Store.VolatileKey()
}
