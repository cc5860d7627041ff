package bunstore

import (
	"cmp"
	"context"
	"database/sql"
	"strconv"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

type numberStatements struct {
	pooledNumber                         statement
	numbers, heldNumbers, coolingNumbers statement
	shuffledNumbers                      statement
	shuffledHeld, shuffledCooling        statement
	countPooled                          statement
	countAssigned, countScopedAssigned   statement
	addFree, removeFree                  statement
	setReserved, removeReserved          statement
	addNumber, removeNumber              statement // for PostgreSQL, as the next ones
	holdNumber, unholdNumber             statement
}

// inRange is a condition on numbers; see numberPart.
const inRange = "n.number >= ?0 AND n.number < ?1 AND " + isLike

// isLike says nothing to PostgreSQL about its selectivity. It takes LIKE with a placeholder for so
// selective that it would make a new plan for every run, and for each plan read the ends of the
// index, where the entries of numbers that were taken are.
const isLike = "CASE WHEN n.number LIKE ?2 ESCAPE '!' THEN true ELSE false END"

func (b *builder) numberStatements() numberStatements {
	free := []schema.QueryAppender{b.inRange("?numbers AS n"), b.inRange("(?) AS n", b.over(4))}
	held := b.inRange("?reserved_numbers AS n").Where("n.holder_kind <> '' AND n.until > ?", place(4))
	cooling := b.inRange("?reserved_numbers AS n").Where("n.holder_kind = '' AND n.until > ?", place(4))
	st := numberStatements{
		pooledNumber: b.statement(Data, bun.SafeQuery("SELECT ?", b.place(1))),

		numbers:        b.statement(Data, b.firstNumbers(free...)),
		heldNumbers:    b.statement(Data, b.firstNumbers(held)),
		coolingNumbers: b.statement(Data, b.firstNumbers(cooling)),

		shuffledNumbers: b.statement(Data, b.shuffledNumbers(free...)),
		shuffledHeld:    b.statement(Data, b.shuffledNumbers(held)),
		shuffledCooling: b.statement(Data, b.shuffledNumbers(cooling)),

		addFree:        b.statement(Data, b.insert((*numberModel)(nil)).On("CONFLICT DO NOTHING")).frees(),
		removeFree:     b.statement(Data, b.NewDelete().Model((*numberModel)(nil)).Where("n.number = ?", text(1))).takes(),
		setReserved:    b.statement(Data, b.insert((*reservedModel)(nil)).On("CONFLICT (number) DO UPDATE")).takes(),
		removeReserved: b.statement(Data, b.NewDelete().Model((*reservedModel)(nil)).Where("r.number = ?", text(1))).takes(),
	}
	b.countStatements(&st)
	if b.engine.writesInWith {
		b.oneNumberStatements(&st)
	}
	return st
}

// inRange selects the numbers of a table, or of a query, that match.
func (b *builder) inRange(table string, args ...any) *bun.SelectQuery {
	return b.NewSelect().TableExpr(table, args...).ColumnExpr("n.number").Where(inRange, text(1), text(2), text(3))
}

// firstNumbers selects the first $5 numbers of queries.
func (b *builder) firstNumbers(queries ...schema.QueryAppender) schema.QueryAppender {
	first := func(q schema.QueryAppender) schema.QueryAppender {
		return bun.SafeQuery("SELECT n.number FROM (?) AS n ORDER BY n.number LIMIT ?", q, place(5))
	}
	if len(queries) == 1 {
		return first(queries[0])
	}
	var all []schema.QueryAppender
	for _, q := range queries {
		all = append(all, first(q))
	}
	return first(unionAll(all...))
}

func (b *builder) shuffledNumbers(queries ...schema.QueryAppender) schema.QueryAppender {
	return bun.SafeQuery(shuffledNumbers, unionAll(queries...), shufflePrime, place(5), place(6), text(7), place(8))
}

// shufflePrime is that of [hermes.Shuffle].
const shufflePrime = 1<<31 - 1

// shuffledNumbers computes [hermes.Shuffle].
const shuffledNumbers = `SELECT r.number FROM (
		SELECT m.number, (m.a * m.a % CAST(?1 AS bigint) * 48271 + m.a) % CAST(?1 AS bigint) AS place FROM (
			SELECT n.number, (CAST(substr(n.number, 2) AS bigint) + ?2) % CAST(?1 AS bigint) AS a FROM (?0) AS n) AS m) AS r
	WHERE (r.place, r.number) > (?3, ?4) ORDER BY r.place, r.number LIMIT ?5`

// after returns the key of the numbers after n: '!' is before all that may follow.
func after(n e164.Number) string {
	if n.IsZero() {
		return ""
	}
	return n.String() + "!"
}

// Numbers implements [hermes.Store].
func (s *Store) Numbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	st := s.inState(q.State, s.sql().numbers, s.sql().heldNumbers, s.sql().coolingNumbers)
	from, all := after(q.After), []e164.Number(nil)
	for _, part := range numberParts(q.Match, q.Scope) {
		if from >= part.end() {
			continue
		}
		some, err := page(ctx, s, st, q.Limit-len(all), scanNumber, append(part.args(from), moment(q.Now))...)
		if err != nil {
			return nil, err
		}
		if all = append(all, some...); len(all) == q.Limit {
			break
		}
	}
	return all, nil
}

// inState returns the statement for numbers in a state.
func (s *Store) inState(state hermes.NumberState, free, held, cooling statement) statement {
	switch state {
	case hermes.NumberHeld:
		return held
	case hermes.NumberCooling:
		return cooling
	}
	return free
}

func scanNumber(rows *sql.Rows) (n e164.Number, err error) { return n, rows.Scan(&n) }

// ShuffledNumbers implements [hermes.Store].
func (s *Store) ShuffledNumbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	compare := func(a, b e164.Number) int {
		return cmp.Or(cmp.Compare(hermes.Shuffle(a, q.Seed), hermes.Shuffle(b, q.Seed)), a.Compare(b))
	}
	st := s.inState(q.State, s.sql().shuffledNumbers, s.sql().shuffledHeld, s.sql().shuffledCooling)
	return merge(numberParts(q.Match, q.Scope), q.After, q.Limit, compare, func(p numberPart, after e164.Number, n int) ([]e164.Number, error) {
		last := int64(-1)
		if !after.IsZero() {
			last = hermes.Shuffle(after, q.Seed)
		}
		return page(ctx, s, st, n, scanNumber, append(p.args(""), moment(q.Now), q.Seed, last, after.String())...)
	})
}

// digits returns a number as an integer.
func digits(n e164.Number) int64 {
	v, _ := strconv.ParseInt(n.String()[1:], 10, 64) // digits only
	return v
}
