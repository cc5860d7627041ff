package storetest

import (
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

// testPassed wants each method to take a number whose time has passed for a free one.
func testPassed(t *testing.T, open openFunc) {
	for _, test := range append(passedForAny(), passedForOne()...) {
		t.Run("is free for "+test.name, func(t *testing.T) {
			s := reservedStore(t, open)
			test.call(t, s)
			wantPoolAt(t, s, 5, test.left...)
		})
	}
}

// passedTest is a call of a method, after which some numbers are free.
type passedTest struct {
	name string
	call func(*testing.T, hermes.Store)
	left []string
}

// passedForAny returns the tests of methods that find a number.
func passedForAny() []passedTest {
	return []passedTest{
		{"PooledNumber", func(t *testing.T, s hermes.Store) {
			wantPlace(t, s, 5, free("+4711"))
			wantPlace(t, s, 5, free("+4712"))
		}, []string{"+4711", "+4712", "+4713"}},
		{"SampleNumbers", func(t *testing.T, s hermes.Store) {
			got, err := s.SampleNumbers(t.Context(), hermes.NumberQuery{Now: at(5), Limit: 3})
			slices.SortFunc(got, e164.Number.Compare)
			wantList(t, got, err, numbers("+4711", "+4712", "+4713"))
		}, []string{"+4711", "+4712", "+4713"}},
		{"ShuffledNumbers", func(t *testing.T, s hermes.Store) {
			got, err := s.ShuffledNumbers(t.Context(), hermes.NumberQuery{Now: at(5), Limit: 3})
			slices.SortFunc(got, e164.Number.Compare)
			wantList(t, got, err, numbers("+4711", "+4712", "+4713"))
		}, []string{"+4711", "+4712", "+4713"}},
		{"TakeNumber", func(t *testing.T, s hermes.Store) {
			n, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Now: at(5)})
			wantEqual(t, n, err, number("+4711"))
		}, []string{"+4712", "+4713"}},
		{"TakeNumber within a scope", func(t *testing.T, s hermes.Store) {
			n, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Now: at(5), Scope: hermes.Scope{Numbers: "+4712,+48"}})
			wantEqual(t, n, err, number("+4712"))
		}, []string{"+4711", "+4713"}},
		{"HoldAny", func(t *testing.T, s hermes.Store) {
			n, err := s.HoldAny(t.Context(), hermes.TakeQuery{Now: at(5), Match: pattern("*12")}, userPrincipal("bob"), at(9))
			wantEqual(t, n, err, number("+4712"))
		}, []string{"+4711", "+4713"}},
		{"AssignAny", func(t *testing.T, s hermes.Store) {
			n, err := assignAny(t, s, hermes.AssignQuery{Now: at(5), Domain: domain("example.com"), Destination: addr("bob@example.com")})
			wantEqual(t, n, err, number("+4711"))
		}, []string{"+4712", "+4713"}},
	}
}

// passedForOne returns the tests of methods that are given a number.
func passedForOne() []passedTest {
	a := alias("+4711@example.com", "bob@example.com")
	return []passedTest{
		{"RemoveNumber", func(t *testing.T, s hermes.Store) {
			before, err := s.RemoveNumber(t.Context(), number("+4711"), use("bob", 5))
			wantEqual(t, before, err, free("+4711"))
		}, []string{"+4712", "+4713"}},
		{"AssignNumber", func(t *testing.T, s hermes.Store) {
			before, err := s.AssignNumber(t.Context(), number("+4711"), a, use("bob", 5))
			wantEqual(t, before, err, free("+4711"))
		}, []string{"+4712", "+4713"}},
		{"AddAlias", func(t *testing.T, s hermes.Store) {
			before, err := s.AddAlias(t.Context(), a, use("bob", 5))
			wantEqual(t, before, err, free("+4711"))
		}, []string{"+4712", "+4713"}},
		{"AddNumber", func(t *testing.T, s hermes.Store) {
			for _, n := range numbers("+4711", "+4712") {
				before, err := s.AddNumber(t.Context(), n, at(5))
				wantRefused(t, before, err, free(n.String()), hermes.Exists)
			}
		}, []string{"+4711", "+4712", "+4713"}},
		{"HoldNumber", func(t *testing.T, s hermes.Store) {
			for _, n := range numbers("+4711", "+4712") {
				before, err := s.HoldNumber(t.Context(), n, use("bob", 5), at(9))
				wantEqual(t, before, err, free(n.String()))
				wantPlace(t, s, 5, held(n.String(), "bob", 9))
			}
		}, []string{"+4713"}},
		{"UnholdNumber", func(t *testing.T, s hermes.Store) {
			wantCause(t, errorOf(s.UnholdNumber(t.Context(), number("+4711"), use("alice", 5))), hermes.NotFound)
		}, []string{"+4711", "+4712", "+4713"}},
		{"SweepExpired", func(t *testing.T, s hermes.Store) {
			must(t, errorOf(s.SweepExpired(t.Context(), at(5))))
			n, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Now: at(0)}) // it says that they are free
			wantEqual(t, n, err, number("+4711"))
		}, []string{"+4712", "+4713"}},
	}
}
