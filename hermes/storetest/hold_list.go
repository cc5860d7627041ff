package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

// testManyPassed frees more numbers at once than a store moves with one call.
func testManyPassed(t *testing.T, s hermes.Store) {
	const count = 1100
	mustAddNumbers(t, s, "+4710000", nthNumber("+47", 5, 10000+count-1).String(), count)
	must(t, s.Tx(t.Context(), nil, func(tx hermes.Store) error {
		for i := range count {
			if _, err := tx.HoldNumber(t.Context(), nthNumber("+47", 5, 10000+i), use("alice", 0), at(5)); err != nil {
				return err
			}
		}
		return nil
	}))
	wantCause(t, errorOf(s.TakeNumber(t.Context(), hermes.TakeQuery{Now: at(4)})), hermes.NotFound)
	last := nthNumber("+47", 5, 10000+count-1)
	n, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Now: at(5), Match: pattern(last.String())})
	wantEqual(t, n, err, last)
	pool, err := s.Numbers(t.Context(), hermes.NumberQuery{Now: at(5), Limit: 2 * count})
	wantEqual(t, len(pool), err, count-1)
	seen := map[e164.Number]bool{last: true}
	must(t, s.Tx(t.Context(), nil, func(tx hermes.Store) error {
		for range count - 1 {
			n, err := tx.TakeNumber(t.Context(), hermes.TakeQuery{Now: at(5)})
			if err != nil || seen[n] {
				return fmt.Errorf("took %s, which was taken: %t, %w", n, seen[n], err)
			}
			seen[n] = true
		}
		return nil
	}))
	wantCause(t, errorOf(s.TakeNumber(t.Context(), hermes.TakeQuery{Now: at(5)})), hermes.NotFound)
}

func testCountNumbers(t *testing.T, s hermes.Store) {
	fillStates(t, s)
	mustAddAlias(t, s, alias("+4731@example.com", "alice@example.com"), alias("+4731@example.net", "bob@example.com"),
		alias("+4732@example.com", "alice@example.net"), alias("+4932@example.net", "bob@example.net"),
		alias("+4831@example.com", "alice@example.com"), alias("x+47@example.com", "alice@example.com"))
	for _, test := range []struct {
		minute         int
		match, numbers string
		domains        string
		want           hermes.NumberCounts
	}{
		{minute: 4, want: hermes.NumberCounts{Free: 3, Held: 3, Cooling: 3, Assigned: 4}},
		{minute: 5, want: hermes.NumberCounts{Free: 7, Held: 1, Cooling: 1, Assigned: 4}},
		{minute: 9, want: hermes.NumberCounts{Free: 9, Assigned: 4}},
		{minute: 4, match: "+47*", want: hermes.NumberCounts{Free: 2, Held: 2, Cooling: 2, Assigned: 2}},
		{minute: 4, match: "*1", want: hermes.NumberCounts{Free: 2, Held: 2, Cooling: 2, Assigned: 2}},
		{minute: 4, numbers: "+471,+48", want: hermes.NumberCounts{Free: 1, Held: 3, Cooling: 1, Assigned: 1}},
		{minute: 4, numbers: "+46", want: hermes.NumberCounts{}},
		{minute: 4, domains: "example.net", want: hermes.NumberCounts{Free: 3, Held: 3, Cooling: 3, Assigned: 1}},
	} {
		counts, err := s.CountNumbers(t.Context(), hermes.CountQuery{
			Now: at(test.minute), Match: pattern(test.match), Scope: hermes.Scope{Numbers: test.numbers, Domains: test.domains},
			Served: "example.com,example.net",
		})
		wantEqual(t, counts, err, test.want)
	}
}

// fillStates adds nine numbers, three in each state: two thirds of those that are held or cooling
// until minute 5, and the others until minute 9.
func fillStates(t *testing.T, s hermes.Store) {
	t.Helper()
	mustAddNumber(t, s, "+4701", "+4702", "+4801")
	mustAddNumber(t, s, "+4711", "+4712", "+4811")
	for n, minute := range map[string]int{"+4711": 5, "+4712": 9, "+4811": 5} {
		mustHold(t, s, n, "alice", minute)
	}
	for n, minute := range map[string]int{"+4721": 5, "+4722": 9, "+4821": 5} {
		mustCool(t, s, n, minute)
	}
}

func testStateLists(t *testing.T, s hermes.Store) {
	fillStates(t, s)
	for _, test := range []struct {
		state  hermes.NumberState
		minute int
		match  string
		scope  string
		want   []string
	}{
		{state: "", minute: 4, want: []string{"+4701", "+4702", "+4801"}},
		{state: hermes.NumberFree, minute: 5, want: []string{"+4701", "+4702", "+4711", "+4721", "+4801", "+4811", "+4821"}},
		{state: hermes.NumberFree, minute: 5, match: "*1", scope: "+470,+471,+48", want: []string{"+4701", "+4711", "+4801", "+4811", "+4821"}},
		{state: hermes.NumberHeld, minute: 4, want: []string{"+4711", "+4712", "+4811"}},
		{state: hermes.NumberHeld, minute: 5, want: []string{"+4712"}},
		{state: hermes.NumberHeld, minute: 4, match: "*11", want: []string{"+4711", "+4811"}},
		{state: hermes.NumberHeld, minute: 4, scope: "+46,+48", want: []string{"+4811"}},
		{state: hermes.NumberCooling, minute: 4, want: []string{"+4721", "+4722", "+4821"}},
		{state: hermes.NumberCooling, minute: 5, want: []string{"+4722"}},
		{state: hermes.NumberCooling, minute: 9, want: nil},
	} {
		q := hermes.NumberQuery{
			State: test.state, Now: at(test.minute), Match: pattern(test.match), Scope: hermes.Scope{Numbers: test.scope}, Seed: 7,
		}
		want := numbers(test.want...)
		wantPages(t, want, func(after e164.Number, limit int) ([]e164.Number, error) {
			q.After, q.Limit = after, limit
			return s.Numbers(t.Context(), q)
		})
		q.After, q.Limit = e164.Number{}, 99
		sample, err := s.SampleNumbers(t.Context(), q)
		slices.SortFunc(sample, e164.Number.Compare)
		wantList(t, sample, err, want)
		slices.SortFunc(want, byShuffle(q.Seed))
		wantPages(t, want, func(after e164.Number, limit int) ([]e164.Number, error) {
			q.After, q.Limit = after, limit
			return s.ShuffledNumbers(t.Context(), q)
		})
	}
}
