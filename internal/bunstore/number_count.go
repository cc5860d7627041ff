package bunstore

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/hermes"
)

// countStatements sets the statements that count numbers. One of them counts those of the pool in
// the range of $1 to $3 at the time $4, the others those of aliases.
func (b *builder) countStatements(st *numberStatements) {
	free := b.NewSelect().TableExpr("?numbers AS n").ColumnExpr("count(*)").Where(inRange, text(1), text(2), text(3))
	st.countPooled = b.statement(Scan, b.NewSelect().TableExpr("?reserved_numbers AS n").
		ColumnExpr("(?) + count(*) FILTER (WHERE n.until <= ?) AS free", free, place(4)).
		ColumnExpr("count(*) FILTER (WHERE n.until > ? AND n.holder_kind <> '') AS held", place(4)).
		ColumnExpr("count(*) FILTER (WHERE n.until > ? AND n.holder_kind = '') AS cooling", place(4)).
		Where(inRange, text(1), text(2), text(3)))
	assigned := func() *bun.SelectQuery {
		name := bun.Safe("a.alias_username")
		return b.NewSelect().Model((*dbaliasModel)(nil)).ColumnExpr("count(DISTINCT ? ?T)", name).
			Where(b.engine.isNumber, name).Where("? ?T LIKE ? ESCAPE '!'", name, text(1))
	}
	st.countAssigned = b.statement(Scan, assigned())
	st.countScopedAssigned = b.statement(Scan, assigned().Where("?", b.aliasInScope(2)))
}

// CountNumbers implements [hermes.Store].
func (s *Store) CountNumbers(ctx context.Context, q hermes.CountQuery) (counts hermes.NumberCounts, err error) {
	for _, part := range numberParts(q.Match, q.Scope) {
		var pooled struct {
			Free    int64 `bun:"free"`
			Held    int64 `bun:"held"`
			Cooling int64 `bun:"cooling"`
		}
		if err := s.get(ctx, s.sql().countPooled, &pooled, append(part.args(""), moment(q.Now))...); err != nil {
			return hermes.NumberCounts{}, err
		}
		counts.Free += pooled.Free
		counts.Held += pooled.Held
		counts.Cooling += pooled.Cooling
	}
	st, args := s.sql().countAssigned, []any{like(q.Match)}
	if !q.Scope.IsZero() {
		st = s.sql().countScopedAssigned
		args = append(args, aliasScopeArgs(hermes.AliasQuery{Scope: q.Scope, Served: q.Served})...)
	}
	if err := s.get(ctx, st, &counts.Assigned, args...); err != nil {
		return hermes.NumberCounts{}, err
	}
	return counts, nil
}
