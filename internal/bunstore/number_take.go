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

// TakeNumber implements hermes.Store. Outside a transaction it is READ COMMITTED: the lock on
// the row is all that it needs, and serializable takers would abort each other for looking at the same page.
func (s *Store) TakeNumber(ctx context.Context, match hermes.Pattern, random bool) (n e164.Number, err error) {
	err = s.write(ctx, TxOptions{Isolation: sql.LevelReadCommitted}, func(in *Store) error {
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

// takeFrom takes the first match from a key on, or else the first of all. Rows that other takers
// have locked are passed over at first, so that none waits for another; where only those are left it
// waits for what becomes of them. A wait that ended with nothing says nothing of rows that came meanwhile: only a look that finds
// none does.
func (s *Store) takeFrom(ctx context.Context, match hermes.Pattern, from string) (e164.Number, error) {
	for {
		n, err := s.takeFirst(ctx, match, from, "?skip")
		if err == error(hermes.NotFound) && from != "" {
			n, err = s.takeFirst(ctx, match, "", "?skip")
		}
		if err != error(hermes.NotFound) || !s.layout.Load().waits {
			return n, err
		}
		var there bool
		if err := s.one(ctx, raw(`SELECT EXISTS (SELECT 1 FROM ?numbers AS n WHERE ?)`, numberLike(match)), &there); err != nil {
			return n, err
		}
		if !there {
			return n, hermes.NotFound
		}
		if n, err = s.takeFirst(ctx, match, "", "?wait"); err != error(hermes.NotFound) {
			return n, err
		}
	}
}

func (s *Store) takeFirst(ctx context.Context, match hermes.Pattern, from, lock string) (n e164.Number, err error) {
	start := schema.QueryAppender(bun.Safe("1 = 1"))
	if from != "" {
		start = raw("n.number >= ?", from)
	}
	err = s.returning(ctx, raw(`DELETE FROM ?numbers WHERE number = (
			SELECT n.number FROM ?numbers AS n WHERE ?0 AND ?1 ORDER BY n.number LIMIT 1 ?2)
		RETURNING number`, start, numberLike(match), raw(lock)), nil, &n)
	return n, err
}

// randomKey draws a place between the first match and the last; NotFound where there is none.
func (s *Store) randomKey(ctx context.Context, match hermes.Pattern) (string, error) {
	var first, last e164.Number
	if err := s.one(ctx, raw(`SELECT min(n.number), max(n.number) FROM ?numbers AS n WHERE ?`, numberLike(match)), &first, &last); err != nil {
		return "", err
	}
	if first.IsZero() {
		return "", hermes.NotFound
	}
	low, high := filled(first), filled(last)
	return fmt.Sprintf("+%015d", low+rand.Int64N(high-low+1)), nil
}

// filled is a number as an integer of 15 digits, in which the order of the texts is that of the
// integers.
func filled(n e164.Number) int64 {
	digits := n.String()[1:]
	v, _ := strconv.ParseInt(digits+strings.Repeat("0", 15-len(digits)), 10, 64) // digits only
	return v
}
