package bunstore

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// one ends a subquery after EXISTS that asks another table. Without it PostgreSQL may think it cheaper to read all of that table,
// for every page.
const one = "LIMIT 1 OFFSET 0"

// userAt is a condition: a user, in either table, has the address in two columns.
func (i Inspector) userAt(username, domain string) schema.QueryAppender {
	return raw(`(?0 OR EXISTS (SELECT 1 FROM ?users AS h WHERE h.username = ?1 ?C AND h.domain = ?2 ?C `+one+`))`,
		i.accountAt(username, domain), bun.Safe(username), bun.Safe(domain))
}

// accountAt is a condition: subscriber has the address in two columns.
func (i Inspector) accountAt(username, domain string) schema.QueryAppender {
	return raw(`EXISTS (SELECT 1 FROM ?subscriber AS k WHERE k.username = ?0 ?2 AND k.domain = ?1 ?2 `+one+`)`,
		bun.Safe(username), bun.Safe(domain), i.engine().theirs())
}

// Account is a row of subscriber.
type Account struct {
	ID          int64
	Address     sip.Addr
	Clear       bool // password is not empty
	NoHash      bool // ha1 or ha1b is empty
	Provisioned bool // Hermes' own table has the address
	Shared      bool // other domains have the user name too, and this is the first such row
}

// Accounts returns a page of the rows of subscriber, by id.
func (i Inspector) Accounts(ctx context.Context, after Account, limit int) ([]Account, error) {
	return list(ctx, i.s, 0, raw(`SELECT s.id, s.username, s.domain, s.clear, s.nohash,
			EXISTS (SELECT 1 FROM ?users AS h WHERE h.username = s.username ?C AND h.domain = s.domain ?C `+one+`),
			EXISTS (SELECT 1 FROM ?subscriber AS o WHERE o.username = s.username AND o.domain <> s.domain)
				AND NOT EXISTS (SELECT 1 FROM ?subscriber AS o WHERE o.username = s.username AND o.id < s.id)
		FROM (SELECT k.id, k.username, k.domain, k.password <> '' AS clear, k.ha1 = '' OR k.ha1b = '' AS nohash
			FROM ?subscriber AS k WHERE k.id > ?0 ORDER BY k.id LIMIT ?1) AS s ORDER BY s.id`, after.ID, limit),
		func(rows *sql.Rows) (a Account, err error) {
			var username, domain string
			err = rows.Scan(&a.ID, &username, &domain, &a.Clear, &a.NoHash, &a.Provisioned, &a.Shared)
			a.Address = sip.Unchecked(username, domain)
			return a, err
		})
}

// Provisioned is a row of Hermes' own table of users.
type Provisioned struct {
	User    hermes.User // Address, Type, Sealed; of the account HA1, HA1B and Clear
	Account bool        // subscriber has the address
}

// Users returns a page of the rows of Hermes' own table, by address.
func (i Inspector) Users(ctx context.Context, after Provisioned, limit int) ([]Provisioned, error) {
	username, domain := key(after.User.Address)
	return list(ctx, i.s, 0, raw(`SELECT u.username, u.domain, u.type, u.sealed, s.username IS NOT NULL,
			coalesce(s.ha1, ''), coalesce(s.ha1b, ''), coalesce(s.password, '')
		FROM (SELECT h.username, h.domain, h.type, h.sealed FROM ?users AS h
			WHERE (h.username, h.domain) > (?0, ?1) ORDER BY h.username, h.domain LIMIT ?2) AS u
		LEFT JOIN ?subscriber AS s ON s.username = u.username ?3 AND s.domain = u.domain ?3
		ORDER BY u.username, u.domain`, username, domain, limit, i.engine().theirs()),
		func(rows *sql.Rows) (p Provisioned, err error) {
			var username, domain string
			var sealed []byte
			u := &p.User
			err = rows.Scan(&username, &domain, &u.Type, &sealed, &p.Account, &u.HA1, &u.HA1B, &u.Clear)
			u.Address, u.Sealed = sip.Unchecked(username, domain), string(sealed)
			return p, err
		})
}

// Association is a row of Hermes' own table of phones.
type Association struct {
	Phone hermes.Phone
	User  bool // there is such a user
}

// Phones returns a page of the associations of phones with users, by MAC and address.
func (i Inspector) Phones(ctx context.Context, after Association, limit int) ([]Association, error) {
	username, domain := key(after.Phone.User)
	return list(ctx, i.s, 0, raw(`SELECT p.mac, p.username, p.domain, ?0
		FROM (SELECT q.mac, q.username, q.domain FROM ?phones AS q
			WHERE (q.mac, q.username, q.domain) > (?1, ?2, ?3) ORDER BY q.mac, q.username, q.domain LIMIT ?4) AS p
		ORDER BY p.mac, p.username, p.domain`, i.userAt("p.username", "p.domain"), after.Phone.MAC.String(), username, domain, limit),
		func(rows *sql.Rows) (a Association, err error) {
			var username, domain string
			err = rows.Scan(&a.Phone.MAC, &username, &domain, &a.User)
			a.Phone.User = sip.Unchecked(username, domain)
			return a, err
		})
}

// Grant is a row of grp.
type Grant struct {
	ID      int64
	Address sip.Addr
	First   bool // of the address
	User    bool // there is such a user
}

// Grants returns a page of the rows of grp, by id.
func (i Inspector) Grants(ctx context.Context, after Grant, limit int) ([]Grant, error) {
	return list(ctx, i.s, 0, raw(`SELECT g.id, g.username, g.domain,
			NOT EXISTS (SELECT 1 FROM ?grp AS o WHERE o.username = g.username AND o.domain = g.domain AND o.id < g.id), ?2
		FROM (SELECT r.id, r.username, r.domain FROM ?grp AS r WHERE r.id > ?0 ORDER BY r.id LIMIT ?1) AS g ORDER BY g.id`,
		after.ID, limit, i.userAt("g.username", "g.domain")),
		func(rows *sql.Rows) (g Grant, err error) {
			var username, domain string
			err = rows.Scan(&g.ID, &username, &domain, &g.First, &g.User)
			g.Address = sip.Unchecked(username, domain)
			return g, err
		})
}
