package bunstore

import (
	"cmp"
	"context"
	"database/sql"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

type numberStatements struct {
	hasNumber                statement
	numbers, shuffledNumbers statement
	addNumber, removeNumber  statement
}

// inRange is a condition on numbers; see numberPart.
const inRange = "n.number >= ?0 AND n.number < ?1 AND " + isLike

// isLike says nothing to PostgreSQL about its selectivity. It takes LIKE with a placeholder for so
// selective that it would make a new plan for every run, and for each plan read the ends of the
// index, where the entries of numbers that were taken are.
const isLike = "CASE WHEN n.number LIKE ?2 ESCAPE '!' THEN true ELSE false END"

func (b *builder) numberStatements() numberStatements {
	number := (*numberModel)(nil)
	exact := b.NewSelect().Model(number).ColumnExpr("1").Where("n.number = ?", text(1))
	matching := func(column string) *bun.SelectQuery {
		return b.NewSelect().Model(number).ColumnExpr(column).Where(inRange, text(1), text(2), text(3))
	}
	return numberStatements{
		hasNumber: b.statement(Data, b.NewSelect().ColumnExpr("EXISTS (?)", exact)),
		numbers:   b.statement(Data, limit(matching("n.number").OrderExpr("n.number"), 4)),
		shuffledNumbers: b.statement(Data, bun.SafeQuery(shuffledNumbers,
			bun.SafeQuery(inRange, text(1), text(2), text(3)), shufflePrime, place(4), place(5), text(6), place(7))),

		addNumber:    b.statement(Data, b.insert(number).On("CONFLICT DO NOTHING")).frees(),
		removeNumber: b.statement(Data, b.NewDelete().Model(number).Where("n.number = ?", text(1))).takes(),
	}
}

// shufflePrime is that of [hermes.Shuffle].
const shufflePrime = 1<<31 - 1

// shuffledNumbers computes [hermes.Shuffle].
const shuffledNumbers = `SELECT r.number FROM (
		SELECT m.number, (m.a * m.a % CAST(?1 AS bigint) * 48271 + m.a) % CAST(?1 AS bigint) AS place FROM (
			SELECT n.number, (CAST(substr(n.number, 2) AS bigint) + ?2) % CAST(?1 AS bigint) AS a FROM ?numbers AS n WHERE ?0) AS m) AS r
	WHERE (r.place, r.number) > (?3, ?4) ORDER BY r.place, r.number LIMIT ?5`

// after returns the key of the numbers after n: '!' is before all that may follow.
func after(n e164.Number) string {
	if n.IsZero() {
		return ""
	}
	return n.String() + "!"
}

// HasNumber implements [hermes.Store].
func (s *Store) HasNumber(ctx context.Context, n e164.Number) (has bool, err error) {
	return has, s.get(ctx, s.sql().hasNumber, &has, n.String())
}

// Numbers implements [hermes.Store].
func (s *Store) Numbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	from, all := after(q.After), []e164.Number(nil)
	for _, part := range numberParts(q.Match, q.Scope) {
		if from >= part.end() {
			continue
		}
		some, err := page(ctx, s, s.sql().numbers, q.Limit-len(all), scanNumber, part.args(from)...)
		if err != nil {
			return nil, err
		}
		if all = append(all, some...); len(all) == q.Limit {
			break
		}
	}
	return all, nil
}

func scanNumber(rows *sql.Rows) (n e164.Number, err error) { return n, rows.Scan(&n) }

// ShuffledNumbers implements [hermes.Store].
func (s *Store) ShuffledNumbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	compare := func(a, b e164.Number) int {
		return cmp.Or(cmp.Compare(hermes.Shuffle(a, q.Seed), hermes.Shuffle(b, q.Seed)), a.Compare(b))
	}
	return merge(numberParts(q.Match, q.Scope), q.After, q.Limit, compare, func(p numberPart, after e164.Number, n int) ([]e164.Number, error) {
		last := int64(-1)
		if !after.IsZero() {
			last = hermes.Shuffle(after, q.Seed)
		}
		return page(ctx, s, s.sql().shuffledNumbers, n, scanNumber, append(p.args(""), q.Seed, last, after.String())...)
	})
}

// AddNumber implements [hermes.Store].
func (s *Store) AddNumber(ctx context.Context, n e164.Number) error {
	return s.change(ctx, s.sql().addNumber, hermes.Exists, n.String())
}

// RemoveNumber implements [hermes.Store].
func (s *Store) RemoveNumber(ctx context.Context, n e164.Number) error {
	return s.change(ctx, s.sql().removeNumber, hermes.NotFound, n.String())
}

// digits returns a number as an integer.
func digits(n e164.Number) int64 {
	v, _ := strconv.ParseInt(n.String()[1:], 10, 64) // digits only
	return v
}
