package bunstore

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

type takeStatements struct {
	hasFree                   statement // reports whether a number may be taken, now or later
	freeEnds                  statement // the first and the last that may be taken, of rows it locks
	takeUnlocked, takeWaiting statement

	// The first argument of these is a domain in which no user may have the number.
	firstFreeIn, takeIn statement
	lockAny             statement // locks a number that takeIn could take, for PostgreSQL
}

// candidate says which number of the pool is wanted.
type candidate struct {
	// from is the number of the first of the arguments that numberRange returns.
	from int
	// wait makes the statement wait for rows that other transactions have locked. Otherwise it
	// passes over them.
	wait bool
	// lock makes the statement take the number's lock, and pass over numbers whose lock another
	// transaction has. It does not lock the row then.
	lock bool
	// domain is the number of the argument with a domain in which no user may have the number as
	// user part. If zero, users do not matter.
	domain int
}

// candidate selects the first number that may be taken: it matches, no alias has it, and no other
// transaction has locked its row, which this statement locks. All is one statement, so that the
// number cannot become an alias's between the look and the taking: whoever makes it one removes the
// row.
func (b *builder) candidate(c candidate) *bun.SelectQuery {
	if c.lock && b.engine.locksRows {
		return b.lockedCandidate(b.free(c))
	}
	q := b.free(c).OrderExpr("n.number").Limit(1)
	switch {
	case !b.engine.locksRows:
	case c.wait:
		q.For("UPDATE")
	default:
		b.passLocked(q)
	}
	return q
}

// lockedCandidate selects the first of the numbers whose lock it can take. The condition is outside
// of a query with OFFSET, where it is tried for one row after the other: inside, a plan that sorts
// would lock every number of the pool.
func (b *builder) lockedCandidate(free *bun.SelectQuery) *bun.SelectQuery {
	return b.NewSelect().ColumnExpr("c.number").TableExpr("(?) AS c", free.OrderExpr("n.number OFFSET 0")).
		Where("pg_try_advisory_xact_lock(? + CAST(substr(c.number, 2) AS bigint))", int64(hermes.FirstNumberLock)).Limit(1)
}

// passLocked makes q lock its rows, and pass over those that other transactions have locked.
func (b *builder) passLocked(q *bun.SelectQuery) *bun.SelectQuery {
	if b.engine.locksRows {
		q.For("UPDATE SKIP LOCKED")
	}
	return q
}

// noRow is a condition that a query has no row. PostgreSQL runs the query for one row after the
// other, until enough are found. NOT EXISTS would be a join, for which it might read and sort all
// that there is.
const noRow = "CASE WHEN (? LIMIT 1) IS NULL THEN true ELSE false END"

// free selects the numbers that may be taken, in no order.
func (b *builder) free(c candidate) *bun.SelectQuery {
	q := b.NewSelect().Model((*numberModel)(nil)).ColumnExpr("n.number").
		Where(inRange, text(c.from), text(c.from+1), text(c.from+2))
	number, theirs := bun.SafeQuery("n.number"), bun.SafeQuery("n.number ?theirs")
	q.Where(noRow, b.withNumber(theirs))
	if c.domain != 0 {
		q.Where(noRow, b.accountWithNumber(theirs, c.domain)).Where(noRow, b.userWithNumber(number, c.domain))
	}
	return q
}

// withNumber selects the rows whose alias has the number as user part.
func (b *builder) withNumber(number schema.QueryAppender) *bun.SelectQuery {
	return b.NewSelect().Model((*dbaliasModel)(nil)).ColumnExpr("1").Where("?", b.same("a.alias_username", number))
}

// accountWithNumber selects the rows of subscriber with the number as user part. The domain is that
// of the argument, in any case: other tools do not fold it.
func (b *builder) accountWithNumber(number schema.QueryAppender, domain int) *bun.SelectQuery {
	return b.NewSelect().Model((*subscriberModel)(nil)).ColumnExpr("1").
		Where("? AND lower(s.domain ?T ?C) = lower(? ?C)", b.same("s.username", number), text(domain))
}

// userWithNumber is accountWithNumber for Hermes' own table.
func (b *builder) userWithNumber(number schema.QueryAppender, domain int) *bun.SelectQuery {
	return b.NewSelect().Model((*userModel)(nil)).ColumnExpr("1").
		Where("h.username = ? AND lower(h.domain ?C) = lower(? ?C)", number, text(domain))
}

func (b *builder) takeStatements() takeStatements {
	take := func(format string, args ...any) statement {
		return b.statement(Data, b.NewDelete().Model((*numberModel)(nil)).ModelTableExpr("?numbers AS taken").
			Where("taken.number = "+format, args...).Returning("number")).takes()
	}
	end := func(order string) *bun.SelectQuery {
		return b.passLocked(b.free(candidate{from: 1}).OrderExpr(order).Limit(1))
	}
	st := takeStatements{
		firstFreeIn: b.statement(Data, b.free(candidate{from: 2, domain: 1}).OrderExpr("n.number").Limit(1)),
		takeIn:      take("(?)", b.candidate(candidate{from: 2, domain: 1})),
		hasFree:     b.statement(Data, b.NewSelect().ColumnExpr("EXISTS (?)", b.free(candidate{from: 1}))),
		freeEnds:    b.statement(Data, b.NewSelect().ColumnExpr("(?) AS first, (?) AS last", end("n.number"), end("n.number DESC"))),
		takeUnlocked: take("coalesce((?), (?))",
			b.candidate(candidate{from: 1}), b.candidate(candidate{from: 4})),
		takeWaiting: take("(?)", b.candidate(candidate{from: 1, wait: true})),
	}
	if b.engine.writesInWith {
		st.lockAny = b.statement(Data, b.lockAny())
	}
	return st
}

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

// TakeNumber implements [hermes.Store].
func (s *Store) TakeNumber(ctx context.Context, match hermes.Pattern, random bool) (n e164.Number, err error) {
	err = s.write(ctx, TxOptions{}, nil, func(in *Store) error {
		search, err := in.search(ctx, match, random)
		if err != nil {
			return err
		}
		defer search.end()
		from, err := in.firstKey(ctx, search, match)
		if err != nil {
			return err
		}
		n, err = in.takeFrom(ctx, search, match, from)
		return err
	})
	if err != nil {
		return e164.Number{}, err
	}
	return n, nil
}

// search begins a search with the head of the pattern. Without row locks, no entries of numbers
// that were taken are in the way. A transaction that sees only what was committed before it began
// could not say from where on numbers are free, and one that has made numbers free has not told the
// heads yet.
func (s *Store) search(ctx context.Context, match hermes.Pattern, random bool) (*search, error) {
	if !s.engine.locksRows || s.tx.serializable || s.tx.pooling.frees {
		return &search{key: headKey{match.String(), random}}, nil
	}
	return s.heads.begin(ctx, match, random)
}

// firstKey returns the key at which a search begins: that of its head, or a random one.
func (s *Store) firstKey(ctx context.Context, search *search, match hermes.Pattern) (string, error) {
	if !search.key.random {
		return search.ends.First.String(), nil
	}
	ends := search.ends
	if ends.First.IsZero() {
		if err := s.get(ctx, s.sql().freeEnds, &ends, numberRange(match, "")...); err != nil {
			return "", err
		}
		if ends.First.IsZero() {
			return "", nil
		}
		search.found(ends)
	}
	return keyBetween(ends.First, ends.Last), nil
}

// takeFrom takes the first match from a key on, or else the first of all. At first it passes over
// rows that other takers have locked. Where only such rows are left it waits until it is known
// whether they are taken. That a wait ended without a number says nothing about rows that were
// added meanwhile: only hasFree does.
func (s *Store) takeFrom(ctx context.Context, search *search, match hermes.Pattern, from string) (n e164.Number, err error) {
	st, all := s.sql(), numberRange(match, "")
	for {
		err = s.get(ctx, st.takeUnlocked, &n, append(numberRange(match, from), all...)...)
		if err == nil && !search.key.random {
			search.found(numberEnds{First: n})
		}
		search.end()
		if err != error(hermes.NotFound) || !s.engine.locksRows {
			return n, err
		}
		exists := false
		if err := s.get(ctx, st.hasFree, &exists, all...); err != nil {
			return n, err
		}
		if !exists {
			return n, hermes.NotFound
		}
		if err = s.get(ctx, st.takeWaiting, &n, all...); err != error(hermes.NotFound) {
			return n, err
		}
	}
}

// AssignAny implements [hermes.Store]. A number whose lock another transaction has is passed over:
// the lock is what makers of users and aliases have that are about the number.
func (s *Store) AssignAny(ctx context.Context, q hermes.AssignQuery) (n e164.Number, site hermes.AliasSite, err error) {
	err = s.write(ctx, TxOptions{}, []hermes.Lock{hermes.LockPool().AsShared()}, func(in *Store) error {
		from := ""
		if q.Random {
			search, err := in.search(ctx, q.Match, true)
			if err != nil {
				return err
			}
			defer search.end()
			if from, err = in.firstKey(ctx, search, q.Match); err != nil {
				return err
			}
		}
		n, site, err = in.assignFrom(ctx, q, from)
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

// assignFrom assigns the first match from a key on, or else the first of all.
func (s *Store) assignFrom(ctx context.Context, q hermes.AssignQuery, from string) (n e164.Number, site hermes.AliasSite, err error) {
	if !s.engine.writesInWith {
		return s.takeAndAlias(ctx, q, from)
	}
	all := numberRange(q.Match, "")
	for misses := 0; ; {
		var row lockedAnyRow
		args := append(s.args(newDBAlias(aliasOf(e164.Number{}, q))), numberRange(q.Match, from)...)
		if err := s.get(ctx, s.sql().lockAny, &row, append(args, all...)...); err != nil {
			return n, site, err
		}
		site, n = row.site(), row.Candidate
		if n.IsZero() {
			// Other transactions have the locks of all numbers, if there are any.
			if err := s.get(ctx, s.sql().firstFreeIn, &n, append([]any{q.Domain.String()}, all...)...); err != nil {
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
				from = after(n)
				continue
			}
		}
		switch err := s.AssignNumber(ctx, n, aliasOf(n, q)); err { // waits for a row that is not locked
		case hermes.NotFound, hermes.Exists:
			from = after(n)
		default:
			return n, site, err
		}
	}
}

// maxMisses is after how many numbers that others take AssignAny waits for one of the others.
const maxMisses = 4

// lockedAnyRow is what lockAny found, the number whose lock it took, and the number of the row that
// it locked. Either number may be zero.
type lockedAnyRow struct {
	siteOfAlias

	Candidate e164.Number `bun:"candidate"`
	Locked    e164.Number `bun:"locked"`
}

// takeAndAlias is assignFrom by several statements.
func (s *Store) takeAndAlias(ctx context.Context, q hermes.AssignQuery, from string) (n e164.Number, site hermes.AliasSite, err error) {
	if site, err = s.AliasSite(ctx, aliasOf(n, q)); err != nil {
		return n, site, err
	}
	for _, key := range []string{from, ""} {
		err = s.get(ctx, s.sql().takeIn, &n, append([]any{q.Domain.String()}, numberRange(q.Match, key)...)...)
		if err == nil {
			return n, site, s.AddAlias(ctx, aliasOf(n, q))
		}
		if err != error(hermes.NotFound) {
			return n, site, err
		}
	}
	return n, site, hermes.NotFound
}

// keyBetween returns a random key that is not before first and not after every number that begins
// with the digits of last.
func keyBetween(first, last e164.Number) string {
	low, high := filled(first), filled(last)
	return fmt.Sprintf("+%015d", low+rand.Int64N(high-low+1))
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
