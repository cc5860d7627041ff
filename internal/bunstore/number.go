package bunstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

// HasNumber implements hermes.Store.
func (s *Store) HasNumber(ctx context.Context, n e164.Number) (has bool, err error) {
	err = s.one(ctx, raw(`SELECT EXISTS (SELECT 1 FROM ?numbers WHERE number = ?)`, n.String()), &has)
	return has, err
}

// Numbers implements hermes.Store.
func (s *Store) Numbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	return list(ctx, s, q.Limit, raw(`SELECT n.number FROM ?numbers AS n WHERE n.number > ? AND ? ORDER BY n.number LIMIT ?`,
		q.After.String(), numberLike(q.Match), q.Limit), scanNumber)
}

func scanNumber(rows *sql.Rows) (n e164.Number, err error) { return n, rows.Scan(&n) }

// numberLike is like, with the range that the pattern's beginning leaves: SQLite's index does not serve LIKE.
func numberLike(p hermes.Pattern) schema.QueryAppender {
	glob := p.String()
	begin := glob
	if i := strings.IndexAny(glob, "*?"); i >= 0 {
		begin = glob[:i]
	}
	if begin == "" {
		return like("n.number", p)
	}
	// Of the characters in a number, ':' is after all that may follow.
	return raw("n.number >= ? AND n.number < ? AND ?", begin, begin+":", like("n.number", p))
}

// shufflePrime is that of hermes.Shuffle.
const shufflePrime = 1<<31 - 1

// ShuffledNumbers implements hermes.Store.
func (s *Store) ShuffledNumbers(ctx context.Context, q hermes.NumberQuery) ([]e164.Number, error) {
	place := int64(-1)
	if !q.After.IsZero() {
		place = hermes.Shuffle(q.After, q.Seed)
	}
	return list(ctx, s, q.Limit, raw(`SELECT r.number FROM (
			SELECT m.number, (m.a * m.a % ?0 * 48271 + m.a) % ?0 AS place FROM (
				SELECT n.number, (CAST(substr(n.number, 2) AS bigint) + ?1) % ?0 AS a FROM ?numbers AS n WHERE ?2) AS m) AS r
		WHERE (r.place, r.number) > (?3, ?4) ORDER BY r.place, r.number LIMIT ?5`,
		shufflePrime, q.Seed, numberLike(q.Match), place, q.After.String(), q.Limit), scanNumber)
}

// AddNumber implements hermes.Store.
func (s *Store) AddNumber(ctx context.Context, n e164.Number) error {
	return s.mutate(ctx, hermes.Exists, raw(`INSERT INTO ?numbers (number) VALUES (?) ON CONFLICT DO NOTHING`, n.String()))
}

var bulk = TxOptions{Isolation: sql.LevelSerializable, Bulk: true}

// analyzeFrom is how many new numbers make the planner's figures worthless.
const analyzeFrom = 10_000

// AddNumbers implements hermes.Store. It is serializable because an alias of one of the numbers may come at the
// same time, and locks out other writers of the pool because it would lose to them.
func (s *Store) AddNumbers(ctx context.Context, first, last e164.Number) (added int64, err error) {
	if first.IsZero() || first.Digits() != last.Digits() || first.Compare(last) > 0 {
		return 0, fmt.Errorf("range %s to %s: want one digit count, the first not after the last", first, last)
	}
	err = s.write(ctx, bulk, func(in *Store) error {
		before, insert, after := in.engine.addRange(first, last)
		if err := in.commands(ctx, before); err != nil {
			return err
		}
		if added, err = in.exec(ctx, insert); err != nil {
			return err
		}
		return in.commands(ctx, after)
	})
	if err != nil {
		return 0, err
	}
	if s.tx == nil && added >= analyzeFrom {
		s.analyze(ctx)
	}
	return added, nil
}

// analyze gathers the planner's figures. The numbers are there whether it knows them or not: an error
// is nobody's.
func (s *Store) analyze(ctx context.Context) {
	if commands := s.engine.analyze(); len(commands) > 0 {
		_ = s.write(ctx, bulk, func(in *Store) error { return in.commands(ctx, commands) })
	}
}

// RemoveNumber implements hermes.Store.
func (s *Store) RemoveNumber(ctx context.Context, n e164.Number) error {
	return s.mutate(ctx, hermes.NotFound, raw(`DELETE FROM ?numbers WHERE number = ?`, n.String()))
}
