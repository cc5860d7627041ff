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

type aliasStatements struct {
	aliases, aliasesAt, aliasesTo, aliasesAtTo statement // of an alias, to a destination
	numberAliased                              statement
	addAlias, removeAlias                      statement
}

// aliasAt selects the rows whose alias is $1@$2.
func (b *builder) aliasAt() *bun.SelectQuery {
	return b.NewSelect().Model((*dbaliasModel)(nil)).ColumnExpr("1").
		Where("a.alias_username = ? AND a.alias_domain = ?", text(1), text(2))
}

func (b *builder) aliasStatements() aliasStatements {
	alias := (*dbaliasModel)(nil)
	const at, to = "a.alias_username = ? AND a.alias_domain = ?", "a.username = ? AND a.domain = ?"
	row := b.NewSelect().Where("NOT EXISTS (?)", b.aliasAt())
	add := b.NewInsert().Model(alias).TableExpr("(?) AS v", row)
	for i, f := range columns(b.DB, alias) {
		row.ColumnExpr("? AS ?", text(i+1), bun.Ident(f.Name))
		add.Column(f.Name)
	}
	return aliasStatements{
		aliases:     b.read(Data, b.aliases()),
		aliasesAt:   b.read(Data, b.aliases(at)),
		aliasesTo:   b.read(Data, b.aliases(to)),
		aliasesAtTo: b.read(Data, b.aliases(at, to)),
		numberAliased: b.read(Data, b.NewSelect().ColumnExpr("EXISTS (?)",
			b.NewSelect().Model(alias).ColumnExpr("1").Where("a.alias_username = ?", text(1)))),

		addAlias:    b.write(Data, add),
		removeAlias: b.write(Data, b.NewDelete().Model(alias).Where(at, text(1), text(2))),
	}
}

// aliases selects a page of rows after those with the values $1 to $4, of which all conditions
// are true. Each condition is about an address.
func (b *builder) aliases(conditions ...string) schema.QueryAppender {
	q := b.NewSelect().Model((*dbaliasModel)(nil)).
		ColumnExpr("a.alias_username ?B AS au, a.alias_domain ?B AS ad, a.username ?B AS du, a.domain ?B AS dd").
		Where("(a.alias_username ?B, a.alias_domain ?B, a.username ?B, a.domain ?B) > (?, ?, ?, ?)",
			text(1), text(2), text(3), text(4)).
		OrderExpr("au, ad, du, dd")
	next := 5
	for _, c := range conditions {
		q.Where(c, text(next), text(next+1))
		next += 2
	}
	return limit(q, place(next))
}

// Aliases implements [hermes.Store]. Equal rows follow each other, and are made one here: with
// DISTINCT, SQLite would sort all that follows for every page.
func (s *Store) Aliases(ctx context.Context, q hermes.AliasQuery) ([]hermes.Alias, error) {
	var all []hermes.Alias
	for {
		rows, err := s.aliasRows(ctx, q)
		if err != nil {
			return nil, err
		}
		full := len(rows) == q.Limit
		rows = slices.Compact(rows)
		all = append(all, rows...)
		if q.Limit -= len(rows); q.Limit == 0 || !full {
			return all, nil
		}
		q.After = rows[len(rows)-1]
	}
}

func (s *Store) aliasRows(ctx context.Context, q hermes.AliasQuery) ([]hermes.Alias, error) {
	st := s.sql().aliases
	args := s.args(newDBAlias(q.After))
	switch at, to := !q.Alias.IsZero(), !q.Destination.IsZero(); {
	case at && to:
		st = s.sql().aliasesAtTo
	case at:
		st = s.sql().aliasesAt
	case to:
		st = s.sql().aliasesTo
	}
	for _, a := range []sip.Addr{q.Alias, q.Destination} {
		if !a.IsZero() {
			args = append(args, a.User(), a.Domain().String())
		}
	}
	return page(ctx, s, st, q.Limit, scanAlias, args...)
}

func scanAlias(rows *sql.Rows) (hermes.Alias, error) {
	var m dbaliasModel
	err := rows.Scan(&m.AliasUsername, &m.AliasDomain, &m.Username, &m.Domain)
	return m.alias(), err
}

// AddAlias implements [hermes.Store]. The table has no unique key: that an address is one alias
// only is due to the serializable transaction.
func (s *Store) AddAlias(ctx context.Context, a hermes.Alias) error {
	return s.change(ctx, s.sql().addAlias, hermes.Exists, s.args(newDBAlias(a))...)
}

// RemoveAlias implements [hermes.Store].
func (s *Store) RemoveAlias(ctx context.Context, a sip.Addr) error {
	return s.change(ctx, s.sql().removeAlias, hermes.NotFound, a.User(), a.Domain().String())
}

// NumberAliased implements [hermes.Store].
func (s *Store) NumberAliased(ctx context.Context, n e164.Number) (used bool, err error) {
	return used, s.get(ctx, s.sql().numberAliased, &used, n.String())
}
