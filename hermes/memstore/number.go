package memstore

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

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
	for n := range after(r.numbers, q.After) {
		if len(page) >= q.Limit {
			break
		}
		if matches(q.Match, n) {
			page = append(page, n)
		}
	}
	return page, nil
}

func matches(p hermes.Pattern, n e164.Number) bool { return p.IsZero() || p.Match(n.String()) }

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

// ShuffledNumbers implements [hermes.NumberStore]. It reads the whole pool for
// each page.
func (s *Store) ShuffledNumbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	after := shuffledNumber{position: -1}
	if !q.After.IsZero() {
		after = shuffle(q.After, q.Seed)
	}
	var found []shuffledNumber
	for n := range r.numbers.all() {
		candidate := shuffle(n, q.Seed)
		if compareShuffled(candidate, after) > 0 && matches(q.Match, n) {
			found = append(found, candidate)
		}
		// Sorting is rare, so that its cost per number stays low.
		if len(found)/2-500 > q.Limit {
			found = firstShuffled(found, q.Limit)
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
		numbers, err := r.newNumbers(ctx, first, last)
		for _, n := range numbers {
			r.numbers.set(n, present{})
		}
		added = int64(len(numbers))
		return err
	})
	return added, err
}

// newNumbers returns the numbers that AddNumbers adds. They are collected before the first is
// added, so that none is if ctx ends meanwhile.
func (r *records) newNumbers(ctx context.Context, first, last e164.Number) ([]e164.Number, error) {
	aliased := r.aliased(first, last)
	span := last.Sub(first)
	numbers := make([]e164.Number, 0, min(span+1, 1<<20))
	for i := range span + 1 {
		if i%(1<<14) == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if n, _ := first.Offset(i); !aliased[n] && !r.numbers.has(n) {
			numbers = append(numbers, n)
		}
	}
	return numbers, nil
}

// aliased returns the numbers of a range that are user parts of aliases.
func (r *records) aliased(first, last e164.Number) map[e164.Number]bool {
	found := map[e164.Number]bool{}
	end := last.String()
	for a := range r.aliases.from(sip.Unchecked(first.String(), "")) {
		if a.User() > end {
			break
		}
		if n, err := e164.Parse(a.User()); err == nil {
			found[n] = true
		}
	}
	return found
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
func (s *Store) TakeNumber(ctx context.Context, match hermes.Pattern, random bool) (n e164.Number, err error) {
	err = s.write(ctx, func(r *records) error {
		n, err = r.take(match, random, func(n e164.Number) bool { return !r.numberAliased(n) })
		return err
	})
	return n, err
}

// AssignAny implements [hermes.NumberStore].
func (s *Store) AssignAny(ctx context.Context, q hermes.AssignQuery) (n e164.Number, err error) {
	err = s.write(ctx, func(r *records) error {
		n, err = r.take(q.Match, q.Random, func(n e164.Number) bool {
			return !r.numberAliased(n) && r.users.get(sip.Unchecked(n.String(), q.Domain.String())) == nil
		})
		if err == nil {
			r.setAlias(hermes.Alias{Alias: sip.Unchecked(n.String(), q.Domain.String()), Destination: q.Destination})
		}
		return err
	})
	return n, err
}

// AssignNumber implements [hermes.NumberStore].
func (s *Store) AssignNumber(ctx context.Context, n e164.Number, a hermes.Alias) error {
	return s.write(ctx, func(r *records) error {
		switch {
		case !r.numbers.has(n):
			return hermes.NotFound
		case r.aliases.has(a.Alias):
			return hermes.Exists
		}
		r.numbers.remove(n)
		r.setAlias(a)
		return nil
	})
}

// ReleaseNumber implements [hermes.NumberStore].
func (s *Store) ReleaseNumber(ctx context.Context, n e164.Number, a sip.Addr) error {
	return s.write(ctx, func(r *records) error {
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
		return r.removeAlias(a)
	})
}

// take takes a number that match matches and usable accepts out of the pool.
func (r *records) take(match hermes.Pattern, random bool, usable func(e164.Number) bool) (e164.Number, error) {
	var start e164.Number
	if size := r.numbers.size(); random && size > 0 {
		start = r.numbers.at(rand.IntN(size))
	}
	n, ok := r.firstMatch(match, start, usable)
	if !ok && random {
		n, ok = r.firstMatch(match, e164.Number{}, usable)
	}
	if !ok {
		return n, hermes.NotFound
	}
	r.numbers.remove(n)
	return n, nil
}

// firstMatch returns the first number that match matches and usable accepts, and that is start or
// after it.
func (r *records) firstMatch(match hermes.Pattern, start e164.Number, usable func(e164.Number) bool) (e164.Number, bool) {
	for n := range r.numbers.from(start) {
		if matches(match, n) && usable(n) {
			return n, true
		}
	}
	return e164.Number{}, false
}
