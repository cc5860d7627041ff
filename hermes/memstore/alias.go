package memstore

import (
	"cmp"
	"context"
	"iter"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// Aliases implements hermes.AliasStore.
func (s *Store) Aliases(ctx context.Context, q hermes.AliasQuery) ([]hermes.Alias, error) {
	t, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var page []hermes.Alias
	for a := range t.candidates(q) {
		if len(page) >= q.Limit {
			break
		}
		if byAlias(a, q.After) > 0 {
			page = append(page, a)
		}
	}
	return page, nil
}

// candidates yields what q asks for in order, and perhaps some that are not past q.After.
func (t *tables) candidates(q hermes.AliasQuery) iter.Seq[hermes.Alias] {
	switch {
	case !q.Alias.IsZero():
		return t.oneAlias(q.Alias, q.Destination)
	case !q.Destination.IsZero():
		return t.aliasesTo(q.Destination, q.After.Alias)
	}
	return func(yield func(hermes.Alias) bool) {
		for a, d := range t.aliases.from(q.After.Alias) {
			if !yield(hermes.Alias{Alias: a, Destination: d}) {
				return
			}
		}
	}
}

func (t *tables) oneAlias(alias, destination sip.Addr) iter.Seq[hermes.Alias] {
	return func(yield func(hermes.Alias) bool) {
		d, ok := t.aliases.get(alias)
		if ok && (destination.IsZero() || destination == d) {
			yield(hermes.Alias{Alias: alias, Destination: d})
		}
	}
}

func (t *tables) aliasesTo(destination, from sip.Addr) iter.Seq[hermes.Alias] {
	return func(yield func(hermes.Alias) bool) {
		for a := range t.targets.from(hermes.Alias{Alias: from, Destination: destination}) {
			if a.Destination != destination || !yield(a) {
				return
			}
		}
	}
}

func byAlias(a, b hermes.Alias) int {
	return cmp.Or(a.Alias.Compare(b.Alias), a.Destination.Compare(b.Destination))
}

// AddAlias implements hermes.AliasStore.
func (s *Store) AddAlias(ctx context.Context, a hermes.Alias) error {
	return s.write(ctx, func(t *tables) error {
		if t.aliases.has(a.Alias) {
			return hermes.Exists
		}
		t.aliases.set(a.Alias, a.Destination)
		t.targets.set(a, none{})
		return nil
	})
}

// RemoveAlias implements hermes.AliasStore.
func (s *Store) RemoveAlias(ctx context.Context, a sip.Addr) error {
	return s.write(ctx, func(t *tables) error {
		d, ok := t.aliases.get(a)
		if !ok {
			return hermes.NotFound
		}
		t.aliases.remove(a)
		t.targets.remove(hermes.Alias{Alias: a, Destination: d})
		return nil
	})
}

// NumberAliased implements hermes.AliasStore.
func (s *Store) NumberAliased(ctx context.Context, n e164.Number) (bool, error) {
	t, err := s.read(ctx)
	if err != nil {
		return false, err
	}
	for a := range t.aliases.from(sip.Unchecked(n.String(), "")) {
		return a.User() == n.String(), nil
	}
	return false, nil
}
