package bunstore

import (
	"context"
	"database/sql"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// AliasRow is a row of dbaliases. What several rows share is told of the first of them.
type AliasRow struct {
	ID    int64
	Alias hermes.Alias

	Leads      bool // the destination is a user
	OfUser     bool // the first row of this alias, and a user has the address
	Duplicate  bool // the first row of this alias, of which there are more
	Pooled     bool // the first row of this user name, a number that is in the pool
	SharedName bool // the first row of this user name, which is an alias in another domain too
	Numbers    bool // the first E.164 alias of the destination, which has another one
}

// Aliases returns a page of the rows of dbaliases, by id.
func (i Inspector) Aliases(ctx context.Context, after AliasRow, limit int) ([]AliasRow, error) {
	const sameAlias = "o.alias_username = a.alias_username AND o.alias_domain = a.alias_domain"
	return list(ctx, i.s, 0, raw(`SELECT a.id, a.alias_username, a.alias_domain, a.username, a.domain, ?2,
			?3 AND NOT EXISTS (SELECT 1 FROM ?dbaliases AS o WHERE `+sameAlias+` AND o.id < a.id),
			EXISTS (SELECT 1 FROM ?dbaliases AS o WHERE `+sameAlias+` AND o.id > a.id)
				AND NOT EXISTS (SELECT 1 FROM ?dbaliases AS o WHERE `+sameAlias+` AND o.id < a.id),
			EXISTS (SELECT 1 FROM ?numbers AS n WHERE n.number = a.alias_username ?C `+one+`) AND a.named,
			EXISTS (SELECT 1 FROM ?dbaliases AS o WHERE o.alias_username = a.alias_username AND o.alias_domain <> a.alias_domain) AND a.named,
			a.isnumber AND EXISTS (SELECT 1 FROM ?dbaliases AS o WHERE o.username = a.username AND o.domain = a.domain
					AND (o.alias_username <> a.alias_username OR o.alias_domain <> a.alias_domain) AND ?5)
				AND NOT EXISTS (SELECT 1 FROM ?dbaliases AS o WHERE o.username = a.username AND o.domain = a.domain AND o.id < a.id AND ?5)
		FROM (SELECT b.id, b.alias_username, b.alias_domain, b.username, b.domain, ?4 AS isnumber,
				NOT EXISTS (SELECT 1 FROM ?dbaliases AS o WHERE o.alias_username = b.alias_username AND o.id < b.id) AS named
			FROM ?dbaliases AS b WHERE b.id > ?0 ORDER BY b.id LIMIT ?1) AS a ORDER BY a.id`,
		after.ID, limit, i.userAt("a.username", "a.domain"), i.userAt("a.alias_username", "a.alias_domain"),
		i.engine().isNumber("b.alias_username"), i.engine().isNumber("o.alias_username")), scanAliasRow)
}

func scanAliasRow(rows *sql.Rows) (a AliasRow, err error) {
	var au, ad, du, dd string
	err = rows.Scan(&a.ID, &au, &ad, &du, &dd, &a.Leads, &a.OfUser, &a.Duplicate, &a.Pooled, &a.SharedName, &a.Numbers)
	a.Alias = hermes.Alias{Alias: sip.Unchecked(au, ad), Destination: sip.Unchecked(du, dd)}
	return a, err
}

// DomainRow is a row of Kamailio's domain.
type DomainRow struct {
	ID      int64
	Domain  sip.Domain // as it is written there
	Servers bool       // there are default servers of it
}

// Domains returns a page of the rows of domain, by id. Empty ones are passed over.
func (i Inspector) Domains(ctx context.Context, after DomainRow, limit int) ([]DomainRow, error) {
	return list(ctx, i.s, 0, raw(`SELECT d.id, d.domain, EXISTS (SELECT 1 FROM ?servers AS v WHERE v.domain = lower(d.domain ?C))
		FROM ?domain AS d WHERE d.id > ?0 AND d.domain <> '' ORDER BY d.id LIMIT ?1`, after.ID, limit),
		func(rows *sql.Rows) (d DomainRow, err error) {
			var name string
			err = rows.Scan(&d.ID, &name, &d.Servers)
			d.Domain = sip.UncheckedDomain(name)
			return d, err
		})
}
