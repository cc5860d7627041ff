package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// kit is what a case works with: the test, and a store that nobody else uses.
type kit struct {
	*testing.T
	hermes.Store
	fix Fixture
	ctx context.Context
}

// ok wants no error.
func (k *kit) ok(errs ...error) {
	k.Helper()
	for _, err := range errs {
		if err != nil {
			k.Fatalf("got the error %v, want none", err)
		}
	}
}

// is wants the bare cause, which a caller compares with ==.
func (k *kit) is(err error, want hermes.Cause) {
	k.Helper()
	if err != error(want) {
		k.Fatalf("got %v (%T), want the bare cause %s", err, err, want)
	}
}

// fails wants an error that is no cause: those say what a store knows, and this is none of it.
func (k *kit) fails(err error) {
	k.Helper()
	if _, bare := err.(hermes.Cause); err == nil || bare {
		k.Fatalf("got %v, want an error that is no bare cause", err)
	}
}

// answer is what a method returned.
type answer[T any] struct {
	value T
	err   error
}

func got[T any](value T, err error) answer[T] { return answer[T]{value, err} }

// value wants an answer without error.
func value[T any](k *kit, a answer[T]) T {
	k.Helper()
	k.ok(a.err)
	return a.value
}

// equal wants exactly this value.
func equal[T comparable](k *kit, a answer[T], want T) {
	k.Helper()
	if value(k, a) != want {
		k.Fatalf("difference (-got +want):\n%s", diff(a.value, want))
	}
}

// list wants exactly these values in this order.
func list[T comparable](k *kit, a answer[[]T], want ...T) {
	k.Helper()
	if !slices.Equal(value(k, a), want) {
		k.Fatalf("difference (-got +want):\n%s", diff(a.value, want))
	}
}

// refused wants the bare cause and no value.
func refused[T comparable](k *kit, a answer[T], want hermes.Cause) {
	k.Helper()
	k.is(a.err, want)
	var zero T
	if a.value != zero {
		k.Fatalf("got %+v with the error %v, want the zero value", a.value, a.err)
	}
}

// diff shows validated values and times as texts.
func diff(got, want any) string {
	return cmp.Diff(got, want, text[sip.Addr](), text[sip.Domain](), text[e164.Number](), text[mac.Addr](), text[time.Time]())
}

func text[T any]() cmp.Option {
	return cmp.Transformer("text", func(v T) string { return fmt.Sprintf("%v", v) })
}
