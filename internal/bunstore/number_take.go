package bunstore

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

type takeStatements struct {
	hasFree                   statement // returns an anyFree
	freeEnds                  statement // the first and the last that may be taken, of rows it locks
	takeUnlocked, takeWaiting statement

	// The first argument of these is a domain in which no user may have the number.
	firstFreeIn, takeIn statement

	// These are for PostgreSQL. They lock a number that takeIn, or takeUnlocked, could take.
	lockAny, lockAnyFree statement

	// These are for PostgreSQL, too. They return, for each prefix of a JSON array, what hasFree, or
	// firstFreeIn, does.
	firstFreeEach, firstFreeInEach statement
}

// candidate says which number of the pool is wanted.
type candidate struct {
	// from is the number of the first of the arguments of inRange.
	from int
	// each takes the range from k, which has a prefix of the numbers as its value. The argument from
	// is the pattern then.
	each bool
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

// anyFree selects an anyFree: the first number that may be taken, now or later, and a reserved one
// whose time is not after the argument now.
func (b *builder) anyFree(c candidate, now int) *bun.SelectQuery {
	over := b.NewSelect().TableExpr("(?) AS n", b.over(place(now))).ColumnExpr("n.number").Where("?", c.inRange()).Limit(1)
	return b.NewSelect().ColumnExpr("(?) AS number, (?) AS over", b.free(c).OrderExpr("n.number").Limit(1), over)
}

// inRange is the condition that a number of the table n matches.
func (c candidate) inRange() schema.QueryAppender {
	if c.each {
		return bun.SafeQuery(inRange, bun.Safe("k.value"), bun.Safe("k.value || ':'"), text(c.from))
	}
	return bun.SafeQuery(inRange, text(c.from), text(c.from+1), text(c.from+2))
}

// free selects the numbers of the table of the free ones that may be taken, in no order.
func (b *builder) free(c candidate) *bun.SelectQuery {
	q := b.NewSelect().Model((*numberModel)(nil)).ColumnExpr("n.number").Where("?", c.inRange())
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
		firstFreeIn: b.statement(Data, b.anyFree(candidate{from: 2, domain: 1}, 5)),
		takeIn:      take("(?)", b.candidate(candidate{from: 2, domain: 1})),
		hasFree:     b.statement(Data, b.anyFree(candidate{from: 1}, 4)),
		freeEnds:    b.statement(Data, b.NewSelect().ColumnExpr("(?) AS first, (?) AS last", end("n.number"), end("n.number DESC"))),
		takeUnlocked: take("coalesce((?), (?))",
			b.candidate(candidate{from: 1}), b.candidate(candidate{from: 4})),
		takeWaiting: take("(?)", b.candidate(candidate{from: 1, wait: true})),
	}
	if b.engine.writesInWith {
		st.lockAny = b.statement(Data, b.lockAny())
		st.lockAnyFree = b.statement(Data, b.lockCandidate(b.NewSelect(), candidate{lock: true}, 1, 4))
	}
	if b.engine.locksRows {
		each := func(prefixes int, c candidate) statement {
			return b.statement(Data, b.anyFree(c, prefixes+1).TableExpr(b.engine.jsonTexts+" AS k", text(prefixes)))
		}
		st.firstFreeEach = each(2, candidate{each: true, from: 1})
		st.firstFreeInEach = each(3, candidate{each: true, from: 2, domain: 1})
	}
	return st
}

// TakeNumber implements [hermes.Store].
func (s *Store) TakeNumber(ctx context.Context, q hermes.TakeQuery) (n e164.Number, err error) {
	err = s.write(ctx, TxOptions{}, nil, func(in *Store) error {
		n, err = in.take(ctx, newTakings(q.Match, q.Scope, q.Random), q.Now)
		return err
	})
	if err != nil {
		return e164.Number{}, err
	}
	return n, nil
}

// taking is a look for a number of a part that may be taken.
type taking struct {
	numberPart
	random bool
	search *search // nil before begin
	from   string  // where it begins, before it begins again with the first number of the part
}

// newTakings returns the takings for the numbers that match and are within the scope: at random, in
// random order.
func newTakings(match hermes.Pattern, scope hermes.Scope, random bool) []*taking {
	var all []*taking
	for _, part := range numberParts(match, scope) {
		all = append(all, &taking{numberPart: part, random: random})
	}
	if random {
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	return all
}

// search begins a search with the head of the part. Without row locks, no entries of numbers that
// were taken are in the way. A transaction that sees only what was committed before it began could
// not say from where on numbers are free, and one that has made numbers free has not told the heads
// yet.
func (s *Store) search(ctx context.Context, t *taking) (*search, error) {
	key := headKey{glob: t.match.String(), prefix: t.prefix, random: t.random}
	if !s.engine.locksRows || s.tx.serializable || s.tx.pooling.frees {
		return &search{key: key}, nil
	}
	return s.heads.begin(ctx, key)
}

// firstKey returns the key at which a search begins: that of its head, or a random one.
func (s *Store) firstKey(ctx context.Context, search *search, part numberPart) (string, error) {
	if !search.key.random {
		return search.ends.First.String(), nil
	}
	ends := search.ends
	if ends.First.IsZero() {
		if err := s.get(ctx, s.sql().freeEnds, &ends, part.args("")...); err != nil {
			return "", err
		}
		if ends.First.IsZero() {
			return "", nil
		}
		search.found(ends)
	}
	return keyBetween(ends.First, ends.Last), nil
}

// take takes the first number of the takings, in their order. At first it passes over rows that
// other takers have locked. Where only such rows are left it waits until it is known whether they
// are taken. That a wait ended without a number says nothing about rows that were added meanwhile:
// only someFree does.
func (s *Store) take(ctx context.Context, takings []*taking, now time.Time) (n e164.Number, err error) {
	if err := s.freeOver(ctx, now); err != nil {
		return n, err
	}
	for {
		for _, t := range takings {
			if n, err = s.takeUnlocked(ctx, t); err != error(hermes.NotFound) {
				return n, err
			}
		}
		free, t, err := s.someFree(ctx, takings, now)
		switch {
		case err != nil:
			return n, err
		case !free.Over.IsZero():
			if err := s.freeSome(ctx, t.numberPart, now); err != nil {
				return n, err
			}
		case !s.engine.locksRows:
			return n, hermes.NotFound
		default:
			if err = s.get(ctx, s.sql().takeWaiting, &n, t.args("")...); err != error(hermes.NotFound) {
				return n, err
			}
		}
	}
}

// begin begins the search of a taking, unless it has one, and sets where it begins.
func (s *Store) begin(ctx context.Context, t *taking) error {
	if t.search != nil {
		return nil
	}
	search, err := s.search(ctx, t)
	if err != nil {
		return err
	}
	defer func() {
		if t.search == nil {
			search.end()
		}
	}()
	if t.from, err = s.firstKey(ctx, search, t.numberPart); err == nil {
		t.search = search
	}
	return err
}

// takeUnlocked takes the first number of a taking that no other taker has locked.
func (s *Store) takeUnlocked(ctx context.Context, t *taking) (n e164.Number, err error) {
	if err := s.begin(ctx, t); err != nil {
		return n, err
	}
	defer t.search.end()
	err = s.get(ctx, s.sql().takeUnlocked, &n, append(t.args(t.from), t.args("")...)...)
	if err == nil && !t.random {
		t.search.found(numberEnds{First: n})
	}
	return n, err
}

// anyFree is a number that may be taken, now or later, and one whose time has passed. Either may be
// zero.
type anyFree struct {
	Number e164.Number `bun:"number"`
	Over   e164.Number `bun:"over"`
}

// someFree returns a taking of which a number may be taken, now or later, or NotFound. It is one
// statement for all of them: otherwise each could have one at another time.
func (s *Store) someFree(ctx context.Context, takings []*taking, now time.Time) (anyFree, *taking, error) {
	return s.anyFree(ctx, s.sql().hasFree, s.sql().firstFreeEach, takings, now)
}

// anyFree runs one of two statements that return an anyFree: for one taking, or for the prefix of
// each. args are the first arguments. It returns NotFound if there is none.
func (s *Store) anyFree(
	ctx context.Context, one, each statement, takings []*taking, now time.Time, args ...any,
) (free anyFree, t *taking, err error) {
	var found []anyFree
	scan := func(rows *sql.Rows) (f anyFree, err error) { return f, rows.Scan(&f.Number, &f.Over) }
	switch {
	case len(takings) == 0:
	case len(takings) == 1:
		found, err = list(ctx, s, one, scan, append(append(args, takings[0].args("")...), moment(now))...)
	default:
		var prefixes []string
		for _, t := range takings {
			prefixes = append(prefixes, t.prefix)
		}
		found, err = list(ctx, s, each, scan, append(args, like(takings[0].match), jsonTexts(prefixes), moment(now))...)
	}
	if err != nil {
		return free, nil, err
	}
	for _, free := range found {
		for _, t := range takings {
			for _, n := range []e164.Number{free.Number, free.Over} {
				if !n.IsZero() && strings.HasPrefix(n.String(), t.prefix) {
					return free, t, nil
				}
			}
		}
	}
	return free, nil, hermes.NotFound
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
