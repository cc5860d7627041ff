package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

type rangeStatements struct {
	countNumbers, pooledNumbers, aliasedNumbers statement // from $1 to $2
	reservedNumbers                             statement // as these
	removeAgain                                 statement

	addNumbers, beforeAddNumbers, afterAddNumbers, analyzeNumbers statement
}

func (b *builder) rangeStatements() rangeStatements {
	// Numbers with more digits are between some of the range.
	const between = "? BETWEEN ? AND ? AND length(?) = length(?)"
	from := func(table string) *bun.SelectQuery {
		name := bun.Safe("n.number")
		return b.NewSelect().TableExpr(table+" AS n").ColumnExpr("n.number").Where(between, name, text(1), text(2), name, text(1))
	}
	free, reserved := from("?numbers"), from("?reserved_numbers")
	count := func(q *bun.SelectQuery) schema.QueryAppender {
		return bun.SafeQuery("(SELECT count(*) FROM (?) AS c)", q)
	}
	// The first of the two conditions is for Kamailio's index, the second is right in any collation.
	alias := bun.Safe("a.alias_username")
	aliased := b.NewSelect().Model((*dbaliasModel)(nil)).ColumnExpr("DISTINCT a.alias_username").
		Where("? BETWEEN ? AND ?", alias, text(1), text(2)).
		Where("? ?B BETWEEN ? AND ? AND length(?) = length(?)", alias, text(1), text(2), alias, text(1)).
		Where(b.engine.isNumber, alias)
	st := rangeStatements{
		countNumbers:    b.statement(Copies, bun.SafeQuery("SELECT ? + ?", count(free), count(reserved))),
		pooledNumbers:   b.statement(Copies, unionAll(free, reserved)),
		reservedNumbers: b.statement(Copies, reserved),
		aliasedNumbers:  b.statement(Copies, aliased),
		removeAgain:     b.statement(Copies, b.NewDelete().Model((*numberModel)(nil)).Where("n.number = ?", text(1))),

		addNumbers:       b.statement(Bulk, bun.SafeQuery(b.engine.addNumbers)).frees(),
		beforeAddNumbers: b.statement(Bulk, bun.SafeQuery(b.engine.beforeAddNumbers)),
		afterAddNumbers:  b.statement(Bulk, bun.SafeQuery(b.engine.afterAddNumbers)),
		analyzeNumbers:   b.statement(Bulk, bun.SafeQuery(b.engine.analyzeNumbers)),
	}
	// The connections for COPY keep no statements.
	for _, each := range []*statement{&st.countNumbers, &st.pooledNumbers, &st.reservedNumbers, &st.aliasedNumbers, &st.removeAgain, &st.addNumbers} {
		each.planEachTime = true
	}
	return st
}

// analyzeFrom is the number of new numbers from which on the planner's statistics are gathered
// anew.
const analyzeFrom = 10_000

// copyFrom is the number of missing numbers from which on COPY is used.
const copyFrom = 1000

// numberSpan is a range of numbers with the same count of digits.
type numberSpan struct{ first, last e164.Number }

func (r numberSpan) size() int64 { return r.last.Sub(r.first) + 1 }

// numberSet has numbers of a range, a bit for each.
type numberSet struct {
	first e164.Number
	bits  []uint64
}

func newNumberSet(r numberSpan) numberSet {
	return numberSet{first: r.first, bits: make([]uint64, r.size()/64+1)}
}

func (s numberSet) add(n e164.Number) {
	i := n.Sub(s.first)
	s.bits[i/64] |= 1 << (i % 64)
}

func (s numberSet) has(n e164.Number) bool {
	i := n.Sub(s.first)
	return s.bits[i/64]&(1<<(i%64)) != 0
}

// AddNumbers implements [hermes.Store]. In PostgreSQL nothing waits for it: it takes no lock of the
// table, and the lock of the pool, for which makers of aliases wait, at its end only. The aliases
// that were made of its numbers meanwhile are looked up again under that lock.
func (s *Store) AddNumbers(ctx context.Context, first, last e164.Number) (added int64, err error) {
	if first.IsZero() || first.Digits() != last.Digits() || first.Compare(last) > 0 {
		return 0, fmt.Errorf("range %s to %s: want one digit count, the first not after the last", first, last)
	}
	r := numberSpan{first: first, last: last}
	byCopy := s.copyFrom != nil && r.size() >= copyFrom && (s.tx == nil || s.tx.copies)
	if byCopy {
		added, err = s.addRange(ctx, Copies, r)
	}
	// COPY cannot pass over a number that another transaction adds meanwhile.
	if !byCopy || s.tx == nil && errors.Is(err, ErrDuplicate) {
		added, err = s.addRange(ctx, Bulk, r)
	}
	if err != nil {
		return 0, err
	}
	// The numbers are there whether the planner knows of them or not.
	switch {
	case added < analyzeFrom:
	case s.tx == nil:
		_ = s.analyzeNumbers(ctx)
	case !s.single:
		outside := &Store{database: s.database}
		s.AfterCommit(func() { _ = outside.analyzeNumbers(ctx) })
	}
	return added, nil
}

// analyzeNumbers gathers the planner's statistics of the pool.
func (s *Store) analyzeNumbers(ctx context.Context) error {
	return s.write(ctx, TxOptions{Pool: Bulk}, nil, func(in *Store) error {
		return in.command(ctx, s.sql().analyzeNumbers.text)
	})
}

// addRange adds a range in a transaction of a pool: by COPY if that is Copies.
func (s *Store) addRange(ctx context.Context, pool Pool, r numberSpan) (added int64, err error) {
	err = s.write(ctx, TxOptions{Pool: pool}, nil, func(in *Store) error {
		st := in.sql()
		if !in.engine.locksRows {
			added, err = in.exec(ctx, st.addNumbers, digits(r.first), digits(r.last))
			return err
		}
		pooled, aliased := int64(0), []e164.Number(nil)
		if err := in.get(ctx, st.countNumbers, &pooled, r.first.String(), r.last.String()); err != nil {
			return err
		}
		if added = 0; pooled == r.size() {
			return nil
		}
		if aliased, err = in.aliasedNumbers(ctx, r); err != nil {
			return err
		}
		skip := newNumberSet(r)
		if pooled > 0 {
			if err := in.addPooled(ctx, r, skip); err != nil {
				return err
			}
		}
		if pool == Copies {
			added, err = in.copyRange(ctx, r, aliased, skip)
		} else {
			added, err = in.insertRange(ctx, r)
		}
		if err != nil || added == 0 {
			return err
		}
		removed, err := in.removeAliased(ctx, r, aliased, skip)
		added -= removed
		return err
	})
	return added, err
}

// insertRange adds a range by INSERT.
func (s *Store) insertRange(ctx context.Context, r numberSpan) (int64, error) {
	st := s.sql()
	if err := s.command(ctx, st.beforeAddNumbers.text); err != nil {
		return 0, err
	}
	n, err := s.exec(ctx, st.addNumbers, digits(r.first), digits(r.last))
	if err != nil {
		return 0, err
	}
	return n, s.command(ctx, st.afterAddNumbers.text)
}

// addPooled adds the numbers of a range that are in the pool to set.
func (s *Store) addPooled(ctx context.Context, r numberSpan, set numberSet) error {
	return s.query(ctx, s.sql().pooledNumbers, []any{r.first.String(), r.last.String()}, func(_ context.Context, rows *sql.Rows) error {
		n, err := scanNumber(rows)
		if err == nil {
			set.add(n)
		}
		return err
	})
}

// reservedSince returns the reserved numbers of a range that were not in the pool before.
func (s *Store) reservedSince(ctx context.Context, r numberSpan, pooled numberSet) (since []e164.Number, err error) {
	err = s.query(ctx, s.sql().reservedNumbers, []any{r.first.String(), r.last.String()}, func(_ context.Context, rows *sql.Rows) error {
		n, err := scanNumber(rows)
		if err == nil && !pooled.has(n) {
			since = append(since, n)
		}
		return err
	})
	return since, err
}

// copyRange adds a range by COPY, without the numbers to skip and those that aliases have.
func (s *Store) copyRange(ctx context.Context, r numberSpan, aliased []e164.Number, skip numberSet) (int64, error) {
	rows := &rangeReader{ctx: ctx, next: r.first, left: r.size(), skip: skip, aliased: aliased}
	query := s.raw("COPY ?numbers (number) FROM STDIN").text
	err := s.run(ctx, statement{pooling: pooling{frees: true}}, func(ctx context.Context, c runner) error {
		return s.copyFrom(ctx, s.tx.conn, query, rows)
	})
	return rows.rows, err
}

// aliasedNumbers returns the numbers of a range that aliases have, in order.
func (s *Store) aliasedNumbers(ctx context.Context, r numberSpan) ([]e164.Number, error) {
	all, err := list(ctx, s, s.sql().aliasedNumbers, scanNumber, r.first.String(), r.last.String())
	slices.SortFunc(all, e164.Number.Compare)
	return all, err
}

// removeAliased takes the lock of the pool, which makers of aliases have, and removes the numbers
// of which aliases were made since the aliases were read, except those that the pool had before. It
// also removes those that were given back since, and are cooling.
func (s *Store) removeAliased(ctx context.Context, r numberSpan, before []e164.Number, pooled numberSet) (removed int64, err error) {
	if err := s.lock(ctx, []hermes.Lock{hermes.LockPool()}); err != nil {
		return 0, err
	}
	now, err := s.aliasedNumbers(ctx, r)
	if err != nil {
		return 0, err
	}
	reserved, err := s.reservedSince(ctx, r, pooled)
	if err != nil {
		return 0, err
	}
	for _, n := range append(now, reserved...) {
		if _, was := slices.BinarySearchFunc(before, n, e164.Number.Compare); was || pooled.has(n) {
			continue
		}
		gone, err := s.exec(ctx, s.sql().removeAgain, n.String())
		if err != nil {
			return 0, err
		}
		removed += gone
	}
	return removed, nil
}

// rangeReader returns the numbers of a range as lines, until ctx ends.
type rangeReader struct {
	ctx     context.Context
	next    e164.Number
	left    int64
	skip    numberSet
	aliased []e164.Number // in order; those before next are cut off
	rows    int64
}

// Read implements [io.Reader]. It returns whole lines.
func (r *rangeReader) Read(p []byte) (n int, err error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	const longest = len("+123456789012345\n")
	line := p[:0]
	for r.left > 0 && len(line)+longest <= len(p) {
		if r.wanted() {
			line, _ = r.next.AppendText(line)
			line = append(line, '\n')
			r.rows++
		}
		r.next, _ = r.next.Offset(1)
		r.left--
	}
	switch {
	case len(line) > 0:
		return len(line), nil
	case r.left > 0:
		return 0, io.ErrShortBuffer
	}
	return 0, io.EOF
}

func (r *rangeReader) wanted() bool {
	if len(r.aliased) > 0 && r.aliased[0] == r.next {
		r.aliased = r.aliased[1:]
		return false
	}
	return !r.skip.has(r.next)
}
