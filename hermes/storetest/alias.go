package storetest

import (
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

func aliasCases() []testCase {
	return []testCase{
		{"exists", "an alias address is there once, whatever it leads to, and the first stays", func(k *kit) {
			first := alias("sales@example.com", "alice@example.com")
			k.ok(k.AddAlias(k.ctx, first))
			k.is(k.AddAlias(k.ctx, first), hermes.Exists)
			k.is(k.AddAlias(k.ctx, alias("sales@example.com", "bob@example.com")), hermes.Exists)
			k.ok(k.AddAlias(k.ctx, alias("Sales@example.com", "bob@example.com")), k.AddAlias(k.ctx, alias("sales@example.net", "bob@example.com")))
			list(k, got(k.Aliases(k.ctx, hermes.AliasQuery{Alias: first.Alias, Limit: 10})), first)
		}},
		{"no_user", "whether a user has either address is not looked at", func(k *kit) {
			k.ok(k.AddUser(k.ctx, localUser("alice@example.com")), k.AddAlias(k.ctx, alias("alice@example.com", "nobody@example.com")))
		}},
		{"remove", "RemoveAlias frees the address and touches no other", func(k *kit) {
			a, b := alias("sales@example.com", "alice@example.com"), alias("Sales@example.com", "alice@example.com")
			k.is(k.RemoveAlias(k.ctx, a.Alias), hermes.NotFound)
			k.ok(k.AddAlias(k.ctx, a), k.AddAlias(k.ctx, b), k.RemoveAlias(k.ctx, a.Alias))
			k.is(k.RemoveAlias(k.ctx, a.Alias), hermes.NotFound)
			list(k, got(k.Aliases(k.ctx, hermes.AliasQuery{Destination: a.Destination, Limit: 10})), b)
			k.ok(k.AddAlias(k.ctx, alias("sales@example.com", "bob@example.com")))
			list(k, got(k.Aliases(k.ctx, hermes.AliasQuery{Destination: a.Destination, Limit: 10})), b)
		}},
		{"filter", "a query by alias, by destination or by both gives what fits all of it", filterAliases},
		{"number", "NumberAliased looks for the user part, whole, in any domain", func(k *kit) {
			k.ok(k.AddAlias(k.ctx, alias("+4773500001@b.example", "alice@example.com")), k.AddAlias(k.ctx, alias("+47735000020@example.com", "alice@example.com")),
				k.AddAlias(k.ctx, alias("x@example.com", "+4773500003@example.com")))
			for n, want := range map[string]bool{"+4773500001": true, "+47735000020": true, "+4773500002": false, "+4773500003": false, "+477350000": false} {
				equal(k, got(k.NumberAliased(k.ctx, number(n))), want)
			}
			k.ok(k.RemoveAlias(k.ctx, addr("+4773500001@b.example")))
			equal(k, got(k.NumberAliased(k.ctx, number("+4773500001"))), false)
		}},
	}
}

func filterAliases(k *kit) {
	a := alias("a@example.com", "alice@example.com")
	b := alias("b@example.com", "bob@example.com")
	c := alias("c@example.com", "alice@example.com")
	for _, x := range []hermes.Alias{c, a, b} {
		k.ok(k.AddAlias(k.ctx, x))
	}
	for _, c := range []struct {
		alias, destination sip.Addr
		want               []hermes.Alias
	}{
		{sip.Addr{}, sip.Addr{}, []hermes.Alias{a, b, c}},
		{b.Alias, sip.Addr{}, []hermes.Alias{b}},
		{sip.Addr{}, a.Destination, []hermes.Alias{a, c}},
		{c.Alias, a.Destination, []hermes.Alias{c}},
		{b.Alias, a.Destination, nil},
		{addr("B@example.com"), sip.Addr{}, nil},
		{sip.Addr{}, a.Alias, nil},
	} {
		list(k, got(k.Aliases(k.ctx, hermes.AliasQuery{Alias: c.alias, Destination: c.destination, Limit: 10})), c.want...)
	}
}
