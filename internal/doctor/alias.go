package doctor

import (
	"context"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

// aliases examines Kamailio's dbaliases, and what it has in common with users and the pool of numbers.
func (e *exam) aliases(ctx context.Context) {
	lost, users, twice := newTally(aliasDestinations), newTally(usersAndAliases), newTally(duplicateAliases)
	numbers, pool, same := newTally(severalNumbers), newTally(poolNumbers), newTally(sameAliasNames)
	err := pages(ctx, e, bunstore.Inspector.Aliases, func(a bunstore.AliasRow) {
		alias, to := a.Alias.Alias, a.Alias.Destination
		lost.addIf(!a.Leads && e.serves(to.Domain()), alias.String()+" to "+to.String())
		users.addIf(a.OfUser, alias.String())
		twice.addIf(a.Duplicate, alias.String())
		numbers.addIf(a.Numbers, to.String())
		pool.addIf(a.Pooled, alias.User())
		same.addIf(a.SharedName, alias.User())
		e.lowerCase("dbaliases", alias.String()+" to "+to.String(), alias.Domain(), to.Domain())
	}, "dbaliases", "subscriber")
	e.errs.aliases = err
	e.finish(lost, err, e.unknown)
	for _, t := range []*tally{users, twice, numbers, pool, same} {
		e.finish(t, err)
	}
}

// phones examines Hermes' table of phones.
func (e *exam) phones(ctx context.Context) {
	t := newTally(lostPhones)
	err := pages(ctx, e, bunstore.Inspector.Phones, func(a bunstore.Association) {
		t.addIf(!a.User, a.Phone.MAC.String()+" of "+a.Phone.User.String())
	}, "subscriber")
	e.finish(t, err)
}

// groups examines Kamailio's grp.
func (e *exam) groups(ctx context.Context) {
	t := newTally(lostGroups)
	err := pages(ctx, e, bunstore.Inspector.Grants, func(g bunstore.Grant) { t.addIf(g.First && !g.User, g.Address.String()) }, "grp", "subscriber")
	e.finish(t, err)
}
