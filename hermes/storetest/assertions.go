package storetest

import (
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

// must fails the test if err is not nil.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("got the error %v, want none", err)
	}
}

// wantCause fails the test unless err is the bare cause, which callers compare with ==.
func wantCause(t *testing.T, err error, want hermes.Cause) {
	t.Helper()
	if err != error(want) {
		t.Fatalf("got %v (%T), want the bare cause %s", err, err, want)
	}
}

// isCause reports whether err is a bare cause that a store may return.
func isCause(err error) bool {
	return err == hermes.Exists || err == hermes.NotFound || err == hermes.InUse
}

// isFault reports whether err is an error that is no bare cause. A bare cause states what the
// store contains, and a failed call has not found that out.
func isFault(err error) bool { return err != nil && !isCause(err) }

// wantFault fails the test unless err is an error that is no bare cause.
func wantFault(t *testing.T, err error) {
	t.Helper()
	if !isFault(err) {
		t.Fatalf("got %v, want an error that is no bare cause", err)
	}
}

// wantEqual fails the test if err is not nil or got is not want.
func wantEqual[T comparable](t *testing.T, got T, err error, want T) {
	t.Helper()
	must(t, err)
	if got != want {
		t.Fatalf("difference (-got +want):\n%s", diff(got, want))
	}
}

// wantList fails the test if err is not nil or got has other values than want or another order.
func wantList[T comparable](t *testing.T, got []T, err error, want []T) {
	t.Helper()
	must(t, err)
	if !slices.Equal(got, want) {
		t.Fatalf("difference (-got +want):\n%s", diff(got, want))
	}
}

// wantNone fails the test unless err is the bare cause NotFound and got is the zero value.
func wantNone[T comparable](t *testing.T, got T, err error) {
	t.Helper()
	wantCause(t, err, hermes.NotFound)
	var zero T
	if got != zero {
		t.Fatalf("got %+v with the error %v, want the zero value", got, err)
	}
}

// diff returns the differences of two values, in which addresses, numbers and times are texts.
func diff(got, want any) string {
	return cmp.Diff(got, want, asText[sip.Addr](), asText[sip.Domain](), asText[e164.Number](),
		asText[mac.Addr](), asText[time.Time]())
}

func asText[T any]() cmp.Option {
	return cmp.Transformer("text", func(v T) string { return fmt.Sprintf("%v", v) })
}

// filter returns the values for which keep returns true.
func filter[T any](all []T, keep func(T) bool) (kept []T) {
	for _, v := range all {
		if keep(v) {
			kept = append(kept, v)
		}
	}
	return kept
}
