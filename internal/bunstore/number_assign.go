package bunstore

import (
	"cmp"
	"context"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// lockAny selects what decides about an alias of the domain $2 that leads to $3@$4, as aliasSite
// does with an empty $1, and locks a number of the pool that may become that alias, from the key $5
// on or else any. It returns a lockedAnyRow.
//
// It takes the number's lock before it locks the row, and only that of one number: a transaction
// that makes an alias of the number has its lock first, and then wants the row. The statement may
// not see what a transaction has done that had the lock just before. The next one does.
func (b *builder) lockAny() *bun.SelectQuery {
	one := func(from int) *bun.SelectQuery { return b.candidate(candidate{from: from, lock: true, domain: 2}) }
	row := b.passLocked(b.NewSelect().TableExpr("?numbers AS r").ColumnExpr("r.number").
		Where("r.number = (SELECT number FROM candidate)"))
	return b.aliasSite().With("candidate", b.NewSelect().ColumnExpr("coalesce((?), (?)) AS number", one(5), one(8))).
		With("locked", row).
		ColumnExpr("(SELECT number FROM candidate) AS candidate, (SELECT number FROM locked) AS locked")
}

// AssignAny implements [hermes.Store]. A number whose lock another transaction has is passed over:
// the lock is what makers of users and aliases have that are about the number.
func (s *Store) AssignAny(ctx context.Context, q hermes.AssignQuery) (n e164.Number, site hermes.AliasSite, err error) {
	err = s.write(ctx, TxOptions{}, []hermes.Lock{hermes.LockPool().AsShared()}, func(in *Store) error {
		takings := newTakings(q.Match, q.Scope, q.Random)
		if len(takings) == 0 {
			site, err = in.AliasSite(ctx, aliasOf(e164.Number{}, q))
			return cmp.Or(err, error(hermes.NotFound))
		}
		n, site, err = in.assignFrom(ctx, q, takings)
		return err
	})
	if err != nil {
		return e164.Number{}, site, s.tooLong(err, func() []columnText { return s.columnTexts(newDBAlias(aliasOf(e164.Number{}, q))) })
	}
	return n, site, nil
}

// aliasOf returns the alias that q makes of a number.
func aliasOf(n e164.Number, q hermes.AssignQuery) hermes.Alias {
	return hermes.Alias{Alias: sip.Unchecked(n.String(), q.Domain.String()), Destination: q.Destination}
}

// beginRandom sets where a taking begins, if that is at random.
func (s *Store) beginRandom(ctx context.Context, t *taking) error {
	if !t.random {
		return nil
	}
	if err := s.begin(ctx, t); err != nil {
		return err
	}
	t.search.end()
	return nil
}

// assignFrom assigns the first number of the takings, in their order.
func (s *Store) assignFrom(ctx context.Context, q hermes.AssignQuery, takings []*taking) (n e164.Number, site hermes.AliasSite, err error) {
	if !s.engine.writesInWith {
		return s.takeAndAlias(ctx, q, takings)
	}
	for misses := 0; ; {
		row, t, err := s.lockAny(ctx, q, takings)
		if err != nil {
			return n, site, err
		}
		site, n = row.site(), row.Candidate
		if n.IsZero() {
			// Other transactions have the locks of all numbers, if there are any.
			if n, err = s.firstFreeIn(ctx, q, takings); err != nil {
				return n, site, err
			}
			if err := s.lock(ctx, []hermes.Lock{hermes.LockNumber(n)}); err != nil {
				return n, site, err
			}
			continue
		}
		s.tx.locks = append(s.tx.locks, hermes.LockNumber(n))
		// Another transaction takes the number, unless its row is locked, or has taken it just now.
		if row.Locked.IsZero() {
			if misses++; misses < maxMisses {
				t.from = after(n)
				continue
			}
		}
		switch err := s.AssignNumber(ctx, n, aliasOf(n, q)); err { // waits for a row that is not locked
		case hermes.NotFound, hermes.Exists:
			t.from = after(n)
		default:
			return n, site, err
		}
	}
}

// maxMisses is after how many numbers that others take AssignAny waits for one of the others.
const maxMisses = 4

// lockAny runs the statement of that name for one taking after the other, until one has a number.
func (s *Store) lockAny(ctx context.Context, q hermes.AssignQuery, takings []*taking) (row lockedAnyRow, t *taking, err error) {
	for _, t = range takings {
		if err := s.beginRandom(ctx, t); err != nil {
			return row, nil, err
		}
		row = lockedAnyRow{}
		args := append(s.args(newDBAlias(aliasOf(e164.Number{}, q))), t.args(t.from)...)
		if err := s.get(ctx, s.sql().lockAny, &row, append(args, t.args("")...)...); err != nil {
			return row, nil, err
		}
		if !row.Candidate.IsZero() {
			break
		}
	}
	return row, t, nil
}

// firstFreeIn returns a number of the takings that AssignAny may take, now or later, or NotFound.
// It is one statement, as someFree is.
func (s *Store) firstFreeIn(ctx context.Context, q hermes.AssignQuery, takings []*taking) (n e164.Number, err error) {
	if len(takings) == 1 {
		return n, s.get(ctx, s.sql().firstFreeIn, &n, append([]any{q.Domain.String()}, takings[0].args("")...)...)
	}
	n, _, err = s.firstOfEach(ctx, s.sql().firstFreeInEach, takings, q.Domain.String())
	return n, err
}

// lockedAnyRow is what lockAny found, the number whose lock it took, and the number of the row that
// it locked. Either number may be zero.
type lockedAnyRow struct {
	siteOfAlias

	Candidate e164.Number `bun:"candidate"`
	Locked    e164.Number `bun:"locked"`
}

// takeAndAlias is assignFrom by several statements.
func (s *Store) takeAndAlias(ctx context.Context, q hermes.AssignQuery, takings []*taking) (n e164.Number, site hermes.AliasSite, err error) {
	if site, err = s.AliasSite(ctx, aliasOf(n, q)); err != nil {
		return n, site, err
	}
	for _, t := range takings {
		if err = s.beginRandom(ctx, t); err != nil {
			return n, site, err
		}
		for _, key := range []string{t.from, ""} {
			err = s.get(ctx, s.sql().takeIn, &n, append([]any{q.Domain.String()}, t.args(key)...)...)
			if err == nil {
				return n, site, s.AddAlias(ctx, aliasOf(n, q))
			}
			if err != error(hermes.NotFound) {
				return n, site, err
			}
		}
	}
	return n, site, hermes.NotFound
}
