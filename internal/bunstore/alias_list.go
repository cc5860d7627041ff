package bunstore

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

type aliasListStatements struct {
	aliases, aliasesAt, aliasesTo, aliasesAtTo statement // of an alias, to a destination
	aliasesToAnyCase                           statement // to a destination with a domain in any case
	aliasesOf                                  statement // of a number

	// The same, as far as they are within a scope.
	scopedAliases, scopedAliasesAt, scopedAliasesTo, scopedAliasesAtTo statement
	scopedAliasesToAnyCase, scopedAliasesOf                            statement
	scopedAliasesIn                                                    statement // of one domain

	// Those that match a search, and a search that is not in ASCII.
	aliasesMatching, scopedAliasesMatching, scopedAliasesInMatching                   statement
	aliasesMatchingFolded, scopedAliasesMatchingFolded, scopedAliasesInMatchingFolded statement
}

// aliasSearch has the statements for a search of all aliases, of those within a scope, and of those
// of one domain that are within a scope. The search has the arguments from $6 on.
type aliasSearch struct{ all, scoped, in statement }

func (b *builder) aliasListStatements() aliasListStatements {
	to := func(at text) schema.QueryAppender { return b.address("a.username", "a.domain", at) }
	toAnyCase, number := b.anyCase("a.username", "a.domain", 6), b.same("a.alias_username", text(6))
	matching, folded := b.aliasSearch(addressMatches, 1), b.aliasSearch(b.engine.folded, len(b.foldedPlaces()))
	return aliasListStatements{
		aliases: b.pages(6, "1, 2, 3, 4", func(most schema.QueryAppender) schema.QueryAppender {
			return b.aliasPage(most)
		}),
		aliasesAt:   b.statement(Data, b.fewAliases(8, b.alias(6))),
		aliasesTo:   b.statement(Data, b.fewAliases(8, to(6))),
		aliasesAtTo: b.statement(Data, b.fewAliases(10, b.alias(6), to(8))),
		aliasesOf:   b.statement(Data, b.fewAliases(7, number)),

		aliasesToAnyCase: b.statement(Data, b.fewAliases(8, toAnyCase)),

		scopedAliases:          b.statement(Data, b.aliasPage(place(9), b.aliasInScope(6))),
		scopedAliasesIn:        b.aliasesIn(),
		scopedAliasesAt:        b.statement(Data, b.fewAliases(11, b.alias(6), b.aliasInScope(8))),
		scopedAliasesTo:        b.statement(Data, b.fewAliases(11, to(6), b.aliasInScope(8))),
		scopedAliasesAtTo:      b.statement(Data, b.fewAliases(13, b.alias(6), to(8), b.aliasInScope(10))),
		scopedAliasesToAnyCase: b.statement(Data, b.fewAliases(11, toAnyCase, b.aliasInScope(8))),
		scopedAliasesOf:        b.statement(Data, b.fewAliases(10, number, b.aliasInScope(7))),

		aliasesMatching: matching.all, scopedAliasesMatching: matching.scoped, scopedAliasesInMatching: matching.in,
		aliasesMatchingFolded: folded.all, scopedAliasesMatchingFolded: folded.scoped, scopedAliasesInMatchingFolded: folded.in,
	}
}

// aliasSearch returns the statements for a condition on an address, which has n arguments.
func (b *builder) aliasSearch(condition string, n int) aliasSearch {
	var args []any
	for i := range n {
		args = append(args, text(6+i))
	}
	of := func(username, domain string) schema.QueryAppender {
		columns := strings.NewReplacer("?TableAlias.username", username, "?TableAlias.domain", domain)
		return bun.SafeQuery(columns.Replace(condition), args...)
	}
	match := bun.SafeQuery("(? OR ?)", of("a.alias_username", "a.alias_domain"), of("a.username", "a.domain"))
	statement := func(rows place, conditions ...schema.QueryAppender) statement {
		st := b.statement(Scan, b.aliasPage(rows, append(conditions, match)...))
		st.planEachTime = true
		return st
	}
	next := 6 + n
	return aliasSearch{
		all:    statement(place(next)),
		scoped: statement(place(next+3), b.aliasInScope(next)),
		in:     statement(place(next+4), b.inDomain("a.alias_domain", next), b.aliasInScope(next+1)),
	}
}

// aliasesIn selects a page of the aliases of the domain $6 that are within a scope.
func (b *builder) aliasesIn() statement {
	st := b.statement(Data, b.aliasPage(place(10), b.inDomain("a.alias_domain", 6), b.aliasInScope(7)))
	st.planEachTime = true
	return st
}

// fewAliases is aliasPage for conditions of which few rows are true. The database sorts these and
// makes equal ones one, also where what they have in common is an address in any case.
func (b *builder) fewAliases(rows place, conditions ...schema.QueryAppender) schema.QueryAppender {
	return b.aliasParts(rows, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Distinct() }, conditions)
}

// aliasPage selects a page of rows after those with the values $1 to $4, of which all conditions
// are true. rows is the length of the page. If $5 is not empty, only rows whose
// alias has an E.164 number as user part count. Kamailio's index has the first two of the columns,
// so that the database sorts only rows of one alias, unless its collation is not byte-wise and the
// index that AliasIndex describes is missing.
func (b *builder) aliasPage(rows schema.QueryAppender, conditions ...schema.QueryAppender) schema.QueryAppender {
	return b.aliasParts(rows, func(q *bun.SelectQuery) *bun.SelectQuery { return q }, conditions)
}

// aliasParts is aliasPage. It calls each for the query of each part.
func (b *builder) aliasParts(
	rows schema.QueryAppender, each func(*bun.SelectQuery) *bun.SelectQuery, conditions []schema.QueryAppender,
) schema.QueryAppender {
	part := func(columns, after, order string) schema.QueryAppender {
		q := b.NewSelect().Model((*dbaliasModel)(nil)).ColumnExpr(columns).
			Where(after, text(1), text(2), text(3), text(4)).
			Where("? = '' OR ?", text(5), bun.SafeQuery(b.engine.isNumber, bun.Safe("a.alias_username"))).OrderExpr(order)
		for _, c := range conditions {
			q.Where("?", c)
		}
		return limitTo(each(q), rows)
	}
	e := b.engine
	if e.blobAliasesAfter == "" {
		return part("a.alias_username ?B AS au, a.alias_domain ?B AS ad, a.username ?B AS du, a.domain ?B AS dd",
			e.aliasesAfter, e.aliasesOrder)
	}
	const texts = "CAST(a.alias_username AS text) AS au, CAST(a.alias_domain AS text) AS ad, " +
		"CAST(a.username AS text) AS du, CAST(a.domain AS text) AS dd"
	return limitTo(b.NewSelect().ColumnExpr("k.au, k.ad, k.du, k.dd").OrderExpr("k.au, k.ad, k.du, k.dd").TableExpr("(?) AS k",
		unionAll(part(texts, e.aliasesAfter, e.aliasesOrder), part(texts, e.blobAliasesAfter, e.blobAliasesOrder))), rows)
}

// Aliases implements [hermes.Store].
func (s *Store) Aliases(ctx context.Context, q hermes.AliasQuery) ([]hermes.Alias, error) {
	if q.Scope.Domains == "" || !q.Alias.IsZero() || !q.Destination.IsZero() || !q.Number.IsZero() {
		st, args := s.aliasStatement(q)
		return s.distinctAliases(ctx, st, q, args)
	}
	st, first, scope := s.sql().scopedAliasesIn, []any(nil), aliasScopeArgs(q)
	if !q.Match.IsZero() {
		var search aliasSearch
		search, first = s.aliasSearch(q.Match)
		st = search.in
	}
	return merge(q.Scope.DomainList(), q.After, q.Limit, compareAliases,
		func(d sip.Domain, after hermes.Alias, n int) ([]hermes.Alias, error) {
			q := q
			q.After, q.Limit = after, n
			return s.distinctAliases(ctx, st, q, slices.Concat(first, []any{d.String()}, scope))
		})
}

// aliasSearch returns the statements for a search, and its arguments.
func (s *Store) aliasSearch(p hermes.Pattern) (aliasSearch, []any) {
	all := s.sql()
	if isASCII(p) {
		return aliasSearch{all.aliasesMatching, all.scopedAliasesMatching, all.scopedAliasesInMatching}, []any{p.Like()}
	}
	return aliasSearch{all.aliasesMatchingFolded, all.scopedAliasesMatchingFolded, all.scopedAliasesInMatchingFolded},
		append([]any{p.Like()}, s.engine.foldedArgs(p)...)
}

// distinctAliases reads a page by a statement of aliasParts, of which args are the arguments from
// $6 on. Equal rows follow each other. Those of the whole list are made one here: with DISTINCT,
// SQLite would sort all that follows for every page.
func (s *Store) distinctAliases(ctx context.Context, st statement, q hermes.AliasQuery, args []any) ([]hermes.Alias, error) {
	var all []hermes.Alias
	for {
		rows, err := s.aliasRows(ctx, st, q, args)
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

// aliasStatement returns the statement for a query, unless that is scopedAliasesIn, and its
// arguments from $6 on.
func (s *Store) aliasStatement(q hermes.AliasQuery) (st statement, args []any) {
	all := s.sql()
	st, scoped := all.aliases, all.scopedAliases
	switch at, to := !q.Alias.IsZero(), !q.Destination.IsZero(); {
	case !q.Match.IsZero():
		var search aliasSearch
		search, args = s.aliasSearch(q.Match)
		st, scoped = search.all, search.scoped
	case !q.Number.IsZero():
		st, scoped, args = all.aliasesOf, all.scopedAliasesOf, []any{q.Number.String()}
	case at && to:
		st, scoped = all.aliasesAtTo, all.scopedAliasesAtTo
	case at:
		st, scoped = all.aliasesAt, all.scopedAliasesAt
	case to && q.AnyCase:
		st, scoped = all.aliasesToAnyCase, all.scopedAliasesToAnyCase
	case to:
		st, scoped = all.aliasesTo, all.scopedAliasesTo
	}
	for _, a := range []sip.Addr{q.Alias, q.Destination} {
		if q.Number.IsZero() && !a.IsZero() {
			args = append(args, a.User(), a.Domain().String())
		}
	}
	if q.Scope.Domains != "" || q.Scope.Numbers != "" {
		return scoped, append(args, aliasScopeArgs(q)...)
	}
	return st, args
}

func (s *Store) aliasRows(ctx context.Context, st statement, q hermes.AliasQuery, args []any) ([]hermes.Alias, error) {
	first := append(s.args(newDBAlias(q.After)), "")
	if q.Numbers {
		first[len(first)-1] = "1"
	}
	return textPage(ctx, s, st, q.Limit, 4, newAlias, append(first, args...)...)
}

func compareAliases(a, b hermes.Alias) int {
	return cmp.Or(a.Alias.Compare(b.Alias), a.Destination.Compare(b.Destination))
}

// newAlias returns the alias in a row of aliases.
func newAlias(row []string) hermes.Alias {
	return hermes.Alias{Alias: sip.Unchecked(row[0], row[1]), Destination: sip.Unchecked(row[2], row[3])}
}
