package bunstore

import (
	"context"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

type aliasListStatements struct {
	aliases, aliasesAt, aliasesTo, aliasesAtTo statement // of an alias, to a destination
	aliasesToAnyCase                           statement // to a destination with a domain in any case
	aliasesOf                                  statement // of a number
}

func (b *builder) aliasListStatements() aliasListStatements {
	to := func(at text) schema.QueryAppender { return b.address("a.username", "a.domain", at) }
	return aliasListStatements{
		aliases:     b.statement(Data, b.aliases(0)),
		aliasesAt:   b.statement(Data, b.aliases(2, b.alias(6))),
		aliasesTo:   b.statement(Data, b.aliases(2, to(6))),
		aliasesAtTo: b.statement(Data, b.aliases(4, b.alias(6), to(8))),
		aliasesOf:   b.statement(Data, b.aliases(1, b.same("a.alias_username", text(6)))),

		aliasesToAnyCase: b.statement(Data, b.aliases(2, b.anyCase("a.username", "a.domain", 6))),
	}
}

// aliases selects a page of rows after those with the values $1 to $4, of which all conditions are
// true. If $5 is not empty, only rows whose alias has an E.164 number as user part count. The
// conditions have n arguments, from $6 on. Kamailio's index has the first two of the columns, so
// that the database sorts only rows of one alias, unless its collation is not byte-wise and the
// index that AliasIndex describes is missing.
func (b *builder) aliases(n int, conditions ...schema.QueryAppender) schema.QueryAppender {
	rows := place(6 + n)
	part := func(columns, after, order string) schema.QueryAppender {
		q := b.NewSelect().Model((*dbaliasModel)(nil)).ColumnExpr(columns).
			Where(after, text(1), text(2), text(3), text(4)).
			Where("? = '' OR ?", text(5), bun.SafeQuery(b.engine.isNumber, bun.Safe("a.alias_username"))).OrderExpr(order)
		for _, c := range conditions {
			q.Where("?", c)
		}
		if len(conditions) > 0 {
			q.Distinct() // the database sorts what has an address in any case
		}
		return limit(q, rows)
	}
	e := b.engine
	if e.blobAliasesAfter == "" {
		return part("a.alias_username ?B AS au, a.alias_domain ?B AS ad, a.username ?B AS du, a.domain ?B AS dd",
			e.aliasesAfter, e.aliasesOrder)
	}
	const texts = "CAST(a.alias_username AS text) AS au, CAST(a.alias_domain AS text) AS ad, " +
		"CAST(a.username AS text) AS du, CAST(a.domain AS text) AS dd"
	return limit(b.NewSelect().ColumnExpr("k.au, k.ad, k.du, k.dd").OrderExpr("k.au, k.ad, k.du, k.dd").TableExpr("(?) AS k",
		unionAll(part(texts, e.aliasesAfter, e.aliasesOrder), part(texts, e.blobAliasesAfter, e.blobAliasesOrder))), rows)
}

// Aliases implements [hermes.Store]. Equal rows follow each other. Those of the whole list are made
// one here: with DISTINCT, SQLite would sort all that follows for every page.
func (s *Store) Aliases(ctx context.Context, q hermes.AliasQuery) ([]hermes.Alias, error) {
	var all []hermes.Alias
	for {
		rows, err := s.aliasRows(ctx, q)
		if err != nil {
			return nil, err
		}
		full := len(rows) == q.Limit
		rows = slices.Compact(rows)
		if all == nil {
			all = rows
		} else {
			all = append(all, rows...)
		}
		if q.Limit -= len(rows); q.Limit == 0 || !full {
			return all, nil
		}
		q.After = rows[len(rows)-1]
	}
}

func (s *Store) aliasRows(ctx context.Context, q hermes.AliasQuery) ([]hermes.Alias, error) {
	st := s.sql().aliases
	args := append(s.args(newDBAlias(q.After)), "")
	if q.Numbers {
		args[len(args)-1] = "1"
	}
	if !q.Number.IsZero() {
		return textPage(ctx, s, s.sql().aliasesOf, q.Limit, 4, newAlias, append(args, q.Number.String())...)
	}
	switch at, to := !q.Alias.IsZero(), !q.Destination.IsZero(); {
	case at && to:
		st = s.sql().aliasesAtTo
	case at:
		st = s.sql().aliasesAt
	case to && q.AnyCase:
		st = s.sql().aliasesToAnyCase
	case to:
		st = s.sql().aliasesTo
	}
	for _, a := range []sip.Addr{q.Alias, q.Destination} {
		if !a.IsZero() {
			args = append(args, a.User(), a.Domain().String())
		}
	}
	return textPage(ctx, s, st, q.Limit, 4, newAlias, args...)
}

// newAlias returns the alias in a row of aliases.
func newAlias(row []string) hermes.Alias {
	return hermes.Alias{Alias: sip.Unchecked(row[0], row[1]), Destination: sip.Unchecked(row[2], row[3])}
}
