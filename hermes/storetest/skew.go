package storetest

import (
	"fmt"
	"runtime"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// skewCases are write skew: transactions of which each reads what the other writes, so that
// each alone keeps a rule and both at once would break it.
func skewCases() []testCase {
	const why = "concurrent transactions have the effect of some order one after the other"
	return []testCase{
		{"dangling_alias", why + ": never an alias that leads to a user that was removed", danglingAlias},
		{"dangling_phone", why + ": never a phone of a user that was removed", danglingPhone},
		{"two_e164_aliases", why + ": never two E.164 aliases of one user", twoE164Aliases},
		{"user_or_alias", why + ": never an address that is a user and an alias", userOrAlias},
		{"pool_or_alias", why + ": never a number in the pool that is aliased", poolOrAlias},
		{"last_admin", why + ": never nobody with full access", lastAdmin},
	}
}

// skew runs two or more transactions at once, again and again. Those may fail with
// errOwn only.
func (k *kit) skew(check func(round int), txs ...func(s hermes.Store, round int) error) {
	k.Helper()
	for round := range rounds(k.T, 50) {
		errs := together(2*len(txs), func(i int) error {
			return k.Tx(k.ctx, func(s hermes.Store) error { return txs[i%len(txs)](s, round) })
		})
		for _, err := range errs {
			if err != nil && err != errOwn && err != hermes.Exists && err != hermes.NotFound {
				k.Fatalf("round %d: got %v, want nil, a bare cause or fn's own error", round, err)
			}
		}
		check(round)
	}
}

func nth(format string, round int) sip.Addr { return addr(fmt.Sprintf(format, round)) }

func danglingAlias(k *kit) {
	k.dangling(func(s hermes.Store, u sip.Addr) (bool, error) {
		page, err := s.Aliases(k.ctx, hermes.AliasQuery{Destination: u, Limit: 1})
		return len(page) > 0, err
	}, func(s hermes.Store, u sip.Addr) error {
		return s.AddAlias(k.ctx, hermes.Alias{Alias: addr("x" + u.String()), Destination: u})
	})
}

func danglingPhone(k *kit) {
	k.dangling(func(s hermes.Store, u sip.Addr) (bool, error) {
		phones, err := s.UserPhones(k.ctx, u)
		return len(phones) > 0, err
	}, func(s hermes.Store, u sip.Addr) error {
		return s.AddPhone(k.ctx, hermes.Phone{MAC: macAddr("001122334455"), User: u})
	})
}

// dangling removes users to which nothing leads, while something is led to those that exist.
func (k *kit) dangling(leads func(hermes.Store, sip.Addr) (bool, error), lead func(hermes.Store, sip.Addr) error) {
	for round := range rounds(k.T, 50) {
		k.ok(k.AddUser(k.ctx, localUser(nth("u%d@example.com", round).String())))
	}
	k.skew(func(round int) {
		u := nth("u%d@example.com", round)
		_, err := k.User(k.ctx, u)
		if led := value(k, got(leads(k.Store, u))); led != (err == nil) {
			k.Fatalf("round %d: something leads to the user: %t; looking the user up: %v", round, led, err)
		}
	}, func(s hermes.Store, round int) error {
		u := nth("u%d@example.com", round)
		led, err := leads(s, u)
		if err == nil && led {
			err = errOwn
		}
		runtime.Gosched()
		return firstOfFunc(err, func() error { return s.RemoveUser(k.ctx, u) })
	}, func(s hermes.Store, round int) error {
		u := nth("u%d@example.com", round)
		_, err := s.User(k.ctx, u)
		runtime.Gosched()
		return firstOfFunc(err, func() error { return lead(s, u) })
	})
}

// firstOfFunc goes on where there is no error yet.
func firstOfFunc(err error, next func() error) error {
	if err != nil {
		return err
	}
	return next()
}

func twoE164Aliases(k *kit) {
	add := func(domain string) func(hermes.Store, int) error {
		return func(s hermes.Store, round int) error {
			u := nth("u%d@example.com", round)
			page, err := s.Aliases(k.ctx, hermes.AliasQuery{Destination: u, Limit: 10})
			if err == nil && len(page) > 0 {
				err = errOwn
			}
			runtime.Gosched()
			return firstOfFunc(err, func() error {
				return s.AddAlias(k.ctx, hermes.Alias{Alias: nth("+4773%05d@"+domain, round), Destination: u})
			})
		}
	}
	k.skew(func(round int) {
		page := value(k, got(k.Aliases(k.ctx, hermes.AliasQuery{Destination: nth("u%d@example.com", round), Limit: 10})))
		equal(k, got(len(page), nil), 1)
	}, add("a.example"), add("b.example"))
}

func userOrAlias(k *kit) {
	free := func(s hermes.Store, a sip.Addr, next func() error) error {
		h, err := s.Holder(k.ctx, a)
		if err == nil && h != hermes.HeldByNone {
			err = errOwn
		}
		runtime.Gosched()
		return firstOfFunc(err, next)
	}
	k.skew(func(round int) {
		a := nth("a%d@example.com", round)
		_, err := k.User(k.ctx, a)
		page := value(k, got(k.Aliases(k.ctx, hermes.AliasQuery{Alias: a, Limit: 10})))
		if (len(page) == 1) == (err == nil) {
			k.Fatalf("round %d: aliases %v; looking the user up: %v", round, page, err)
		}
	}, func(s hermes.Store, round int) error {
		a := nth("a%d@example.com", round)
		return free(s, a, func() error { return s.AddUser(k.ctx, remoteUser(a.String())) })
	}, func(s hermes.Store, round int) error {
		a := nth("a%d@example.com", round)
		return free(s, a, func() error { return s.AddAlias(k.ctx, hermes.Alias{Alias: a, Destination: addr("x@example.com")}) })
	})
}

func poolOrAlias(k *kit) {
	nthNumber := func(round int) e164.Number { return poolNumber("+4773", 5, round) }
	k.skew(func(round int) {
		n := nthNumber(round)
		pooled, aliased := value(k, got(k.HasNumber(k.ctx, n))), value(k, got(k.NumberAliased(k.ctx, n)))
		if pooled || !aliased {
			k.Fatalf("round %d: %s: in the pool %t, aliased %t", round, n, pooled, aliased)
		}
	}, func(s hermes.Store, round int) error { // number/add
		aliased, err := s.NumberAliased(k.ctx, nthNumber(round))
		if err == nil && aliased {
			err = errOwn
		}
		runtime.Gosched()
		return firstOfFunc(err, func() error { return s.AddNumber(k.ctx, nthNumber(round)) })
	}, func(s hermes.Store, round int) error { // number/add_range
		return only(s.AddNumbers(k.ctx, nthNumber(round), nthNumber(round)))
	}, func(s hermes.Store, round int) error { // alias/add
		n := nthNumber(round)
		if err := s.RemoveNumber(k.ctx, n); err != nil && err != hermes.NotFound {
			return err
		}
		runtime.Gosched()
		return s.AddAlias(k.ctx, hermes.Alias{Alias: addr(n.String() + "@example.com"), Destination: addr("x@example.com")})
	})
}

func lastAdmin(k *kit) {
	admins := []hermes.Principal{backendUser("alice"), keyHolder("k1")}
	lower := func(p hermes.Principal) func(hermes.Store, int) error {
		return func(s hermes.Store, _ int) error {
			all, err := s.Authorizations(k.ctx)
			if err != nil {
				return err
			}
			if len(filter(all, isAdmin)) < 2 {
				return errOwn
			}
			runtime.Gosched()
			return s.SetAuthorization(k.ctx, hermes.Authorization{Principal: p, Access: hermes.LimitedRead})
		}
	}
	raise := func() {
		for _, p := range admins {
			k.ok(k.SetAuthorization(k.ctx, hermes.Authorization{Principal: p, Access: hermes.FullWrite}))
		}
	}
	raise()
	k.skew(func(int) {
		equal(k, got(len(filter(value(k, got(k.Authorizations(k.ctx))), isAdmin)), nil), 1)
		raise()
	}, lower(admins[0]), lower(admins[1]))
}

func isAdmin(a hermes.Authorization) bool { return a.Access == hermes.FullWrite }
