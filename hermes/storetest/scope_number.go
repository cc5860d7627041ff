package storetest

import (
	"slices"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

// numberScopes have one, several and no prefixes of the numbers in unorderedNumbers.
var numberScopes = []hermes.Scope{
	{Numbers: "+47"},
	{Numbers: "+4711"}, // is a number, too
	{Numbers: "+10,+4711,+99"},
	{Numbers: "+1,+471,+48,+5,+9"},
	{Numbers: "+46"},
	{Numbers: "+999999999999999"},
	{Domains: "a.example"},
	{},
}

// scopedSearches are covered by prefixes of numberScopes, cover some, or have nothing in common.
var scopedSearches = []string{"", "+47*", "+4711*", "+47110?", "*1*", "*0", "+1*", "+99*", "+4*", "+", "1", "+46*", "x"}

func inNumberScope(all []e164.Number, match string, scope hermes.Scope) []e164.Number {
	return filter(all, func(n e164.Number) bool { return pattern(match).Match(n.String()) && scope.HasNumber(n) })
}

func testScopedNumbers(t *testing.T, open openFunc) {
	t.Run("numbers with the prefixes are listed, in order and shuffled, on pages of any length", func(t *testing.T) {
		s := open(t).Store
		all := numbers(unorderedNumbers...)
		for _, n := range all {
			must(t, addNumber(t.Context(), s, n))
		}
		for _, scope := range numberScopes {
			for _, match := range scopedSearches {
				want := inNumberScope(all, match, scope)
				q := hermes.NumberQuery{Match: pattern(match), Scope: scope, Seed: 12345}
				wantPages(t, want, func(after e164.Number, limit int) ([]e164.Number, error) {
					q.After, q.Limit = after, limit
					return s.Numbers(t.Context(), q)
				})
				slices.SortFunc(want, byShuffle(q.Seed))
				wantPages(t, want, func(after e164.Number, limit int) ([]e164.Number, error) {
					q.After, q.Limit = after, limit
					return s.ShuffledNumbers(t.Context(), q)
				})
			}
		}
	})
}

func testScopedSample(t *testing.T, open openFunc) {
	t.Run("as many as asked for are returned, with the prefixes only", func(t *testing.T) {
		s := open(t).Store
		mustAddNumbers(t, s, "+4710000", "+4711999", 2000)
		mustAddNumbers(t, s, "+8810000000", "+8810000499", 500)
		mustAddNumber(t, s, "+10", "+999999999999999", "+5512345")
		for _, row := range []struct {
			numbers, match string
			n, want        int
		}{
			{"+4710,+88,+99", "", 1000, 1000},
			{"+4710,+88,+99", "", 1, 1},
			{"+4710,+88,+99", "", 2000, 1501},
			{"+88,+99", "", 400, 400},
			{"+47100,+4711,+5", "+47*", 300, 300},
			{"+47100,+4711", "*7", 50, 50},
			{"+46,+47100,+48", "", 90, 90},
			{"+46,+48", "", 10, 0},
			{"+47", "+88*", 10, 0},
		} {
			q := hermes.NumberQuery{Match: pattern(row.match), Scope: hermes.Scope{Numbers: row.numbers}, Limit: row.n}
			got, err := s.SampleNumbers(t.Context(), q)
			must(t, err)
			slices.SortFunc(got, e164.Number.Compare)
			wantEqual(t, len(slices.Compact(slices.Clone(got))), nil, row.want)
			wantList(t, inNumberScope(got, row.match, q.Scope), nil, got)
		}
	})
	t.Run("every number of every prefix is picked at some time", func(t *testing.T) {
		s := open(t).Store
		mustAddNumbers(t, s, "+4710", "+4713", 4)
		mustAddNumbers(t, s, "+4610", "+4619", 10)
		seen := map[e164.Number]bool{}
		for range 300 {
			got, err := s.SampleNumbers(t.Context(), hermes.NumberQuery{Scope: hermes.Scope{Numbers: "+461,+4712,+4713"}, Limit: 2})
			must(t, err)
			for _, n := range got {
				seen[n] = true
			}
		}
		wantEqual(t, len(seen), nil, 12)
	})
}

func testScopedTake(t *testing.T, open openFunc) {
	pool := []string{"+10", "+4610", "+4611", "+4711", "+4712", "+47120", "+4713", "+99"}
	scope := hermes.Scope{Numbers: "+461,+4712,+4713,+5"}
	for _, random := range []bool{false, true} {
		name := map[bool]string{false: "in order", true: "at random"}[random]
		t.Run(name+", every number with the prefixes is taken once, and then it is NotFound", func(t *testing.T) {
			s := open(t).Store
			mustAddNumber(t, s, pool...)
			q := hermes.TakeQuery{Random: random, Scope: scope}
			want := inNumberScope(numbers(pool...), "", scope)
			wantTaken(t, want, random, func() (e164.Number, error) { return s.TakeNumber(t.Context(), q) })
			wantPool(t, s, "+10", "+4711", "+99")
			mustAddNumber(t, s, "+4610")
			n, err := s.TakeNumber(t.Context(), q)
			wantEqual(t, n, err, number("+4610"))
		})
		t.Run(name+", a search and the prefixes have to match, and aliased numbers stay", func(t *testing.T) {
			s := open(t).Store
			mustAddAlias(t, s, alias("+4712@example.com", "alice@example.com"))
			mustAddNumber(t, s, pool...)
			for _, row := range []struct{ match, want string }{{"+47*3", "+4713"}, {"+4*1", "+4611"}, {"+4712*", "+47120"}} {
				q := hermes.TakeQuery{Match: pattern(row.match), Random: random, Scope: scope}
				n, err := s.TakeNumber(t.Context(), q)
				wantEqual(t, n, err, number(row.want))
				wantCause(t, errorOf(s.TakeNumber(t.Context(), q)), hermes.NotFound)
			}
			wantCause(t, errorOf(s.TakeNumber(t.Context(), hermes.TakeQuery{Match: pattern("+10"), Random: random, Scope: scope})), hermes.NotFound)
			wantPool(t, s, "+10", "+4610", "+4711", "+4712", "+99")
		})
		t.Run(name+", another scope takes what is left", func(t *testing.T) {
			s := open(t).Store
			mustAddNumber(t, s, pool...)
			for _, numbers := range []string{"+47", "+46,+99", "+46,+99", "+46,+99", "+47", "+47"} {
				n, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Random: random, Scope: hermes.Scope{Numbers: numbers}})
				must(t, err)
				if !(hermes.Scope{Numbers: numbers}).HasNumber(n) {
					t.Fatalf("took %s within %s", n, numbers)
				}
			}
			wantCause(t, errorOf(s.TakeNumber(t.Context(), hermes.TakeQuery{Random: random, Scope: hermes.Scope{Numbers: "+46,+99"}})), hermes.NotFound)
		})
	}
}

// wantTaken calls take until it returns NotFound.
func wantTaken(t *testing.T, want []e164.Number, random bool, take func() (e164.Number, error)) {
	t.Helper()
	var got []e164.Number
	for range want {
		n, err := take()
		must(t, err)
		got = append(got, n)
	}
	if random {
		slices.SortFunc(got, e164.Number.Compare)
	}
	wantList(t, got, nil, want)
	n, err := take()
	wantNone(t, n, err)
}

func testScopedAssign(t *testing.T, open openFunc) {
	for _, random := range []bool{false, true} {
		name := map[bool]string{false: "in order", true: "at random"}[random]
		t.Run(name+", only numbers with the prefixes become aliases, and what decides is told in any case", func(t *testing.T) {
			f := open(t)
			f.Serve(t, "example.com")
			s := f.Store
			mustAddUser(t, s, localUser("alice@example.com"), localUser("+4612@example.com"))
			mustAddAlias(t, s, alias("+4713@example.net", "alice@example.com"))
			mustAddNumber(t, s, "+10", "+4610", "+4612", "+4711", "+4712", "+4713", "+99")
			q := hermes.AssignQuery{
				Random: random, Scope: hermes.Scope{Numbers: "+461,+4712,+4713,+5"},
				Domain: domain("example.com"), Destination: addr("alice@example.com"),
			}
			wantTaken(t, numbers("+4610", "+4712"), random, func() (e164.Number, error) {
				n, site, err := s.AssignAny(t.Context(), q)
				wantEqual(t, [3]bool{site.Served, site.DestinationServed, site.IsUser}, nil, [3]bool{true, true, true})
				return n, err
			})
			wantPool(t, s, "+10", "+4612", "+4711", "+4713", "+99")
			wantAliases(t, s, hermes.AliasQuery{Alias: addr("+4712@example.com"), Limit: 2}, alias("+4712@example.com", "alice@example.com"))
			q.Match = pattern("+10*") // has nothing in common with the prefixes
			n, site, err := s.AssignAny(t.Context(), q)
			wantNone(t, n, err)
			wantEqual(t, [3]bool{site.Served, site.DestinationServed, site.IsUser}, nil, [3]bool{true, true, true})
		})
	}
}

// testTakeScoped has takers of several scopes, of which each number is in at least one, together.
func testTakeScoped(t *testing.T, s hermes.Store, take func(scope hermes.Scope, random bool) (e164.Number, error)) {
	const workers, size = 24, 300
	mustAddNumbers(t, s, "+4610000", "+4610299", size)
	mustAddNumbers(t, s, "+4710000", "+4710299", size)
	taken := make([][]e164.Number, workers)
	errs := runConcurrently(workers, func(i int) error {
		scope := hermes.Scope{Numbers: []string{"+46,+47100,+47101,+47102", "+461,+471", "+46100,+46101,+46102,+471", "+46,+47"}[i%4]}
		for {
			n, err := take(scope, i%3 == 0)
			if err != nil {
				return err
			}
			taken[i] = append(taken[i], n)
		}
	})
	for _, err := range errs {
		wantCause(t, err, hermes.NotFound)
	}
	all := slices.Concat(taken...)
	slices.SortFunc(all, e164.Number.Compare)
	wantEqual(t, len(all), nil, 2*size)
	wantEqual(t, len(slices.Compact(all)), nil, 2*size)
	wantPool(t, s)
}

// testTakeScopedNever checks that a taker never takes what is not within its scope, while others
// take that.
func testTakeScopedNever(t *testing.T, s hermes.Store) {
	const workers, size = 8, 200
	mustAddNumbers(t, s, "+4610000", "+4610199", size)
	mustAddNumbers(t, s, "+4710000", "+4710199", size)
	errs := runConcurrently(workers, func(i int) error {
		prefix := []string{"+46", "+47"}[i%2]
		for {
			n, err := s.TakeNumber(t.Context(), hermes.TakeQuery{Random: i%4 < 2, Scope: hermes.Scope{Numbers: prefix + "10,+5"}})
			if err != nil {
				return err
			}
			if !strings.HasPrefix(n.String(), prefix) {
				t.Errorf("took %s within %s", n, prefix)
			}
		}
	})
	for _, err := range errs {
		wantCause(t, err, hermes.NotFound)
	}
	wantPool(t, s)
}
