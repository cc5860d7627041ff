package memstore

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// Aliases implements [hermes.AliasStore].
func (s *Store) Aliases(ctx context.Context, q hermes.AliasQuery) ([]hermes.Alias, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var page []hermes.Alias
	for a := range r.candidates(q) {
		if len(page) >= q.Limit {
			break
		}
		if compareByAlias(a, q.After) > 0 && (!q.Numbers || isNumber(a.Alias)) && r.aliasInScope(a, q) && matches(a, q.Match) {
			page = append(page, a)
		}
	}
	return page, nil
}

// matches reports whether p is zero or matches one of the addresses.
func matches(a hermes.Alias, p hermes.Pattern) bool {
	return p.IsZero() || p.Match(a.Alias.String()) || p.Match(a.Destination.String())
}

// aliasInScope reports whether an alias is within the scope of q.
func (r *records) aliasInScope(a hermes.Alias, q hermes.AliasQuery) bool {
	d := a.Destination.Domain()
	return q.Scope.HasAlias(a.Alias) && (q.Scope.HasDomain(d) || !r.domains.has(lowerCase(d)) && !isListed(q.Served, lowerCase(d)))
}

// isListed reports whether a list of domains, separated by commas, has one.
func isListed(list string, d sip.Domain) bool {
	return slices.Contains(strings.Split(list, ","), d.String())
}

// isNumber reports whether the user part of an address is an E.164 number.
func isNumber(a sip.Addr) bool {
	_, err := e164.Parse(a.User())
	return err == nil
}

// candidates yields the aliases that q filters, in order. Those up to q.After may be among them.
func (r *records) candidates(q hermes.AliasQuery) iter.Seq[hermes.Alias] {
	switch {
	case !q.Number.IsZero():
		return r.aliasesOf(q.Number)
	case !q.Alias.IsZero():
		return r.oneAlias(q.Alias, q.Destination)
	case !q.Destination.IsZero() && q.AnyCase:
		return r.aliasesToAnyCase(q.Destination)
	case !q.Destination.IsZero():
		return r.aliasesTo(q.Destination, q.After.Alias)
	}
	return func(yield func(hermes.Alias) bool) {
		for a, d := range r.aliases.from(q.After.Alias) {
			if !yield(hermes.Alias{Alias: a, Destination: d}) {
				return
			}
		}
	}
}

// aliasesOf yields the aliases whose user part is n.
func (r *records) aliasesOf(n e164.Number) iter.Seq[hermes.Alias] {
	return func(yield func(hermes.Alias) bool) {
		for a, d := range r.aliases.from(sip.Unchecked(n.String(), "")) {
			if a.User() != n.String() || !yield(hermes.Alias{Alias: a, Destination: d}) {
				return
			}
		}
	}
}

// oneAlias yields the alias with that address, if it also leads to destination or that is zero.
func (r *records) oneAlias(alias, destination sip.Addr) iter.Seq[hermes.Alias] {
	return func(yield func(hermes.Alias) bool) {
		d, ok := r.aliases.get(alias)
		if ok && (destination.IsZero() || destination == d) {
			yield(hermes.Alias{Alias: alias, Destination: d})
		}
	}
}

// aliasesTo yields the aliases that lead to destination and whose address is from or after it.
func (r *records) aliasesTo(destination, from sip.Addr) iter.Seq[hermes.Alias] {
	return func(yield func(hermes.Alias) bool) {
		for a := range r.targets.from(hermes.Alias{Alias: from, Destination: destination}) {
			if a.Destination != destination || !yield(a) {
				return
			}
		}
	}
}

// aliasesToAnyCase yields the aliases that lead to destination, with that domain in any case, in
// order.
func (r *records) aliasesToAnyCase(destination sip.Addr) iter.Seq[hermes.Alias] {
	var all []hermes.Alias
	for a := range r.targets.from(hermes.Alias{Destination: sip.Unchecked(destination.User(), "")}) {
		if a.Destination.User() != destination.User() {
			break
		}
		if sameInAnyCase(a.Destination, destination) {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, compareByAlias)
	return slices.Values(all)
}

// AddAlias implements [hermes.AliasStore].
func (s *Store) AddAlias(ctx context.Context, a hermes.Alias, use hermes.NumberUse) (before hermes.PooledNumber, err error) {
	err = s.writePool(ctx, use.Now, func(r *records) error {
		before = hermes.PooledNumber{}
		if r.aliases.has(a.Alias) {
			return hermes.Exists
		}
		if n, err := e164.Parse(a.Alias.User()); err == nil {
			before = r.pooled(n)
			if before.CheckUse(use) == error(hermes.InUse) {
				return hermes.InUse
			}
			r.unpool(n)
		}
		r.setAlias(a)
		return nil
	})
	return before, err
}

// setAlias stores an alias whose address is free.
func (r *records) setAlias(a hermes.Alias) {
	r.aliases.set(a.Alias, a.Destination)
	r.targets.set(a, present{})
}

// AliasSite implements [hermes.AliasStore].
func (s *Store) AliasSite(ctx context.Context, a hermes.Alias) (site hermes.AliasSite, err error) {
	r, err := s.read(ctx)
	if err != nil {
		return site, err
	}
	return r.aliasSite(a), nil
}

func (r *records) aliasSite(a hermes.Alias) hermes.AliasSite {
	site := hermes.AliasSite{
		Served:            r.domains.has(lowerCase(a.Alias.Domain())),
		DestinationServed: r.domains.has(lowerCase(a.Destination.Domain())),
		Holder:            r.holder(a.Alias),
		IsUser:            r.users.get(a.Destination) != nil,
	}
	for to := range r.aliasesToAnyCase(a.Destination) {
		if isNumber(to.Alias) {
			site.NumberAlias = to.Alias
			break
		}
	}
	return site
}

// RemoveAlias implements [hermes.AliasStore].
func (s *Store) RemoveAlias(ctx context.Context, a sip.Addr) (destinations []sip.Addr, err error) {
	err = s.write(ctx, func(r *records) (err error) {
		destinations, err = r.removeAlias(a)
		return err
	})
	return destinations, err
}

func (r *records) removeAlias(a sip.Addr) ([]sip.Addr, error) {
	d, ok := r.aliases.get(a)
	if !ok {
		return nil, hermes.NotFound
	}
	r.aliases.remove(a)
	r.targets.remove(hermes.Alias{Alias: a, Destination: d})
	return []sip.Addr{d}, nil
}

// RemoveDestination implements [hermes.AliasStore].
func (s *Store) RemoveDestination(ctx context.Context, a hermes.Alias) error {
	return s.write(ctx, func(r *records) error {
		if d, ok := r.aliases.get(a.Alias); !ok || d != a.Destination {
			return hermes.NotFound
		}
		_, err := r.removeAlias(a.Alias)
		return err
	})
}

// moveAliases makes the aliases that lead to a user, with its domain in any case, lead to another
// one, and returns them.
func (r *records) moveAliases(from, to sip.Addr) (moved []sip.Addr) {
	for a := range r.aliasesToAnyCase(from) {
		moved = append(moved, a.Alias)
		r.targets.remove(a)
		r.setAlias(hermes.Alias{Alias: a.Alias, Destination: to})
	}
	return moved
}

// NumberAliased implements [hermes.AliasStore].
func (s *Store) NumberAliased(ctx context.Context, n e164.Number) (bool, error) {
	r, err := s.read(ctx)
	return err == nil && r.numberAliased(n), err
}

func (r *records) numberAliased(n e164.Number) bool {
	for a := range r.aliases.from(sip.Unchecked(n.String(), "")) {
		return a.User() == n.String()
	}
	return false
}
