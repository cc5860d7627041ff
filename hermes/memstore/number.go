package memstore

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// HasNumber implements [hermes.NumberStore].
func (s *Store) HasNumber(ctx context.Context, n e164.Number) (bool, error) {
	r, err := s.read(ctx)
	return err == nil && r.numbers.has(n), err
}

// Numbers implements [hermes.NumberStore].
func (s *Store) Numbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var page []e164.Number
	for n := range r.numbersInScope(q.Match, q.Scope, q.After) {
		if len(page) >= q.Limit {
			break
		}
		if n != q.After {
			page = append(page, n)
		}
	}
	return page, nil
}

// numbersInScope yields the numbers that p matches, that are within the scope, and that are start
// or after it.
func (r *records) numbersInScope(p hermes.Pattern, scope hermes.Scope, start e164.Number) iter.Seq[e164.Number] {
	return func(yield func(e164.Number) bool) {
		for _, prefix := range scope.PrefixesWithin(literalPrefix(p)) {
			for n := range r.matchingNumbers(p, prefix, start) {
				if !yield(n) {
					return
				}
			}
		}
	}
}

// matchingNumbers yields the numbers that p matches, that begin with prefix, and that are start or
// after it.
func (r *records) matchingNumbers(p hermes.Pattern, prefix string, start e164.Number) iter.Seq[e164.Number] {
	return func(yield func(e164.Number) bool) {
		first, ok := firstNumber(prefix)
		if !ok {
			return
		}
		if first.Compare(start) < 0 {
			first = start
		}
		for n := range r.numbers.from(first) {
			matches := p.IsZero()
			if !matches || prefix != "" {
				text := n.String()
				if !strings.HasPrefix(text, prefix) {
					return
				}
				matches = p.Match(text)
			}
			if matches && !yield(n) {
				return
			}
		}
	}
}

// shuffledNumber is a number with its position in the order of [hermes.Shuffle].
type shuffledNumber struct {
	position int64
	number   e164.Number
}

func shuffle(n e164.Number, seed int64) shuffledNumber {
	return shuffledNumber{position: hermes.Shuffle(n, seed), number: n}
}

func compareShuffled(a, b shuffledNumber) int {
	return cmp.Or(cmp.Compare(a.position, b.position), a.number.Compare(b.number))
}

// ShuffledNumbers implements [hermes.NumberStore]. It reads all numbers that may match for each
// page, because each seed gives another order, and keeps about a page of them.
func (s *Store) ShuffledNumbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	after := shuffledNumber{position: -1}
	if !q.After.IsZero() {
		after = shuffle(q.After, q.Seed)
	}
	last := shuffledNumber{position: math.MaxInt64} // candidates after it are not in the page
	var found []shuffledNumber
	for n := range r.numbersInScope(q.Match, q.Scope, e164.Number{}) {
		candidate := shuffle(n, q.Seed)
		if compareShuffled(candidate, after) > 0 && compareShuffled(candidate, last) < 0 {
			found = append(found, candidate)
		}
		// Sorting is rare, so that its cost per number stays low.
		if len(found)/2-500 > q.Limit {
			found = firstShuffled(found, q.Limit)
			last = found[len(found)-1]
		}
	}
	var page []e164.Number
	for _, f := range firstShuffled(found, q.Limit) {
		page = append(page, f.number)
	}
	return page, nil
}

// firstShuffled sorts numbers and returns the first n of them.
func firstShuffled(numbers []shuffledNumber, n int) []shuffledNumber {
	slices.SortFunc(numbers, compareShuffled)
	return numbers[:min(n, len(numbers))]
}

// SampleNumbers implements [hermes.NumberStore]. With a pattern or a scope it reads all that
// match.
func (s *Store) SampleNumbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	n := q.Limit
	if q.Match.IsZero() && q.Scope.Numbers == "" && r.numbers.size() > 2*n {
		return r.randomNumbers(n), nil
	}
	var sample []e164.Number
	count := 0
	for number := range r.numbersInScope(q.Match, q.Scope, e164.Number{}) {
		// Each number so far has the same chance to be in the sample.
		if count++; len(sample) < n {
			sample = append(sample, number)
		} else if i := rand.IntN(count); i < n {
			sample[i] = number
		}
	}
	rand.Shuffle(len(sample), func(i, j int) { sample[i], sample[j] = sample[j], sample[i] })
	return sample, nil
}

// randomNumbers returns n different numbers of the pool, which has more than twice as many.
func (r *records) randomNumbers(n int) (sample []e164.Number) {
	seen := map[e164.Number]bool{}
	for len(sample) < n {
		if number := r.numbers.at(rand.IntN(r.numbers.size())); !seen[number] {
			sample, seen[number] = append(sample, number), true
		}
	}
	return sample
}

// AddNumber implements [hermes.NumberStore].
func (s *Store) AddNumber(ctx context.Context, n e164.Number) error {
	return s.write(ctx, func(r *records) error {
		if r.numbers.has(n) {
			return hermes.Exists
		}
		r.numbers.set(n, present{})
		return nil
	})
}

// AddNumbers implements [hermes.NumberStore].
func (s *Store) AddNumbers(ctx context.Context, first, last e164.Number) (added int64, err error) {
	if first.IsZero() || first.Digits() != last.Digits() || first.Compare(last) > 0 {
		return 0, fmt.Errorf("memstore: range %s to %s: want one digit count, the first not after the last", first, last)
	}
	err = s.write(ctx, func(r *records) error {
		before := r.numbers
		r.numbers = before.clone()
		if err := r.addNumbers(ctx, first, last); err != nil {
			r.numbers = before
			return err
		}
		added = int64(r.numbers.size() - before.size())
		return nil
	})
	return added, err
}

// addNumbers adds the numbers of a range that are not the user parts of aliases. If ctx ends
// meanwhile, some are added and some are not.
func (r *records) addNumbers(ctx context.Context, first, last e164.Number) error {
	span, start := last.Sub(first), int64(0)
	for n := range r.aliasedNumbers(first, last) {
		i := n.Sub(first)
		if err := r.addRun(ctx, first, start, i); err != nil {
			return err
		}
		start = i + 1
	}
	return r.addRun(ctx, first, start, span+1)
}

// addRun adds the numbers at the distances from start up to end, and without it, from first.
func (r *records) addRun(ctx context.Context, first e164.Number, start, end int64) error {
	for i := start; i < end; i++ {
		if i%(1<<14) == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if n, _ := first.Offset(i); !r.numbers.has(n) {
			r.numbers.set(n, present{})
		}
	}
	return nil
}

// aliasedNumbers yields the numbers of a range that are user parts of aliases, in order. A number
// that is one in several domains is yielded as often.
func (r *records) aliasedNumbers(first, last e164.Number) iter.Seq[e164.Number] {
	return func(yield func(e164.Number) bool) {
		end := last.String()
		for a := range r.aliases.from(sip.Unchecked(first.String(), "")) {
			if a.User() > end {
				return
			}
			n, err := e164.Parse(a.User())
			if err == nil && n.Digits() == first.Digits() && !yield(n) {
				return
			}
		}
	}
}

// RemoveNumber implements [hermes.NumberStore].
func (s *Store) RemoveNumber(ctx context.Context, n e164.Number) error {
	return s.write(ctx, func(r *records) error {
		if !r.numbers.remove(n) {
			return hermes.NotFound
		}
		return nil
	})
}

// TakeNumber implements [hermes.NumberStore].
func (s *Store) TakeNumber(ctx context.Context, q hermes.TakeQuery) (n e164.Number, err error) {
	err = s.write(ctx, func(r *records) error {
		n, err = r.take(q, func(n e164.Number) bool { return !r.numberAliased(n) })
		return err
	})
	return n, err
}

// AssignAny implements [hermes.NumberStore].
func (s *Store) AssignAny(ctx context.Context, q hermes.AssignQuery) (n e164.Number, site hermes.AliasSite, err error) {
	err = s.write(ctx, func(r *records) error {
		site = r.aliasSite(hermes.Alias{Alias: sip.Unchecked("", q.Domain.String()), Destination: q.Destination})
		n, err = r.take(hermes.TakeQuery{Match: q.Match, Random: q.Random, Scope: q.Scope}, func(n e164.Number) bool { return !r.numberHeld(n, q.Domain) })
		if err == nil {
			r.setAlias(hermes.Alias{Alias: sip.Unchecked(n.String(), q.Domain.String()), Destination: q.Destination})
		}
		return err
	})
	return n, site, err
}

// AssignNumber implements [hermes.NumberStore].
func (s *Store) AssignNumber(ctx context.Context, n e164.Number, a hermes.Alias) error {
	return s.write(ctx, func(r *records) error {
		switch {
		case !r.numbers.has(n):
			return hermes.NotFound
		case r.numberHeld(n, a.Alias.Domain()):
			return hermes.Exists
		}
		r.numbers.remove(n)
		r.setAlias(a)
		return nil
	})
}

// numberHeld reports whether an alias of any domain, or a user of the domain in any case, has n.
func (r *records) numberHeld(n e164.Number, domain sip.Domain) bool {
	if r.numberAliased(n) {
		return true
	}
	for a := range r.names.from(sip.Unchecked(n.String(), "")) {
		if a.User() != n.String() {
			break
		}
		if lowerCase(a.Domain()) == lowerCase(domain) {
			return true
		}
	}
	return false
}

// ReleaseNumber implements [hermes.NumberStore].
func (s *Store) ReleaseNumber(ctx context.Context, n e164.Number, a sip.Addr) (destinations []sip.Addr, err error) {
	err = s.write(ctx, func(r *records) (err error) {
		if !r.aliases.has(a) {
			return hermes.NotFound
		}
		for other := range r.aliases.from(sip.Unchecked(n.String(), "")) {
			if other.User() != n.String() {
				break
			}
			if other != a {
				return hermes.InUse
			}
		}
		r.numbers.set(n, present{})
		destinations, err = r.removeAlias(a)
		return err
	})
	return destinations, err
}

// take takes a number that q asks for and usable accepts out of the pool.
func (r *records) take(q hermes.TakeQuery, usable func(e164.Number) bool) (e164.Number, error) {
	prefixes := q.Scope.PrefixesWithin(literalPrefix(q.Match))
	if q.Random {
		rand.Shuffle(len(prefixes), func(i, j int) { prefixes[i], prefixes[j] = prefixes[j], prefixes[i] })
	}
	for _, prefix := range prefixes {
		starts := []e164.Number{{}}
		if q.Random {
			starts = []e164.Number{r.randomNumber(prefix), {}}
		}
		for _, start := range starts {
			for n := range r.matchingNumbers(q.Match, prefix, start) {
				if usable(n) {
					r.numbers.remove(n)
					return n, nil
				}
			}
		}
	}
	return e164.Number{}, hermes.NotFound
}

// randomNumber returns any of the numbers that begin with prefix, or the zero Number if there is
// none.
func (r *records) randomNumber(prefix string) e164.Number {
	first, ok := firstNumber(prefix)
	if !ok {
		return e164.Number{}
	}
	low, end := 0, r.numbers.size()
	if prefix != "" {
		low = sort.Search(end, func(i int) bool { return r.numbers.at(i).Compare(first) >= 0 })
		end = low + sort.Search(end-low, func(i int) bool {
			return !strings.HasPrefix(r.numbers.at(low+i).String(), prefix)
		})
	}
	if low == end {
		return e164.Number{}
	}
	return r.numbers.at(low + rand.IntN(end-low))
}
