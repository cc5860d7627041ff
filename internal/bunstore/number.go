package bunstore

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

type numberStatements struct {
	hasNumber, hasMatching    statement
	numbers, shuffledNumbers  statement
	numberEnds                statement // the first and the last that match
	addNumber, removeNumber   statement
	takeUnlocked, takeWaiting statement

	addNumbers, beforeAddNumbers, afterAddNumbers, analyzeNumbers statement
}

// inRange is a condition on numbers; see numberRange.
const inRange = "n.number >= ?0 AND n.number < ?1 AND n.number LIKE ?2 ESCAPE '!'"

func (b *builder) numberStatements() numberStatements {
	number := (*numberModel)(nil)
	exact := b.NewSelect().Model(number).ColumnExpr("1").Where("n.number = ?", text(1))
	matching := func(column string) *bun.SelectQuery {
		return b.NewSelect().Model(number).ColumnExpr(column).Where(inRange, text(1), text(2), text(3))
	}
	first := func() *bun.SelectQuery { return matching("n.number").OrderExpr("n.number") }
	unlocked, waiting := first().Limit(1), first().Limit(1)
	if b.engine.locksRows {
		unlocked.For("UPDATE SKIP LOCKED")
		waiting.For("UPDATE")
	}
	take := func(which *bun.SelectQuery) schema.QueryAppender {
		return b.NewDelete().Model(number).ModelTableExpr("?numbers AS taken").
			Where("taken.number = (?)", which).Returning("number")
	}
	st := numberStatements{
		hasNumber:   b.statement(Data, b.NewSelect().ColumnExpr("EXISTS (?)", exact)),
		hasMatching: b.statement(Data, b.NewSelect().ColumnExpr("EXISTS (?)", matching("1"))),
		numbers:     b.statement(Data, limit(first(), 4)),
		shuffledNumbers: b.statement(Data, bun.SafeQuery(shuffledNumbers,
			bun.SafeQuery(inRange, text(1), text(2), text(3)), shufflePrime, place(4), place(5), text(6), place(7))),
		numberEnds: b.statement(Data, b.NewSelect().ColumnExpr("(?) AS low, (?) AS high",
			matching("min(n.number)"), matching("max(n.number)"))),

		addNumber:    b.statement(Data, b.insert(number).On("CONFLICT DO NOTHING")),
		removeNumber: b.statement(Data, b.NewDelete().Model(number).Where("n.number = ?", text(1))),
		takeUnlocked: b.statement(Data, take(unlocked)),
		takeWaiting:  b.statement(Data, take(waiting)),

		addNumbers:       b.statement(Bulk, bun.SafeQuery(b.engine.addNumbers)),
		beforeAddNumbers: b.statement(Bulk, bun.SafeQuery(b.engine.beforeAddNumbers)),
		afterAddNumbers:  b.statement(Bulk, bun.SafeQuery(b.engine.afterAddNumbers)),
		analyzeNumbers:   b.statement(Bulk, bun.SafeQuery(b.engine.analyzeNumbers)),
	}
	st.addNumbers.planEachTime = true
	return st
}

// shufflePrime is that of [hermes.Shuffle].
const shufflePrime = 1<<31 - 1

// shuffledNumbers computes [hermes.Shuffle].
const shuffledNumbers = `SELECT r.number FROM (
		SELECT m.number, (m.a * m.a % ?1 * 48271 + m.a) % ?1 AS place FROM (
			SELECT n.number, (CAST(substr(n.number, 2) AS bigint) + ?2) % ?1 AS a FROM ?numbers AS n WHERE ?0) AS m) AS r
	WHERE (r.place, r.number) > (?3, ?4) ORDER BY r.place, r.number LIMIT ?5`

// numberRange returns the arguments of inRange: the numbers from the key from on that match p.
// The range of the pattern's beginning is an argument of its own because SQLite's index does not
// serve LIKE.
func numberRange(p hermes.Pattern, from string) (args []any) {
	glob := p.String()
	begin := glob
	if i := strings.IndexAny(glob, "*?"); i >= 0 {
		begin = glob[:i]
	}
	// Of the characters in a number, ':' is after all that may follow.
	return []any{max(begin, from), begin + ":", like(p)}
}

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
	return page(ctx, s, s.sql().numbers, q.Limit, scanNumber, numberRange(q.Match, after(q.After))...)
}

func scanNumber(rows *sql.Rows) (n e164.Number, err error) { return n, rows.Scan(&n) }

// ShuffledNumbers implements [hermes.Store].
func (s *Store) ShuffledNumbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	last := int64(-1)
	if !q.After.IsZero() {
		last = hermes.Shuffle(q.After, q.Seed)
	}
	args := append(numberRange(q.Match, ""), q.Seed, last, q.After.String())
	return page(ctx, s, s.sql().shuffledNumbers, q.Limit, scanNumber, args...)
}

// AddNumber implements [hermes.Store].
func (s *Store) AddNumber(ctx context.Context, n e164.Number) error {
	return s.change(ctx, s.sql().addNumber, hermes.Exists, n.String())
}

// RemoveNumber implements [hermes.Store].
func (s *Store) RemoveNumber(ctx context.Context, n e164.Number) error {
	return s.change(ctx, s.sql().removeNumber, hermes.NotFound, n.String())
}

// analyzeFrom is the number of new numbers from which on the planner's statistics are gathered
// anew.
const analyzeFrom = 10_000

// AddNumbers implements [hermes.Store]. It is serializable because an alias of one of the numbers
// may be added at the same time, and locks out other writers of the pool because it would fail
// because of them.
func (s *Store) AddNumbers(ctx context.Context, first, last e164.Number) (added int64, err error) {
	if first.IsZero() || first.Digits() != last.Digits() || first.Compare(last) > 0 {
		return 0, fmt.Errorf("range %s to %s: want one digit count, the first not after the last", first, last)
	}
	st := s.sql()
	err = s.write(ctx, TxOptions{Pool: Bulk}, nil, func(in *Store) error {
		if err := in.command(ctx, st.beforeAddNumbers.text); err != nil {
			return err
		}
		if added, err = in.exec(ctx, st.addNumbers, digits(first), digits(last)); err != nil {
			return err
		}
		return in.command(ctx, st.afterAddNumbers.text)
	})
	if err != nil {
		return 0, err
	}
	if s.tx == nil && added >= analyzeFrom {
		// The numbers are there whether the planner knows of them or not.
		_ = s.write(ctx, TxOptions{Pool: Bulk}, nil, func(in *Store) error { return in.command(ctx, st.analyzeNumbers.text) })
	}
	return added, nil
}

// digits returns a number as an integer.
func digits(n e164.Number) int64 {
	v, _ := strconv.ParseInt(n.String()[1:], 10, 64) // digits only
	return v
}

// TakeNumber implements [hermes.Store]. Outside a transaction it is READ COMMITTED: the lock on
// the row is all that it needs, and serializable takers would abort each other because they read
// the same page of the index.
func (s *Store) TakeNumber(ctx context.Context, match hermes.Pattern, random bool) (n e164.Number, err error) {
	err = s.write(ctx, TxOptions{}, nil, func(in *Store) error {
		from := ""
		if random {
			if from, err = in.randomKey(ctx, match); err != nil {
				return err
			}
		}
		n, err = in.takeFrom(ctx, match, from)
		return err
	})
	if err != nil {
		return e164.Number{}, err
	}
	return n, nil
}

// takeFrom takes the first match from a key on, or else the first of all. At first it passes over
// rows that other takers have locked. Where only such rows are left it waits until it is known
// whether they are taken. That a wait ended without a number says nothing about rows that were
// added meanwhile: only hasMatching does.
func (s *Store) takeFrom(ctx context.Context, match hermes.Pattern, from string) (n e164.Number, err error) {
	st := s.sql()
	for {
		err = s.get(ctx, st.takeUnlocked, &n, numberRange(match, from)...)
		if err == error(hermes.NotFound) && from != "" {
			err = s.get(ctx, st.takeUnlocked, &n, numberRange(match, "")...)
		}
		if err != error(hermes.NotFound) || !s.engine.locksRows {
			return n, err
		}
		exists := false
		if err := s.get(ctx, st.hasMatching, &exists, numberRange(match, "")...); err != nil {
			return n, err
		}
		if !exists {
			return n, hermes.NotFound
		}
		if err = s.get(ctx, st.takeWaiting, &n, numberRange(match, "")...); err != error(hermes.NotFound) {
			return n, err
		}
	}
}

// randomKey returns a random key between the first match and the last.
func (s *Store) randomKey(ctx context.Context, match hermes.Pattern) (string, error) {
	var ends struct {
		Low  e164.Number `bun:"low"`
		High e164.Number `bun:"high"`
	}
	if err := s.get(ctx, s.sql().numberEnds, &ends, numberRange(match, "")...); err != nil {
		return "", err
	}
	if ends.Low.IsZero() {
		return "", hermes.NotFound
	}
	low, high := filled(ends.Low), filled(ends.High)
	return fmt.Sprintf("+%015d", low+rand.Int64N(high-low+1)), nil
}

// filled returns a number as an integer of 15 digits, so that the order of the integers is that
// of the texts.
func filled(n e164.Number) int64 {
	v := digits(n)
	for range 15 - n.Digits() {
		v *= 10
	}
	return v
}
