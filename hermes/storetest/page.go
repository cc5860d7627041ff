package storetest

import (
	"math/rand/v2"
	"slices"

	"github.com/hermes-voip/go-hermes/hermes"
)

// pager is a list that is read in pages.
type pager[T comparable] struct {
	want   []T // in order
	add    func(k *kit, v T) error
	remove func(k *kit, v T) error
	page   func(k *kit, after T, limit int) ([]T, error)
}

func pageCases() []testCase {
	const why = "byte-wise order; pages of every limit join to the whole list, each entry once, also where entries vanish or come in between"
	return []testCase{
		{"users", why, userPages().run},
		{"phones", why, phonePages().run},
		{"numbers", why, numberPages().run},
		{"aliases", why, aliasPages(hermes.AliasQuery{}).run},
		{"aliases_of_one", why, aliasPages(hermes.AliasQuery{Destination: addr("alice@example.com")}).run},
		{"shuffled", why, shuffledPages(0).run},
		{"shuffled_seed", why, shuffledPages(2147483646).run},
	}
}

func (p pager[T]) run(k *kit) {
	n := len(p.want)
	for _, i := range rand.New(rand.NewPCG(5, 6)).Perm(n) {
		k.ok(p.add(k, p.want[i]))
	}
	for _, limit := range []int{1, 2, 3, 7, n - 1, n, n + 1, 100_000} {
		list(k, got(p.read(k, limit, func(T) {})), p.want...)
	}
	p.vanishing(k)
	p.appearing(k)
}

// read joins the pages, and tells of the last entry of each before it asks for the next.
func (p pager[T]) read(k *kit, limit int, between func(last T)) (all []T, err error) {
	var after T
	for {
		page, err := p.page(k, after, limit)
		if err != nil {
			return nil, err
		}
		if len(page) > limit {
			k.Fatalf("a page of %d has %d entries", limit, len(page))
		}
		all = append(all, page...)
		if len(page) < limit || len(all) > 2*len(p.want) {
			return all, nil
		}
		after = page[limit-1]
		between(after)
	}
}

// vanishing removes the entry that After names, so that it is a place and not a row.
func (p pager[T]) vanishing(k *kit) {
	var gone []T
	list(k, got(p.read(k, 3, func(last T) {
		gone = append(gone, last)
		k.ok(p.remove(k, last))
	})), p.want...)
	left := slices.DeleteFunc(slices.Clone(p.want), func(v T) bool { return slices.Contains(gone, v) })
	list(k, got(p.read(k, 2, func(T) {})), left...)
	for _, v := range gone {
		k.ok(p.add(k, v))
	}
}

// appearing adds an entry before the place that was reached and one past it.
func (p pager[T]) appearing(k *kit) {
	n := len(p.want)
	first, last := p.want[0], p.want[n-1]
	k.ok(p.remove(k, first), p.remove(k, last))
	list(k, got(p.read(k, n/2, func(reached T) {
		if reached == p.want[n/2] {
			k.ok(p.add(k, first), p.add(k, last))
		}
	})), p.want[1:]...)
}
