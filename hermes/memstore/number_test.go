package memstore_test

import (
	"context"
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// TestStore_Search compares searches, which read a part of the records, with matching every record.
func TestStore_Search(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	var numbers []e164.Number
	for _, text := range []string{"+10", "+100", "+19", "+2", "+20", "+4699999999", "+47", "+470", "+4735",
		"+47350000", "+473500001", "+473500002", "+4736", "+48", "+99", "+471234567890123"} {
		if n, err := e164.Parse(text); err == nil {
			numbers = append(numbers, n)
			must(t, addNumber(t.Context(), s, n))
		}
	}
	var phones []mac.Addr
	for _, text := range []string{"000000000000", "0000000000ff", "0015abffffff", "0015ac000000", "a0b0c0d0e0f0", "ffffffffffff"} {
		m, err := mac.Unchecked(text)
		must(t, err)
		phones = append(phones, m)
		for i, user := range []string{"alice@example.com", "bob@example.com"} {
			must(t, s.AddPhone(t.Context(), hermes.Phone{MAC: m, User: sip.MustParse(user), Line: i + 1}, hermes.Device{}))
		}
	}
	for _, search := range []string{"", "*", "?*", "+*", "+4*", "+47*", "+47", "+47?", "+4735*", "+473500001*", "*1", "+1*0",
		"+?7*", "+0*", "47*", "+471234567890123*", "+4712345678901234*", "0*", "00*", "0015A*", "f*f", "A*", "g*", "000000000000*",
		"0000000000000*", "*0"} {
		match, err := hermes.ParsePattern(search)
		must(t, err)
		wantNumbers := matching(numbers, match)
		wantPhones := matching(phones, match)
		for limit := range 3 {
			limit++
			wantPages(t, search, wantNumbers, limit, func(after e164.Number) ([]e164.Number, error) {
				return s.Numbers(t.Context(), hermes.NumberQuery{Match: match, After: after, Limit: limit})
			})
			wantPages(t, search, wantPhones, limit, func(after mac.Addr) ([]mac.Addr, error) {
				return s.Phones(t.Context(), hermes.PhoneQuery{Match: match, After: after, Limit: limit})
			})
		}
		wantTaken(t, s, match, wantNumbers)
	}
}

// matching returns the values that p matches, in order.
func matching[T interface {
	String() string
	Compare(T) int
}](values []T, p hermes.Pattern) []T {
	matches := slices.DeleteFunc(slices.Clone(values), func(v T) bool { return !p.Match(v.String()) })
	slices.SortFunc(matches, func(v, w T) int { return v.Compare(w) })
	return matches
}

func wantPages[T comparable](t *testing.T, search string, want []T, limit int, fetch func(after T) ([]T, error)) {
	t.Helper()
	var all []T
	var after T
	for len(all) <= len(want) {
		page, err := fetch(after)
		must(t, err)
		all = append(all, page...)
		if len(page) < limit {
			break
		}
		after = page[len(page)-1]
	}
	if !slices.Equal(all, want) {
		t.Errorf("search %q in pages of %d: got %v, want %v", search, limit, all, want)
	}
}

// wantTaken takes every number that match matches at random, and puts them back.
func wantTaken(t *testing.T, s *memstore.Store, match hermes.Pattern, want []e164.Number) {
	t.Helper()
	err := s.Tx(t.Context(), nil, func(tx hermes.Store) error {
		var taken []e164.Number
		for {
			n, err := tx.TakeNumber(t.Context(), hermes.TakeQuery{Match: match, Random: true})
			if err == hermes.NotFound {
				break
			}
			must(t, err)
			taken = append(taken, n)
		}
		slices.SortFunc(taken, e164.Number.Compare)
		if !slices.Equal(taken, want) {
			t.Errorf("take %q: got %v, want %v", match, taken, want)
		}
		return errRollback
	})
	if err != errRollback {
		t.Fatal(err)
	}
}

// TestStore_AddNumbers checks that a range which is not added as a whole leaves nothing in the open
// transaction.
func TestStore_AddNumbers(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	kept, first, last := e164.MustParse("+4799999999"), e164.MustParse("+4710000000"), e164.MustParse("+4710099999")
	must(t, s.Tx(t.Context(), nil, func(tx hermes.Store) error {
		must(t, addNumber(t.Context(), tx, kept))
		// The context ends after the first numbers have been added.
		if added, err := tx.AddNumbers(&endingContext{Context: t.Context(), checks: 4}, first, last); added != 0 || err == nil {
			t.Errorf("got %d, %v, want 0 and the error of the context", added, err)
		}
		return nil
	}))
	got, err := s.Numbers(t.Context(), hermes.NumberQuery{Limit: 10})
	if err != nil || !slices.Equal(got, []e164.Number{kept}) {
		t.Errorf("got %v, %v, want the number that the transaction had added before", got, err)
	}
	added, err := s.AddNumbers(t.Context(), first, last)
	if added != 100_000 || err != nil {
		t.Errorf("the range again: got %d, %v, want 100000", added, err)
	}
}

// endingContext is a context that has ended after so many checks.
type endingContext struct {
	context.Context
	checks int
}

func (c *endingContext) Err() error {
	c.checks--
	if c.checks < 0 {
		return context.Canceled
	}
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
