package bunstore

import (
	"cmp"
	"context"
	"time"

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
	return b.lockCandidate(b.aliasSite(), candidate{lock: true, domain: 2}, 5, 8)
}

// lockCandidate adds to a query, which may select nothing else, the candidate from the key of the
// argument first on, or else of the argument second, and the number of the row that it locks.
func (b *builder) lockCandidate(q *bun.SelectQuery, c candidate, first, second int) *bun.SelectQuery {
	one := func(from int) *bun.SelectQuery {
		c.from = from
		return b.candidate(c)
	}
	row := b.passLocked(b.NewSelect().TableExpr("?numbers AS r").ColumnExpr("r.number").
		Where("r.number = (SELECT number FROM candidate)"))
	return q.With("candidate", b.NewSelect().ColumnExpr("coalesce((?), (?)) AS number", one(first), one(second))).
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
		if err := in.freeOver(ctx, q.Now); err != nil {
			return err
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
	n, err = s.useAny(ctx, takings, q.Now, anyUse{
		look: func(t *taking) (lockedRow, error) {
			var row lockedAnyRow
			args := append(s.args(newDBAlias(aliasOf(e164.Number{}, q))), t.args(t.from)...)
			err := s.get(ctx, s.sql().lockAny, &row, append(args, t.args("")...)...)
			site = row.site()
			return row.lockedRow, err
		},
		some: func() (anyFree, *taking, error) {
			return s.anyFree(ctx, s.sql().firstFreeIn, s.sql().firstFreeInEach, takings, q.Now, q.Domain.String())
		},
		use: func(n e164.Number) error {
			_, err := s.AssignNumber(ctx, n, aliasOf(n, q), hermes.NumberUse{Now: q.Now})
			return err
		},
	})
	return n, site, err
}

// anyUse says how a number that does not matter is found and used, in PostgreSQL.
type anyUse struct {
	look func(*taking) (lockedRow, error) // looks for one of a taking and takes its lock
	some func() (anyFree, *taking, error) // finds one that may be used, now or later, or NotFound
	use  func(n e164.Number) error        // NotFound, Exists or InUse: it has become another's
}

// useAny uses the first number of the takings, in their order.
func (s *Store) useAny(ctx context.Context, takings []*taking, now time.Time, u anyUse) (n e164.Number, err error) {
	for misses := 0; ; {
		row, t, err := s.lookForAny(ctx, takings, u)
		if err != nil {
			return n, err
		}
		if n = row.Candidate; n.IsZero() {
			if err := s.waitForAny(ctx, now, u); err != nil {
				return n, err
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
		switch err := u.use(n); err { // waits for a row that is not locked
		case hermes.NotFound, hermes.Exists, hermes.InUse:
			t.from = after(n)
		default:
			return n, err
		}
	}
}

// maxMisses is after how many numbers that others take useAny waits for one of the others.
const maxMisses = 4

// lookForAny looks in one taking after the other, until one has a number.
func (s *Store) lookForAny(ctx context.Context, takings []*taking, u anyUse) (row lockedRow, t *taking, err error) {
	for _, t = range takings {
		if err := s.beginRandom(ctx, t); err != nil {
			return row, nil, err
		}
		if row, err = u.look(t); err != nil {
			return row, nil, err
		}
		if !row.Candidate.IsZero() {
			break
		}
	}
	return row, t, nil
}

// waitForAny returns NotFound if there is no number. Otherwise the time of one has passed and it is
// free from now on, or other transactions have the locks of all, and it waits for one.
func (s *Store) waitForAny(ctx context.Context, now time.Time, u anyUse) error {
	free, t, err := u.some()
	switch {
	case err != nil:
		return err
	case !free.Over.IsZero():
		return s.freeSome(ctx, t.numberPart, now)
	}
	return s.lock(ctx, lockNumber(free.Number))
}

// lockedAnyRow is what lockAny found, and what it locked.
type lockedAnyRow struct {
	siteOfAlias
	lockedRow
}

// lockedRow is the number whose lock a statement took, and the number of the row that it locked.
// Either may be zero.
type lockedRow struct {
	Candidate e164.Number `bun:"candidate"`
	Locked    e164.Number `bun:"locked"`
}

// HoldAny implements [hermes.Store].
func (s *Store) HoldAny(ctx context.Context, q hermes.TakeQuery, by hermes.Principal, until time.Time) (n e164.Number, err error) {
	use := hermes.NumberUse{By: by, Now: q.Now}
	err = s.write(ctx, TxOptions{}, nil, func(in *Store) (err error) {
		takings := newTakings(q.Match, q.Scope, q.Random)
		if !in.engine.writesInWith {
			if n, err = in.take(ctx, takings, q.Now); err != nil {
				return err
			}
			in.reserves(until)
			return in.reserve(ctx, n, until, by)
		}
		if len(takings) == 0 {
			return hermes.NotFound
		}
		if err := in.freeOver(ctx, q.Now); err != nil {
			return err
		}
		n, err = in.useAny(ctx, takings, q.Now, anyUse{
			look: func(t *taking) (row lockedRow, err error) {
				return row, in.get(ctx, in.sql().lockAnyFree, &row, append(t.args(t.from), t.args("")...)...)
			},
			some: func() (anyFree, *taking, error) { return in.someFree(ctx, takings, q.Now) },
			use: func(n e164.Number) error {
				_, err := in.hold(ctx, n, use, until)
				return err
			},
		})
		return err
	})
	if err != nil {
		return e164.Number{}, err
	}
	return n, nil
}

// takeAndAlias is assignFrom by several statements.
func (s *Store) takeAndAlias(ctx context.Context, q hermes.AssignQuery, takings []*taking) (n e164.Number, site hermes.AliasSite, err error) {
	if site, err = s.AliasSite(ctx, aliasOf(n, q)); err != nil {
		return n, site, err
	}
	for {
		if n, err = s.takeIn(ctx, q, takings); err == nil {
			return n, site, s.alias(ctx, aliasOf(n, q))
		}
		if err != error(hermes.NotFound) {
			return n, site, err
		}
		free, t, err := s.someFree(ctx, takings, q.Now)
		if err != nil {
			return n, site, err
		}
		if free.Over.IsZero() {
			return n, site, hermes.NotFound
		}
		if err := s.freeSome(ctx, t.numberPart, q.Now); err != nil {
			return n, site, err
		}
	}
}

// takeIn takes the first number of the takings that no user of the domain has.
func (s *Store) takeIn(ctx context.Context, q hermes.AssignQuery, takings []*taking) (n e164.Number, err error) {
	for _, t := range takings {
		if err = s.beginRandom(ctx, t); err != nil {
			return n, err
		}
		for _, key := range []string{t.from, ""} {
			err = s.get(ctx, s.sql().takeIn, &n, append([]any{q.Domain.String()}, t.args(key)...)...)
			if err != error(hermes.NotFound) {
				return n, err
			}
		}
	}
	return n, hermes.NotFound
}
