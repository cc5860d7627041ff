package bunstore

import (
	"context"
	"database/sql"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

const (
	foldedSubscriber = "lower((s.username || '@' || s.domain) ?C)"
	foldedUser       = "lower((u.username || '@' || u.domain) ?C)"
)

// Users implements hermes.Store. Each table gives a page of its own, by its own index, so that the cost is a page's
// wherever in the list it is. A user whom only the display name fits comes from the second.
func (s *Store) Users(ctx context.Context, q hermes.UserQuery) ([]hermes.UserEntry, error) {
	username, domain := key(q.After)
	return list(ctx, s, q.Limit, raw(`SELECT k.username, k.domain, coalesce(h.displayname, '') FROM (
			SELECT a.username, a.domain FROM (
				SELECT s.username ?C AS username, s.domain ?C AS domain FROM ?subscriber AS s
				WHERE (s.username ?B, s.domain ?B) > (?0, ?1) AND ?2
				ORDER BY s.username ?B, s.domain ?B LIMIT ?4) AS a
			UNION
			SELECT b.username, b.domain FROM (
				SELECT u.username, u.domain FROM ?users AS u
				WHERE (u.username, u.domain) > (?0, ?1) AND (?3 OR ?5)
				ORDER BY u.username, u.domain LIMIT ?4) AS b
		) AS k LEFT JOIN ?users AS h ON h.username = k.username AND h.domain = k.domain
		ORDER BY k.username, k.domain LIMIT ?4`,
		username, domain, like(foldedSubscriber, q.Match), like(foldedUser, q.Match), q.Limit, like("u.folded", q.Match)),
		func(rows *sql.Rows) (e hermes.UserEntry, err error) {
			var username, domain string
			err = rows.Scan(&username, &domain, &e.DisplayName)
			e.User = sip.Unchecked(username, domain)
			return e, err
		})
}
