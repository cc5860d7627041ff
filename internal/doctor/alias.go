package doctor

import (
	"context"

	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

var aliasDestinationsCheck = check{
	name:   "alias-destinations",
	level:  Warn,
	ok:     "no alias leads to a user who does not exist",
	fault:  "aliases that lead to a user who does not exist: calls to them are refused",
	remedy: "alias/remove, or number/release for a number; an alias of an alias is not followed",
}

var usersAndAliasesCheck = check{
	name:   "users-and-aliases",
	level:  Fail,
	ok:     "no address is both a user and an alias",
	fault:  "addresses that are a user and an alias: the alias takes the user's calls away",
	remedy: "alias/remove",
}

var duplicateAliasesCheck = check{
	name:   "duplicate-aliases",
	level:  Warn,
	ok:     "no alias has more than one row",
	fault:  "aliases that are there several times",
	remedy: "alias/remove removes all rows of an alias; alias/add adds the right one",
}

var severalNumbersCheck = check{
	name:   "e164-aliases",
	level:  Warn,
	ok:     "no destination has several E.164 aliases",
	fault:  "destinations that have several E.164 aliases, of which Hermes gives one",
	remedy: "alias/list shows them; number/release all but one",
}

var poolNumbersCheck = check{
	name:   "pool-numbers",
	level:  Fail,
	ok:     "no number in the pool is in use",
	fault:  "numbers in the pool that are in use as an alias",
	remedy: "number/remove takes them out of the pool",
}

var sameAliasNamesCheck = check{
	name:  "same-alias-names",
	level: Warn,
	ok:    "no two domains have an alias with the same user name",
	fault: "user names of aliases that several domains have: " +
		"a Kamailio without use_domain=1 takes one alias for the other",
	remedy: `see that Kamailio's configuration has modparam("alias_db", "use_domain", 1); ` +
		`doctor cannot check it`,
}

// aliases examines Kamailio's table dbaliases, and compares it with users and the pool of numbers.
func (e *examiner) aliases(ctx context.Context) {
	destinations, users := newTally(aliasDestinationsCheck), newTally(usersAndAliasesCheck)
	duplicates, numbers := newTally(duplicateAliasesCheck), newTally(severalNumbersCheck)
	pool, names := newTally(poolNumbersCheck), newTally(sameAliasNamesCheck)
	err := readRows(ctx, e, bunstore.Inspector.Aliases, func(a bunstore.AliasRow) {
		alias, destination := a.Alias.Alias, a.Alias.Destination
		both := alias.String() + " to " + destination.String()
		statement := e.deleteRow("dbaliases", a.ID, alias)
		numbers.addIf(a.Numbers, destination.String())
		names.addIf(a.SharedName, alias.User())
		lower := e.lowerDomains("dbaliases", a.ID, "alias_domain", "domain")
		switch {
		case e.checkCase("dbaliases", both, lower, alias.Domain(), destination.Domain()):
		case a.OfUser:
			users.addRow(alias.String(), statement)
		case a.Pooled:
			pool.add(alias.User())
		case a.Duplicate:
			duplicates.addRow(alias.String(), statement)
		case !a.Leads && e.serves(destination.Domain()):
			destinations.addRow(both, statement)
		}
	}, "dbaliases", "subscriber")
	e.aliasesErr = err
	e.reportTally(destinations, err, e.domainsErr)
	for _, t := range []*tally{users, duplicates, numbers, pool, names} {
		e.reportTally(t, err)
	}
}
