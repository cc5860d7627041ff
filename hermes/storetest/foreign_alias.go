package storetest

import (
	"slices"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func foreignAliasCases() []testCase {
	return []testCase{
		{"once", "equal rows are one, one alias may lead to several places, and pages bear both", aliasRows},
		{"exists", "AddAlias tells Exists where any row has the address", func(k *kit) {
			k.alias(sip.Unchecked("sales", "example.com"), addr("alice@example.com"))
			k.is(k.AddAlias(k.ctx, alias("sales@example.com", "bob@example.com")), hermes.Exists)
			equal(k, got(k.Holder(k.ctx, addr("sales@example.com"))), hermes.HeldByAlias)
		}},
		{"remove", "RemoveAlias removes every row of the address, and no other", func(k *kit) {
			for _, to := range []string{"alice@example.com", "alice@example.com", "bob@example.com"} {
				k.alias(addr("sales@example.com"), addr(to))
			}
			k.alias(addr("Sales@example.com"), addr("bob@example.com"))
			k.ok(k.RemoveAlias(k.ctx, addr("sales@example.com")))
			k.is(k.RemoveAlias(k.ctx, addr("sales@example.com")), hermes.NotFound)
			list(k, got(k.Aliases(k.ctx, hermes.AliasQuery{Limit: 10})), alias("Sales@example.com", "bob@example.com"))
		}},
		{"holder", "a user is told first where an alias row has its address, too", func(k *kit) {
			k.alias(addr("bob@example.com"), addr("alice@example.com"))
			k.kamctl("bob@example.com")
			equal(k, got(k.Holder(k.ctx, addr("bob@example.com"))), hermes.HeldByUser)
		}},
		{"number", "a number is aliased by rows of other tools, too, and a range passes over it once", func(k *kit) {
			k.alias(sip.Unchecked("+4711", "EXAMPLE.com"), addr("alice@example.com"))
			k.alias(sip.Unchecked("+4711", "EXAMPLE.com"), addr("alice@example.com"))
			k.alias(sip.Unchecked("+4711 ", "example.com"), addr("alice@example.com"))
			k.alias(sip.Unchecked("+4712x", "example.com"), addr("alice@example.com"))
			equal(k, got(k.NumberAliased(k.ctx, number("+4711"))), true)
			equal(k, got(k.NumberAliased(k.ctx, number("+4712"))), false)
			equal(k, got(k.AddNumbers(k.ctx, number("+4710"), number("+4712"))), 2)
			k.pooled("+4710", "+4712")
		}},
		{"odd", "odd names are returned as sip.Unchecked makes them, and found again under that value", oddAliases},
	}
}

func (k *kit) alias(from, to sip.Addr) hermes.Alias {
	k.Helper()
	k.fix.Foreign.Alias(k.T, from.User(), from.Domain().String(), to.User(), to.Domain().String())
	return hermes.Alias{Alias: from, Destination: to}
}

func sortUsers(all []hermes.UserEntry) {
	slices.SortFunc(all, func(a, b hermes.UserEntry) int { return a.User.Compare(b.User) })
}

func sortAliases(all []hermes.Alias) {
	slices.SortFunc(all, func(a, b hermes.Alias) int {
		if c := a.Alias.Compare(b.Alias); c != 0 {
			return c
		}
		return a.Destination.Compare(b.Destination)
	})
}

func aliasRows(k *kit) {
	var want []hermes.Alias
	for i, from := range addrs("a@example.com", "b@example.com", "B@example.com", "a!@example.com", "b@example.net") {
		for _, to := range addrs("Zoe@example.com", "alice@example.com", "alice@example.net", "alice!@example.com")[:1+i%4] {
			for range 1 + i%3 {
				k.alias(from, to)
			}
			want = append(want, hermes.Alias{Alias: from, Destination: to})
		}
	}
	sortAliases(want)
	all := aliasPages(hermes.AliasQuery{})
	for _, limit := range []int{1, 2, 3, len(want), 100} {
		list(k, got(all.read(k, limit, func(hermes.Alias) {})), want...)
	}
	to := addr("alice@example.com")
	toAlice := aliasPages(hermes.AliasQuery{Destination: to})
	list(k, got(toAlice.read(k, 1, func(hermes.Alias) {})), filter(want, func(a hermes.Alias) bool { return a.Destination == to })...)
	var after hermes.Alias
	for _, a := range filter(want, func(a hermes.Alias) bool { return a.Alias == addr("b@example.com") }) {
		list(k, got(k.Aliases(k.ctx, hermes.AliasQuery{Alias: a.Alias, After: after, Limit: 1})), a)
		after = a
	}
}

func oddAliases(k *kit) {
	var want []hermes.Alias
	for i, from := range odd {
		want = append(want, k.alias(from, odd[(i+1)%len(odd)]))
	}
	sortAliases(want)
	for _, limit := range []int{1, 3, 100} {
		list(k, got(aliasPages(hermes.AliasQuery{}).read(k, limit, func(hermes.Alias) {})), want...)
	}
	for _, a := range want {
		list(k, got(k.Aliases(k.ctx, hermes.AliasQuery{Alias: a.Alias, Limit: 10})), a)
		list(k, got(k.Aliases(k.ctx, hermes.AliasQuery{Destination: a.Destination, Limit: 10})), a)
		equal(k, got(k.Holder(k.ctx, a.Alias)), hermes.HeldByAlias)
		k.ok(k.RemoveAlias(k.ctx, a.Alias))
		equal(k, got(k.Holder(k.ctx, a.Alias)), hermes.HeldByNone)
	}
}
