package storetest

import (
	"slices"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// disorder has addresses whose order every common mistake gets wrong: case, the order of joined
// texts (! comes before @), language collations, digits.
var disorder = []string{
	"!@b.example", "+47@example.com", "+470@example.com", "-@a-b.example", "-@a.example", "-@a0.example", "10@example.com",
	"9@example.com", "A@example.com", "B-C@example.com", "BA@example.com", "Z@example.com", "_@example.com", "a@example.com",
	"a@example.net", "a!@example.com", "a.b@example.com", "aa@example.com", "ab@10.0.0.1", "ab@9.example", "b-c@example.com", "b_@example.com",
	"ba@example.com", "~@example.com",
}

func userPages() pager[hermes.UserEntry] {
	var want []hermes.UserEntry
	for i, a := range disorder {
		want = append(want, hermes.UserEntry{User: addr(a), DisplayName: string(rune('z' - i))})
	}
	return pager[hermes.UserEntry]{
		want: want,
		add: func(k *kit, e hermes.UserEntry) error {
			u := remoteUser(e.User.String())
			if len(e.User.User()) == 1 {
				u = localUser(e.User.String())
			}
			u.DisplayName = e.DisplayName
			return k.AddUser(k.ctx, u)
		},
		remove: func(k *kit, e hermes.UserEntry) error { return k.RemoveUser(k.ctx, e.User) },
		page: func(k *kit, after hermes.UserEntry, limit int) ([]hermes.UserEntry, error) {
			return k.Users(k.ctx, hermes.UserQuery{After: after.User, Limit: limit})
		},
	}
}

func phonePages() pager[mac.Addr] {
	users := []sip.Addr{addr("a@example.com"), addr("Z@example.com"), addr("a@example.net")}
	each := func(m mac.Addr, fn func(hermes.Phone) error) (err error) {
		for _, u := range users[:1+m.String()[0]%3] {
			if err == nil {
				err = fn(hermes.Phone{MAC: m, User: u})
			}
		}
		return err
	}
	return pager[mac.Addr]{
		want: macs("000000000000", "000000000001", "001122334455", "09ffffffffff", "10aaaaaaaaaa", "1a0000000000", "9fffffffffff",
			"a00000000000", "aa0000000000", "ab0000000000", "f00000000000", "ffffffffffff"),
		add: func(k *kit, m mac.Addr) error {
			return each(m, func(p hermes.Phone) error { return k.AddPhone(k.ctx, p) })
		},
		remove: func(k *kit, m mac.Addr) error {
			return each(m, func(p hermes.Phone) error { return k.RemovePhone(k.ctx, p) })
		},
		page: func(k *kit, after mac.Addr, limit int) ([]mac.Addr, error) {
			return k.Phones(k.ctx, hermes.PhoneQuery{After: after, Limit: limit})
		},
	}
}

// digits has numbers whose order as integers is another one.
var digits = []string{
	"+10", "+100", "+100000000000000", "+1001", "+101", "+11", "+4711", "+47110", "+471100", "+4711001", "+4712", "+48", "+99", "+999999999999999",
}

func numberPages() pager[e164.Number] {
	return pager[e164.Number]{
		want:   numbers(digits...),
		add:    func(k *kit, n e164.Number) error { return k.AddNumber(k.ctx, n) },
		remove: func(k *kit, n e164.Number) error { return k.RemoveNumber(k.ctx, n) },
		page: func(k *kit, after e164.Number, limit int) ([]e164.Number, error) {
			return k.Numbers(k.ctx, hermes.NumberQuery{After: after, Limit: limit})
		},
	}
}

func shuffledPages(seed int64) pager[e164.Number] {
	p := numberPages()
	slices.SortFunc(p.want, byShuffle(seed))
	p.page = func(k *kit, after e164.Number, limit int) ([]e164.Number, error) {
		return k.ShuffledNumbers(k.ctx, hermes.NumberQuery{After: after, Limit: limit, Seed: seed})
	}
	return p
}

func aliasPages(q hermes.AliasQuery) pager[hermes.Alias] {
	var want []hermes.Alias
	for i, a := range disorder {
		to := q.Destination
		if to.IsZero() {
			to = addr(disorder[i*5%len(disorder)])
		}
		want = append(want, hermes.Alias{Alias: addr(a), Destination: to})
	}
	return pager[hermes.Alias]{
		want:   want,
		add:    func(k *kit, a hermes.Alias) error { return k.AddAlias(k.ctx, a) },
		remove: func(k *kit, a hermes.Alias) error { return k.RemoveAlias(k.ctx, a.Alias) },
		page: func(k *kit, after hermes.Alias, limit int) ([]hermes.Alias, error) {
			return k.Aliases(k.ctx, hermes.AliasQuery{Destination: q.Destination, After: after, Limit: limit})
		},
	}
}
