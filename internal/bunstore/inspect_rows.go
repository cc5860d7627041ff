package bunstore

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// single ends a subquery after EXISTS that asks another table. Without it PostgreSQL may think it
// cheaper to read all of that table, for every page.
const single = "LIMIT 1 OFFSET 0"

// userAt is the condition that a user, in either table, has the address in two columns.
func (i Inspector) userAt(username, domain string) schema.QueryAppender {
	return bun.SafeQuery(`(EXISTS (SELECT 1 FROM ?subscriber AS k WHERE k.username = ?0 ?theirs AND k.domain = ?1 ?theirs `+single+`)
		OR EXISTS (SELECT 1 FROM ?users AS h WHERE h.username = ?0 ?C AND h.domain = ?1 ?C `+single+`))`,
		bun.Safe(username), bun.Safe(domain))
}

// Account is a row of subscriber.
type Account struct {
	ID          int64
	Address     sip.Addr
	Clear       bool // password is not empty
	NoHash      bool // ha1 or ha1b is empty
	Provisioned bool // Hermes' own table has the address
	Shared      bool // other domains have the user name too, and this is the first such row
	Pooled      bool // the user name is a number in the pool
}

const inspectAccounts = `SELECT s.id, s.username, s.domain, s.clear, s.nohash,
		EXISTS (SELECT 1 FROM ?users AS h WHERE h.username = s.username ?C AND h.domain = s.domain ?C ` + single + `),
		EXISTS (SELECT 1 FROM ?subscriber AS o WHERE o.username = s.username AND o.domain <> s.domain)
			AND NOT EXISTS (SELECT 1 FROM ?subscriber AS o WHERE o.username = s.username AND o.id < s.id),
		EXISTS (SELECT 1 FROM ?numbers AS n WHERE n.number = s.username ?C ` + single + `)
	FROM (SELECT k.id, k.username, k.domain, k.password <> '' AS clear, k.ha1 = '' OR k.ha1b = '' AS nohash
		FROM ?subscriber AS k WHERE k.id > ?0 ORDER BY k.id LIMIT ?1) AS s ORDER BY s.id`

// Accounts returns a page of the rows of subscriber, by id.
func (i Inspector) Accounts(ctx context.Context, after Account, limit int) ([]Account, error) {
	return inspect(ctx, i, inspectAccounts, []any{place(1), place(2)}, func(rows *sql.Rows) (a Account, err error) {
		var username, domain string
		err = rows.Scan(&a.ID, &username, &domain, &a.Clear, &a.NoHash, &a.Provisioned, &a.Shared, &a.Pooled)
		a.Address = sip.Unchecked(username, domain)
		return a, err
	}, after.ID, limit)
}

// Provisioned is a row of Hermes' own table of users.
type Provisioned struct {
	User    hermes.User // Address, Type, Sealed, Suspended; of the account HA1, HA1B and Clear
	Account bool        // subscriber has the address
	Pooled  bool        // the user name is a number in the pool
}

const inspectUsers = `SELECT u.username, u.domain, u.type, u.sealed, u.suspended, s.username IS NOT NULL,
		coalesce(s.ha1, ''), coalesce(s.ha1b, ''), coalesce(s.password, ''),
		EXISTS (SELECT 1 FROM ?numbers AS n WHERE n.number = u.username ` + single + `)
	FROM (SELECT h.username, h.domain, h.type, h.sealed, h.suspended FROM ?users AS h
		WHERE (h.username, h.domain) > (?0, ?1) ORDER BY h.username, h.domain LIMIT ?2) AS u
	LEFT JOIN ?subscriber AS s ON s.username = u.username ?theirs AND s.domain = u.domain ?theirs
	ORDER BY u.username, u.domain`

// Users returns a page of the rows of Hermes' own table, by address.
func (i Inspector) Users(ctx context.Context, after Provisioned, limit int) ([]Provisioned, error) {
	username, domain := key(after.User.Address)
	return inspect(ctx, i, inspectUsers, []any{text(1), text(2), place(3)}, func(rows *sql.Rows) (p Provisioned, err error) {
		var username, domain string
		var sealed, suspended []byte
		u := &p.User
		err = rows.Scan(&username, &domain, &u.Type, &sealed, &suspended, &p.Account, &u.HA1, &u.HA1B, &u.Clear, &p.Pooled)
		u.Address, u.Sealed, u.Suspended = sip.Unchecked(username, domain), string(sealed), string(suspended)
		return p, err
	}, username, domain, limit)
}

// Association is a row of Hermes' own table of phones.
type Association struct {
	Phone hermes.Phone
	User  bool // the user exists
}

const inspectPhones = `SELECT p.mac, p.username, p.domain, ?0
	FROM (SELECT q.mac, q.username, q.domain FROM ?phones AS q
		WHERE (q.mac, q.username, q.domain) > (?1, ?2, ?3) ORDER BY q.mac, q.username, q.domain LIMIT ?4) AS p
	ORDER BY p.mac, p.username, p.domain`

// Phones returns a page of the associations of phones with users, by MAC and address.
func (i Inspector) Phones(ctx context.Context, after Association, limit int) ([]Association, error) {
	username, domain := key(after.Phone.User)
	args := []any{i.userAt("p.username", "p.domain"), text(1), text(2), text(3), place(4)}
	return inspect(ctx, i, inspectPhones, args, func(rows *sql.Rows) (a Association, err error) {
		var username, domain string
		err = rows.Scan(&a.Phone.MAC, &username, &domain, &a.User)
		a.Phone.User = sip.Unchecked(username, domain)
		return a, err
	}, after.Phone.MAC.String(), username, domain, limit)
}

// Grant is a row of grp.
type Grant struct {
	ID      int64
	Address sip.Addr
	First   bool // of the address
	User    bool // the user exists
}

const inspectGrants = `SELECT g.id, g.username, g.domain,
		NOT EXISTS (SELECT 1 FROM ?grp AS o WHERE o.username = g.username AND o.domain = g.domain AND o.id < g.id), ?2
	FROM (SELECT r.id, r.username, r.domain FROM ?grp AS r WHERE r.id > ?0 ORDER BY r.id LIMIT ?1) AS g ORDER BY g.id`

// Grants returns a page of the rows of grp, by id.
func (i Inspector) Grants(ctx context.Context, after Grant, limit int) ([]Grant, error) {
	args := []any{place(1), place(2), i.userAt("g.username", "g.domain")}
	return inspect(ctx, i, inspectGrants, args, func(rows *sql.Rows) (g Grant, err error) {
		var username, domain string
		err = rows.Scan(&g.ID, &username, &domain, &g.First, &g.User)
		g.Address = sip.Unchecked(username, domain)
		return g, err
	}, after.ID, limit)
}

// AliasRow is a row of dbaliases. What several rows have in common is reported for the first of
// them.
type AliasRow struct {
	ID    int64
	Alias hermes.Alias

	Leads      bool // the destination is a user
	OfUser     bool // the first row of this alias, and a user has the address
	Duplicate  bool // the first row of this alias, which has more rows
	Pooled     bool // the first row of this user name, a number that is in the pool
	SharedName bool // the first row of this user name, which is an alias in another domain too
	Numbers    bool // the first E.164 alias of the destination, which has another one
}

const sameAlias = "o.alias_username = a.alias_username AND o.alias_domain = a.alias_domain"

const inspectAliases = `SELECT a.id, a.alias_username, a.alias_domain, a.username, a.domain, ?2,
		?3 AND NOT EXISTS (SELECT 1 FROM ?dbaliases AS o WHERE ` + sameAlias + ` AND o.id < a.id),
		EXISTS (SELECT 1 FROM ?dbaliases AS o WHERE ` + sameAlias + ` AND o.id > a.id)
			AND NOT EXISTS (SELECT 1 FROM ?dbaliases AS o WHERE ` + sameAlias + ` AND o.id < a.id),
		EXISTS (SELECT 1 FROM ?numbers AS n WHERE n.number = a.alias_username ?C ` + single + `) AND a.named,
		EXISTS (SELECT 1 FROM ?dbaliases AS o WHERE o.alias_username = a.alias_username AND o.alias_domain <> a.alias_domain)
			AND a.named,
		a.isnumber AND EXISTS (SELECT 1 FROM ?dbaliases AS o WHERE o.username = a.username AND o.domain = a.domain
				AND (o.alias_username <> a.alias_username OR o.alias_domain <> a.alias_domain) AND ?5)
			AND NOT EXISTS (SELECT 1 FROM ?dbaliases AS o
				WHERE o.username = a.username AND o.domain = a.domain AND o.id < a.id AND ?5)
	FROM (SELECT b.id, b.alias_username, b.alias_domain, b.username, b.domain, ?4 AS isnumber,
			NOT EXISTS (SELECT 1 FROM ?dbaliases AS o WHERE o.alias_username = b.alias_username AND o.id < b.id) AS named
		FROM ?dbaliases AS b WHERE b.id > ?0 ORDER BY b.id LIMIT ?1) AS a ORDER BY a.id`

// Aliases returns a page of the rows of dbaliases, by id.
func (i Inspector) Aliases(ctx context.Context, after AliasRow, limit int) ([]AliasRow, error) {
	isNumber := func(column string) schema.QueryAppender { return bun.SafeQuery(i.s.engine.isNumber, bun.Safe(column)) }
	args := []any{
		place(1), place(2), i.userAt("a.username", "a.domain"), i.userAt("a.alias_username", "a.alias_domain"),
		isNumber("b.alias_username"), isNumber("o.alias_username"),
	}
	return inspect(ctx, i, inspectAliases, args, func(rows *sql.Rows) (a AliasRow, err error) {
		var m dbaliasModel
		err = rows.Scan(&a.ID, &m.AliasUsername, &m.AliasDomain, &m.Username, &m.Domain,
			&a.Leads, &a.OfUser, &a.Duplicate, &a.Pooled, &a.SharedName, &a.Numbers)
		a.Alias = m.alias()
		return a, err
	}, after.ID, limit)
}

// DomainRow is a row of Kamailio's domain.
type DomainRow struct {
	ID      int64
	Domain  sip.Domain // as it is written there
	Servers bool       // it has default servers
}

const inspectDomains = `SELECT d.id, d.domain, EXISTS (SELECT 1 FROM ?servers AS v WHERE v.domain = lower(d.domain ?C))
	FROM ?domain AS d WHERE d.id > ?0 AND d.domain <> '' ORDER BY d.id LIMIT ?1`

// Domains returns a page of the rows of domain, by id. Empty ones are passed over.
func (i Inspector) Domains(ctx context.Context, after DomainRow, limit int) ([]DomainRow, error) {
	return inspect(ctx, i, inspectDomains, []any{place(1), place(2)}, func(rows *sql.Rows) (d DomainRow, err error) {
		var name string
		err = rows.Scan(&d.ID, &name, &d.Servers)
		d.Domain = sip.UncheckedDomain(name)
		return d, err
	}, after.ID, limit)
}

// Attribute is a row of domain_attrs.
type Attribute struct {
	ID        int64
	DID, Name string
}

const inspectAttributes = `SELECT a.id, a.did, a.name FROM ?domain_attrs AS a
	WHERE a.id > ?0 AND (a.type NOT IN (0, 2) OR a.type = 0 AND NOT ?2) ORDER BY a.id LIMIT ?1`

// BadAttributes returns a page of the rows of domain_attrs at which Kamailio's domain.reload
// stops: of a type other than 0 and 2, or of type 0 and not an integer.
func (i Inspector) BadAttributes(ctx context.Context, after Attribute, limit int) ([]Attribute, error) {
	args := []any{place(1), place(2), bun.SafeQuery(i.s.engine.isInteger, bun.Safe("a.value"))}
	return inspect(ctx, i, inspectAttributes, args, func(rows *sql.Rows) (a Attribute, err error) {
		return a, rows.Scan(&a.ID, &a.DID, &a.Name)
	}, after.ID, limit)
}
