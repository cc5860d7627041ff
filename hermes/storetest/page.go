package storetest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

func testPage(t *testing.T, open openFunc) {
	toAlice := hermes.AliasQuery{Destination: addr("alice@example.com")}
	t.Run("Users", func(t *testing.T) { testPagedList(t, open, userList()) })
	t.Run("Phones", func(t *testing.T) { testPagedList(t, open, phoneList()) })
	t.Run("Numbers", func(t *testing.T) { testPagedList(t, open, numberList()) })
	t.Run("Aliases", func(t *testing.T) { testPagedList(t, open, aliasList(hermes.AliasQuery{})) })
	t.Run("Aliases of one destination", func(t *testing.T) { testPagedList(t, open, aliasList(toAlice)) })
	t.Run("ShuffledNumbers, least seed", func(t *testing.T) { testPagedList(t, open, shuffledList(0)) })
	t.Run("ShuffledNumbers, greatest seed", func(t *testing.T) { testPagedList(t, open, shuffledList(2147483646)) })
}

// pagedList is a list that is read page by page.
type pagedList[T comparable] struct {
	entries []T // in the order that is expected
	add     func(t *testing.T, s hermes.Store, entry T)
	remove  func(t *testing.T, s hermes.Store, entry T)
	page    func(t *testing.T, s hermes.Store, after T, limit int) ([]T, error)
}

func testPagedList[T comparable](t *testing.T, open openFunc, list pagedList[T]) {
	n := len(list.entries)
	t.Run("pages of every limit join to the whole list, in byte-wise order", func(t *testing.T) {
		s := open(t).Store
		list.addAll(t, s)
		for _, limit := range []int{1, 2, 3, 7, n - 1, n, n + 1, 100_000} {
			wantList(t, list.read(t, s, limit, nil), nil, list.entries)
		}
	})
	t.Run("a page may begin after an entry that has been removed", func(t *testing.T) {
		s := open(t).Store
		list.addAll(t, s)
		var removed []T
		got := list.read(t, s, 3, func(last T) {
			removed = append(removed, last)
			list.remove(t, s, last)
		})
		wantList(t, got, nil, list.entries)
		left := filter(list.entries, func(v T) bool { return !slices.Contains(removed, v) })
		wantList(t, list.read(t, s, 2, nil), nil, left)
	})
	t.Run("an entry that is added while the list is read appears if its place is still to come", func(t *testing.T) {
		s := open(t).Store
		list.addAll(t, s)
		first, last := list.entries[0], list.entries[n-1]
		list.remove(t, s, first)
		list.remove(t, s, last)
		got := list.read(t, s, n/2, func(reached T) {
			if reached == list.entries[n/2] {
				list.add(t, s, first)
				list.add(t, s, last)
			}
		})
		wantList(t, got, nil, list.entries[1:])
	})
}

// addAll adds the entries in another order than theirs.
func (l pagedList[T]) addAll(t *testing.T, s hermes.Store) {
	t.Helper()
	for _, i := range rand.New(rand.NewPCG(5, 6)).Perm(len(l.entries)) {
		l.add(t, s, l.entries[i])
	}
}

// read returns the joined pages. Unless between is nil, read calls it before each page but the
// first, with the last entry of the page before.
func (l pagedList[T]) read(t *testing.T, s hermes.Store, limit int, between func(last T)) (all []T) {
	t.Helper()
	var after T
	for {
		page, err := l.page(t, s, after, limit)
		must(t, err)
		if len(page) > limit {
			t.Fatalf("got %d entries in a page of %d", len(page), limit)
		}
		all = append(all, page...)
		if len(page) < limit || len(all) > 2*len(l.entries) {
			return all
		}
		after = page[limit-1]
		if between != nil {
			between(after)
		}
	}
}

// userList has local and remote users whose display names have the reverse order.
func userList() pagedList[hermes.UserEntry] {
	var entries []hermes.UserEntry
	for i, a := range unorderedAddrs {
		entries = append(entries, hermes.UserEntry{User: addr(a), DisplayName: string(rune('z' - i))})
	}
	return pagedList[hermes.UserEntry]{
		entries: entries,
		add: func(t *testing.T, s hermes.Store, e hermes.UserEntry) {
			u := remoteUser(e.User.String())
			if len(e.User.User()) == 1 {
				u = localUser(e.User.String())
			}
			u.DisplayName = e.DisplayName
			mustAddUser(t, s, u)
		},
		remove: func(t *testing.T, s hermes.Store, e hermes.UserEntry) {
			must(t, errorOf(s.RemoveUser(t.Context(), e.User)))
		},
		page: func(t *testing.T, s hermes.Store, after hermes.UserEntry, limit int) ([]hermes.UserEntry, error) {
			return s.Users(t.Context(), hermes.UserQuery{After: after.User, Limit: limit})
		},
	}
}

// phoneList has phones of one to three users each.
func phoneList() pagedList[mac.Addr] {
	usersOf := func(m mac.Addr) []sip.Addr {
		return addrs("a@example.com", "Z@example.com", "a@example.net")[:1+m.String()[0]%3]
	}
	return pagedList[mac.Addr]{
		entries: macAddrs("000000000000", "000000000001", "001122334455", "09ffffffffff", "10aaaaaaaaaa",
			"1a0000000000", "9fffffffffff", "a00000000000", "aa0000000000", "ab0000000000", "f00000000000", "ffffffffffff"),
		add: func(t *testing.T, s hermes.Store, m mac.Addr) {
			for i, u := range usersOf(m) {
				mustAddPhone(t, s, hermes.Phone{MAC: m, User: u, Line: i + 1})
			}
		},
		remove: func(t *testing.T, s hermes.Store, m mac.Addr) {
			for _, u := range usersOf(m) {
				must(t, removeAssociation(t.Context(), s, hermes.Phone{MAC: m, User: u}))
			}
		},
		page: func(t *testing.T, s hermes.Store, after mac.Addr, limit int) ([]mac.Addr, error) {
			return s.Phones(t.Context(), hermes.PhoneQuery{After: after, Limit: limit})
		},
	}
}

func numberList() pagedList[e164.Number] {
	return pagedList[e164.Number]{
		entries: numbers(unorderedNumbers...),
		add: func(t *testing.T, s hermes.Store, n e164.Number) {
			must(t, addNumber(t.Context(), s, n))
		},
		remove: func(t *testing.T, s hermes.Store, n e164.Number) {
			must(t, removeNumber(t.Context(), s, n))
		},
		page: func(t *testing.T, s hermes.Store, after e164.Number, limit int) ([]e164.Number, error) {
			return s.Numbers(t.Context(), hermes.NumberQuery{After: after, Limit: limit})
		},
	}
}

func shuffledList(seed int64) pagedList[e164.Number] {
	list := numberList()
	slices.SortFunc(list.entries, byShuffle(seed))
	list.page = func(t *testing.T, s hermes.Store, after e164.Number, limit int) ([]e164.Number, error) {
		return s.ShuffledNumbers(t.Context(), hermes.NumberQuery{After: after, Limit: limit, Seed: seed})
	}
	return list
}

// aliasList has aliases of several destinations, or of q.Destination if that is not zero.
func aliasList(q hermes.AliasQuery) pagedList[hermes.Alias] {
	var entries []hermes.Alias
	for i, a := range unorderedAddrs {
		destination := q.Destination
		if destination.IsZero() {
			destination = addr(unorderedAddrs[i*5%len(unorderedAddrs)])
		}
		entries = append(entries, hermes.Alias{Alias: addr(a), Destination: destination})
	}
	return pagedList[hermes.Alias]{
		entries: entries,
		add: func(t *testing.T, s hermes.Store, a hermes.Alias) {
			mustAddAlias(t, s, a)
		},
		remove: func(t *testing.T, s hermes.Store, a hermes.Alias) {
			must(t, errorOf(s.RemoveAlias(t.Context(), a.Alias)))
		},
		page: func(t *testing.T, s hermes.Store, after hermes.Alias, limit int) ([]hermes.Alias, error) {
			return s.Aliases(t.Context(), hermes.AliasQuery{Destination: q.Destination, After: after, Limit: limit})
		},
	}
}
