package memstore

import (
	"context"
	"math/rand/v2"
	"sort"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// RemoveNumber implements [hermes.NumberStore].
func (s *Store) RemoveNumber(ctx context.Context, n e164.Number, use hermes.NumberUse) (before hermes.PooledNumber, err error) {
	err = s.writePool(ctx, use.Now, func(r *records) error {
		before = r.pooled(n)
		if err := before.CheckUse(use); err != nil {
			return err
		}
		r.unpool(n)
		return nil
	})
	return before, err
}

// TakeNumber implements [hermes.NumberStore].
func (s *Store) TakeNumber(ctx context.Context, q hermes.TakeQuery) (n e164.Number, err error) {
	err = s.writePool(ctx, q.Now, func(r *records) error {
		if n, err = r.find(q, func(n e164.Number) bool { return !r.numberAliased(n) }); err == nil {
			r.numbers.remove(n)
		}
		return err
	})
	return n, err
}

// AssignAny implements [hermes.NumberStore].
func (s *Store) AssignAny(ctx context.Context, q hermes.AssignQuery) (n e164.Number, site hermes.AliasSite, err error) {
	err = s.writePool(ctx, q.Now, func(r *records) error {
		site = r.aliasSite(hermes.Alias{Alias: sip.Unchecked("", q.Domain.String()), Destination: q.Destination})
		take := hermes.TakeQuery{Match: q.Match, Random: q.Random, Scope: q.Scope}
		if n, err = r.find(take, func(n e164.Number) bool { return !r.numberUsed(n, q.Domain) }); err == nil {
			r.numbers.remove(n)
			r.setAlias(hermes.Alias{Alias: sip.Unchecked(n.String(), q.Domain.String()), Destination: q.Destination})
		}
		return err
	})
	return n, site, err
}

// AssignNumber implements [hermes.NumberStore].
func (s *Store) AssignNumber(
	ctx context.Context, n e164.Number, a hermes.Alias, use hermes.NumberUse,
) (before hermes.PooledNumber, err error) {
	err = s.writePool(ctx, use.Now, func(r *records) error {
		before = r.pooled(n)
		err := before.CheckUse(use)
		if err == error(hermes.NotFound) {
			return err
		}
		if r.numberUsed(n, a.Alias.Domain()) {
			return hermes.Exists
		}
		if err != nil {
			return err
		}
		r.unpool(n)
		r.setAlias(a)
		return nil
	})
	return before, err
}

// numberUsed reports whether an alias of any domain, or a user of the domain in any case, has n.
func (r *records) numberUsed(n e164.Number, domain sip.Domain) bool {
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

// find returns a free number that q asks for and usable accepts.
func (r *records) find(q hermes.TakeQuery, usable func(e164.Number) bool) (e164.Number, error) {
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
			for n := range (pool{records: r}).matchingNumbers(q.Match, prefix, start) {
				if usable(n) {
					return n, nil
				}
			}
		}
	}
	return e164.Number{}, hermes.NotFound
}

// randomNumber returns any of the free numbers that begin with prefix, or the zero Number if there
// is none.
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
