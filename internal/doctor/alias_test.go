package doctor

import (
	"strings"

	"github.com/hermes-voip/go-hermes/sip"
)

// insertAlias returns a statement that adds a row to Kamailio's table dbaliases.
func insertAlias(alias, destination string) string {
	a, d := sip.MustParse(alias), sip.MustParse(destination)
	values := []string{a.User(), a.Domain().String(), d.User(), d.Domain().String()}
	return `INSERT INTO dbaliases (alias_username, alias_domain, username, domain)
		VALUES ('` + strings.Join(values, `', '`) + `')`
}

// aliasFaults are faults in the rows of dbaliases.
var aliasFaults = []rowFault{
	{
		why: "kamcli subscriber rm leaves aliases",
		sql: []string{
			insertAlias("lost@example.test", "nobody@example.test"),
			insertAlias("chain@example.test", "lost@example.test"),
			insertAlias("set@example.test", "nobody@setting.test"),
		},
		check: "alias-destinations",
		want: "warn aliases that lead to a user who does not exist: calls to them are refused: " +
			"3 (lost@example.test to nobody@example.test, chain@example.test to lost@example.test, " +
			"set@example.test to nobody@setting.test)",
	},
	{
		why: "an alias that is the address of a user",
		sql: []string{
			insertAlias("bob@other.test", "alice@example.test"),
			insertAlias("carol@far.test", "alice@example.test"),
		},
		check: "users-and-aliases",
		want: "fail addresses that are a user and an alias: the alias takes the user's calls away: " +
			"2 (bob@other.test, carol@far.test)",
	},
	{
		why: "kamctl alias_db add, repeated",
		sql: []string{
			insertAlias("twice@example.test", "alice@example.test"),
			insertAlias("twice@example.test", "alice@example.test"),
			insertAlias("twice@example.test", "bob@other.test"),
		},
		check: "duplicate-aliases",
		want:  "warn aliases that are there several times: 1 (twice@example.test)",
	},
	{
		why: "a user with two numbers",
		sql: []string{
			insertAlias("+4773500090@example.test", "bob@other.test"),
			insertAlias("+4773500091@example.test", "bob@other.test"),
			insertAlias("+bob@example.test", "carol@far.test"),
			insertAlias("+47bob@example.test", "carol@far.test"),
			insertAlias("+0047@example.test", "carol@far.test"),
			insertAlias("+4773500092@example.test", "carol@far.test"),
		},
		check: "e164-aliases",
		want:  "warn destinations that have several E.164 aliases, of which Hermes gives one: 1 (bob@other.test)",
	},
	{
		why: "a number in the pool and in use",
		sql: []string{
			insertAlias("+4773500005@other.test", "clear@example.test"),
			insertAlias("+4773500005@example.test", "half@example.test"),
		},
		check: "pool-numbers",
		want:  "fail numbers in the pool that are in use as an alias: 1 (+4773500005)",
	},
	{
		why: "an alias with the same user name in two domains",
		sql: []string{
			insertAlias("front@example.test", "alice@example.test"),
			insertAlias("front@other.test", "alice@example.test"),
		},
		check: "same-alias-names",
		want: "warn user names of aliases that several domains have: " +
			"a Kamailio without use_domain=1 takes one alias for the other: 2 (+4773500005, front)",
	},
}
