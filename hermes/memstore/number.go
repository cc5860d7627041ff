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

// HasNumber implements hermes.NumberStore.
func (s *Store) HasNumber(ctx context.Context, n e164.Number) (bool, error) {
	t, err := s.read(ctx)
	return err == nil && t.numbers.has(n), err
}

// Numbers implements hermes.NumberStore.
func (s *Store) Numbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	t, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var page []e164.Number
	for n := range after(t.numbers, q.After) {
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

// placed is a number with its place in a random order.
type placed struct {
	place  int64
	number e164.Number
}

func (p placed) compare(q placed) int {
	return cmp.Or(cmp.Compare(p.place, q.place), p.number.Compare(q.number))
}

// ShuffledNumbers implements hermes.NumberStore. It looks at the whole pool, page by page.
func (s *Store) ShuffledNumbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	t, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	from := placed{place: -1}
	if !q.After.IsZero() {
		from = placed{hermes.Shuffle(q.After, q.Seed), q.After}
	}
	var found []placed
	for n := range t.numbers.all() {
		p := placed{hermes.Shuffle(n, q.Seed), n}
		if p.compare(from) > 0 && matches(q.Match, n) {
			found = append(found, p)
		}
		if len(found)/2-500 > q.Limit { // seldom, so that it is cheap for each number
			found = least(found, q.Limit)
		}
	}
	var page []e164.Number
	for _, p := range least(found, q.Limit) {
		page = append(page, p.number)
	}
	return page, nil
}

// least cuts found to its least n, in order.
func least(found []placed, n int) []placed {
	slices.SortFunc(found, placed.compare)
	return found[:min(n, len(found))]
}

// AddNumber implements hermes.NumberStore.
func (s *Store) AddNumber(ctx context.Context, n e164.Number) error {
	return s.write(ctx, func(t *tables) error {
		if t.numbers.has(n) {
			return hermes.Exists
		}
		t.numbers.set(n, none{})
		return nil
	})
}

// AddNumbers implements hermes.NumberStore.
func (s *Store) AddNumbers(ctx context.Context, first, last e164.Number) (added int64, err error) {
	if first.IsZero() || first.Digits() != last.Digits() || first.Compare(last) > 0 {
		return 0, fmt.Errorf("memstore: range %s to %s: want one digit count, the first not after the last", first, last)
	}
	err = s.write(ctx, func(t *tables) error {
		fresh, err := t.free(ctx, first, last)
		for _, n := range fresh {
			t.numbers.set(n, none{})
		}
		added = int64(len(fresh))
		return err
	})
	return added, err
}

// free collects what AddNumbers will add, so that a ctx that ends meanwhile leaves nothing.
func (t *tables) free(ctx context.Context, first, last e164.Number) ([]e164.Number, error) {
	aliased := t.aliased(first, last)
	span := last.Sub(first)
	fresh := make([]e164.Number, 0, min(span+1, 1<<20))
	for i := range span + 1 {
		if i%(1<<14) == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if n, _ := first.Offset(i); !aliased[n] && !t.numbers.has(n) {
			fresh = append(fresh, n)
		}
	}
	return fresh, nil
}

// aliased has the numbers of a range that are user parts of aliases.
func (t *tables) aliased(first, last e164.Number) map[e164.Number]bool {
	found := map[e164.Number]bool{}
	end := last.String()
	for a := range t.aliases.from(sip.Unchecked(first.String(), "")) {
		if a.User() > end {
			break
		}
		if n, err := e164.Parse(a.User()); err == nil {
			found[n] = true
		}
	}
	return found
}

// RemoveNumber implements hermes.NumberStore.
func (s *Store) RemoveNumber(ctx context.Context, n e164.Number) error {
	return s.write(ctx, func(t *tables) error {
		if !t.numbers.remove(n) {
			return hermes.NotFound
		}
		return nil
	})
}

// TakeNumber implements hermes.NumberStore.
func (s *Store) TakeNumber(ctx context.Context, match hermes.Pattern, random bool) (n e164.Number, err error) {
	err = s.write(ctx, func(t *tables) error {
		var start e164.Number
		if size := t.numbers.tree.Len(); random && size > 0 {
			at, _ := t.numbers.tree.GetAt(rand.IntN(size))
			start = at.key
		}
		var ok bool
		if n, ok = t.match(match, start); !ok && random {
			n, ok = t.match(match, e164.Number{})
		}
		if !ok {
			return hermes.NotFound
		}
		t.numbers.remove(n)
		return nil
	})
	return n, err
}

func (t *tables) match(match hermes.Pattern, start e164.Number) (e164.Number, bool) {
	for n := range t.numbers.from(start) {
		if matches(match, n) {
			return n, true
		}
	}
	return e164.Number{}, false
}
