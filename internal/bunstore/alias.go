package bunstore

import (
	"context"
	"database/sql"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// Aliases implements hermes.Store. Equal rows are next to each other, and are made one here: with DISTINCT SQLite would
// sort all that follows for every page.
func (s *Store) Aliases(ctx context.Context, q hermes.AliasQuery) ([]hermes.Alias, error) {
	var all []hermes.Alias
	for {
		page, err := s.aliasRows(ctx, q)
		if err != nil {
			return nil, err
		}
		full := len(page) == q.Limit
		page = slices.Compact(page)
		all = append(all, page...)
		if q.Limit -= len(page); q.Limit == 0 || !full {
			return all, nil
		}
		q.After = page[len(page)-1]
	}
}

func (s *Store) aliasRows(ctx context.Context, q hermes.AliasQuery) ([]hermes.Alias, error) {
	au, ad := key(q.After.Alias)
	du, dd := key(q.After.Destination)
	return list(ctx, s, q.Limit, raw(`SELECT a.alias_username ?B AS au, a.alias_domain ?B AS ad, a.username ?B AS du, a.domain ?B AS dd
		FROM ?dbaliases AS a
		WHERE (a.alias_username ?B, a.alias_domain ?B, a.username ?B, a.domain ?B) > (?0, ?1, ?2, ?3) AND ?4 AND ?5
		ORDER BY au, ad, du, dd LIMIT ?6`,
		au, ad, du, dd, is("a.alias_username = ? AND a.alias_domain = ?", q.Alias), is("a.username = ? AND a.domain = ?", q.Destination), q.Limit),
		scanAlias)
}

// is wants columns to be an address; the zero address is any.
func is(columns string, a sip.Addr) schema.QueryAppender {
	if a.IsZero() {
		return bun.Safe("1 = 1")
	}
	username, domain := key(a)
	return raw(columns, username, domain)
}

func scanAlias(rows *sql.Rows) (hermes.Alias, error) {
	var au, ad, du, dd string
	err := rows.Scan(&au, &ad, &du, &dd)
	return hermes.Alias{Alias: sip.Unchecked(au, ad), Destination: sip.Unchecked(du, dd)}, err
}

// AddAlias implements hermes.Store. The table has no unique key: that there is one alias of the
// address is the serializable transaction's doing.
func (s *Store) AddAlias(ctx context.Context, a hermes.Alias) error {
	au, ad := key(a.Alias)
	du, dd := key(a.Destination)
	return s.mutate(ctx, hermes.Exists, raw(`INSERT INTO ?dbaliases (alias_username, alias_domain, username, domain)
		SELECT ?0, ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM ?dbaliases AS a WHERE a.alias_username = ?0 AND a.alias_domain = ?1)`,
		au, ad, du, dd))
}

// RemoveAlias implements hermes.Store.
func (s *Store) RemoveAlias(ctx context.Context, a sip.Addr) error {
	username, domain := key(a)
	return s.mutate(ctx, hermes.NotFound, raw(`DELETE FROM ?dbaliases WHERE alias_username = ? AND alias_domain = ?`, username, domain))
}

// NumberAliased implements hermes.Store.
func (s *Store) NumberAliased(ctx context.Context, n e164.Number) (used bool, err error) {
	err = s.one(ctx, raw(`SELECT EXISTS (SELECT 1 FROM ?dbaliases AS a WHERE a.alias_username = ?)`, n.String()), &used)
	return used, err
}
