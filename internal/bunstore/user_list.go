package bunstore

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

type userListStatements struct {
	users, usersMatching statement
}

func (b *builder) userListStatements() userListStatements {
	st := userListStatements{
		users:         b.statement(Data, b.users(false)),
		usersMatching: b.statement(Scan, b.users(true)),
	}
	st.usersMatching.planEachTime = true
	return st
}

// users selects a page of both tables after $1@$2. Each table gives a page of its own, by its own
// index, so that the cost is that of a page wherever in the list it is. Searches take the pattern
// as $3: a user of whom only the display name matches comes from Hermes' own table.
func (b *builder) users(search bool) schema.QueryAppender {
	accounts := b.NewSelect().Model((*subscriberModel)(nil)).
		ColumnExpr("s.username ?C AS username, s.domain ?C AS domain").
		Where("(s.username ?B, s.domain ?B) > (?, ?)", text(1), text(2)).
		OrderExpr("s.username ?B, s.domain ?B")
	own := b.NewSelect().Model((*userModel)(nil)).Column("username", "domain").
		Where("(h.username, h.domain) > (?, ?)", text(1), text(2)).
		OrderExpr("h.username, h.domain")
	rows := place(3)
	if search {
		const address = "lower((?TableAlias.username || '@' || ?TableAlias.domain) ?C)"
		accounts.Where(address+" LIKE ? ESCAPE '!'", text(3))
		own.Where(address+" LIKE ?0 ESCAPE '!' OR h.folded LIKE ?0 ESCAPE '!'", text(3))
		rows = 4
	}
	return limit(b.NewSelect().ColumnExpr("k.username, k.domain, coalesce(h.displayname, '')").
		TableExpr("(SELECT a.username, a.domain FROM (?) AS a UNION SELECT u.username, u.domain FROM (?) AS u) AS k",
			limit(accounts, rows), limit(own, rows)).
		Join("LEFT JOIN ?users AS h ON h.username = k.username AND h.domain = k.domain").
		OrderExpr("k.username, k.domain"), rows)
}

// Users implements [hermes.Store].
func (s *Store) Users(ctx context.Context, q hermes.UserQuery) ([]hermes.UserEntry, error) {
	username, domain := key(q.After)
	if q.Match.IsZero() {
		return page(ctx, s, s.sql().users, q.Limit, scanEntry, username, domain)
	}
	return page(ctx, s, s.sql().usersMatching, q.Limit, scanEntry, username, domain, q.Match.Like())
}

func scanEntry(rows *sql.Rows) (e hermes.UserEntry, err error) {
	var username, domain string
	err = rows.Scan(&username, &domain, &e.DisplayName)
	e.User = sip.Unchecked(username, domain)
	return e, err
}
