package memstore

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// Numbers implements [hermes.NumberStore].
func (s *Store) Numbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	p, err := s.readPool(ctx, q.Now)
	if err != nil {
		return nil, err
	}
	var page []e164.Number
	for n := range p.numbersInState(q, q.After) {
		if len(page) >= q.Limit {
			break
		}
		if n != q.After {
			page = append(page, n)
		}
	}
	return page, nil
}

// numbersInState yields the numbers in the state that q asks for, that match, that are within the
// scope, and that are start or after it.
func (p pool) numbersInState(q hermes.NumberQuery, start e164.Number) iter.Seq[e164.Number] {
	if q.State == "" || q.State == hermes.NumberFree {
		return p.numbersInScope(q.Match, q.Scope, start)
	}
	return func(yield func(e164.Number) bool) {
		for n, v := range p.reserved.from(start) {
			if v.state() == q.State && v.until.After(q.Now) && q.Scope.HasNumber(n) && (q.Match.IsZero() || q.Match.Match(n.String())) && !yield(n) {
				return
			}
		}
	}
}

// numbersInScope yields the free numbers that match, that are within the scope, and that are start
// or after it.
func (p pool) numbersInScope(match hermes.Pattern, scope hermes.Scope, start e164.Number) iter.Seq[e164.Number] {
	return func(yield func(e164.Number) bool) {
		for _, prefix := range scope.PrefixesWithin(literalPrefix(match)) {
			for n := range p.matchingNumbers(match, prefix, start) {
				if !yield(n) {
					return
				}
			}
		}
	}
}

// matchingNumbers yields the free numbers that match, that begin with prefix, and that are start or
// after it.
func (p pool) matchingNumbers(match hermes.Pattern, prefix string, start e164.Number) iter.Seq[e164.Number] {
	return func(yield func(e164.Number) bool) {
		first, ok := firstNumber(prefix)
		if !ok {
			return
		}
		if first.Compare(start) < 0 {
			first = start
		}
		for n := range p.freeFrom(first) {
			matches := match.IsZero()
			if !matches || prefix != "" {
				text := n.String()
				if !strings.HasPrefix(text, prefix) {
					return
				}
				matches = match.Match(text)
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
	p, err := s.readPool(ctx, q.Now)
	if err != nil {
		return nil, err
	}
	after := shuffledNumber{position: -1}
	if !q.After.IsZero() {
		after = shuffle(q.After, q.Seed)
	}
	last := shuffledNumber{position: math.MaxInt64} // candidates after it are not in the page
	var found []shuffledNumber
	for n := range p.numbersInState(q, e164.Number{}) {
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
	p, err := s.readPool(ctx, q.Now)
	if err != nil {
		return nil, err
	}
	n, free := q.Limit, q.State == "" || q.State == hermes.NumberFree
	if free && len(p.over) == 0 && q.Match.IsZero() && q.Scope.Numbers == "" && p.numbers.size() > 2*n {
		return p.randomNumbers(n), nil
	}
	var sample []e164.Number
	count := 0
	for number := range p.numbersInState(q, e164.Number{}) {
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
		if n, _ := first.Offset(i); !r.numbers.has(n) && !r.reserved.has(n) {
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
