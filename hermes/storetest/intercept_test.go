package storetest_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/hermes/storetest"
)

var errStop = errors.New("stop")

// callWithZeros calls the method of a store with zero arguments and a context, and returns the
// results.
func callWithZeros(t *testing.T, s hermes.Store, method string) []reflect.Value {
	t.Helper()
	m := reflect.ValueOf(s).MethodByName(method)
	args := []reflect.Value{reflect.ValueOf(t.Context())}
	for i := 1; i < m.Type().NumIn(); i++ {
		args = append(args, reflect.Zero(m.Type().In(i)))
	}
	return m.Call(args)
}

func TestIntercept(t *testing.T) {
	t.Parallel()
	for method := range reflect.TypeFor[hermes.Store]().Methods() {
		if method.Name == "AfterCommit" || method.Name == "VolatileKey" {
			continue // these cannot fail
		}
		t.Run(method.Name, func(t *testing.T) {
			var outer, inner []string
			// The innermost store is nil: a call of it panics.
			stopped := storetest.Intercept(nil, func(method string) error {
				inner = append(inner, method)
				return errStop
			})
			stop := errStop
			s := storetest.Intercept(stopped, func(method string) error {
				outer = append(outer, method)
				return stop
			})
			wantStopped(t, callWithZeros(t, s, method.Name))
			if want := []string{method.Name}; !slices.Equal(outer, want) || inner != nil {
				t.Errorf("before was called with %q and the store with %q, want %q and none", outer, inner, want)
			}
			stop = nil
			wantStopped(t, callWithZeros(t, s, method.Name))
			if want := []string{method.Name}; !slices.Equal(inner, want) {
				t.Errorf("the store was called with %q, want %q", inner, want)
			}
		})
	}
}

// wantStopped checks that the last result is errStop and the others are zero.
func wantStopped(t *testing.T, results []reflect.Value) {
	t.Helper()
	last := len(results) - 1
	for _, v := range results[:last] {
		if !v.IsZero() {
			t.Errorf("got %v with the error, want the zero value", v)
		}
	}
	if err, _ := results[last].Interface().(error); err != errStop {
		t.Errorf("got the error %v, want that of before", err)
	}
}

// TestIntercept_Run checks that arguments and results are passed on unchanged.
func TestIntercept_Run(t *testing.T) {
	open := func(t *testing.T) storetest.Fixture {
		f := openMemory(t)
		f.Store = storetest.Intercept(f.Store, func(string) error { return nil })
		return f
	}
	storetest.Run(t, open)
	t.Run("Compare", func(t *testing.T) { storetest.Compare(t, open, openMemory) })
}

func TestIntercept_Tx(t *testing.T) {
	t.Parallel()
	n := e164.MustParse("+4773500001")
	add := func(tx hermes.Store) error {
		_, err := tx.AddNumber(t.Context(), n, time.Time{})
		return err
	}

	t.Run("calls in a transaction are intercepted, and Commit after fn", func(t *testing.T) {
		var calls []string
		s := storetest.Intercept(memstore.New(), func(method string) error {
			calls = append(calls, method)
			return nil
		})
		if err := s.Tx(t.Context(), nil, add); err != nil {
			t.Fatal(err)
		}
		if want := []string{"Tx", "AddNumber", "Commit"}; !slices.Equal(calls, want) {
			t.Errorf("got the calls %q, want %q", calls, want)
		}
		wantPooled(t, s, n, true)
	})
	t.Run("an error of Commit rolls back and is returned", func(t *testing.T) {
		store := memstore.New()
		s := storetest.Intercept(store, func(method string) error {
			if method == "Commit" {
				return errStop
			}
			return nil
		})
		if err := s.Tx(t.Context(), nil, add); err != errStop {
			t.Errorf("got the error %v, want that of before", err)
		}
		wantPooled(t, store, n, false)
	})
	t.Run("Commit is not called when fn fails, whose error is returned", func(t *testing.T) {
		errFn := errors.New("fn's own error")
		s := storetest.Intercept(memstore.New(), func(method string) error {
			if method == "Commit" {
				t.Error("Commit was called")
			}
			return nil
		})
		if err := s.Tx(t.Context(), nil, func(hermes.Store) error { return errFn }); err != errFn {
			t.Errorf("got the error %v, want that of fn", err)
		}
	})
}

func wantPooled(t *testing.T, s hermes.Store, n e164.Number, want bool) {
	t.Helper()
	_, err := s.PooledNumber(t.Context(), n, time.Time{})
	if got := err == nil; got != want {
		t.Errorf("%s: in the pool: %t, %v, want %t", n, got, err, want)
	}
}

func TestIntercept_VolatileKey(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	if storetest.Intercept(s, func(string) error { return errors.New("x") }).VolatileKey() != s.VolatileKey() {
		t.Error("got another key than that of the intercepted store")
	}
}

// What follows a commit is not called where the interceptor rolls back.
func TestIntercept_AfterCommit(t *testing.T) {
	t.Parallel()
	for _, refusal := range []error{nil, errors.New("commit")} {
		called := false
		s := storetest.Intercept(memstore.New(), func(method string) error {
			if method == "Commit" {
				return refusal
			}
			return nil
		})
		err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
			tx.AfterCommit(func() { called = true })
			return nil
		})
		if err != refusal || called != (refusal == nil) {
			t.Errorf("commit refused with %v: Tx returned %v, the function was called: %t", refusal, err, called)
		}
	}
}
