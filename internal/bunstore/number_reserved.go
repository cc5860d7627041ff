package bunstore

import (
	"context"
	"sync"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

// reservedStatements move numbers whose time has passed from the table of the reserved ones to that
// of the free ones: those in the range of $1 to $3 whose time is not after $4.
type reservedStatements struct {
	overNumbers statement // lists some
	nextUntil   statement // when the next one's time passes after $1

	// These are for PostgreSQL. The second waits for rows that are locked.
	freeOver, freeOverWaiting statement
	// These are for SQLite, one after the other.
	addOverNumbers, removeOverNumbers statement
}

// maxOver is how many numbers are freed at once.
const maxOver = 1000

// over selects the reserved numbers whose time is not after the argument now, by an index, however
// many other numbers are reserved.
func (b *builder) over(now place) schema.QueryAppender { return bun.SafeQuery(b.engine.over, now) }

// overMatching selects the first n of the reserved numbers that match and whose time has passed.
func (b *builder) overMatching(n int64) *bun.SelectQuery {
	// In a CASE, the condition on the number does not make PostgreSQL take the index of the numbers.
	return b.NewSelect().TableExpr(b.engine.reservedByTime).ColumnExpr("n.number").Where(b.engine.isOver, place(4)).
		Where("CASE WHEN "+inRange+" THEN true ELSE false END", text(1), text(2), text(3)).
		OrderExpr("n.until, n.number").Limit(n)
}

func (b *builder) reservedStatements() reservedStatements {
	reserved := (*reservedModel)(nil)
	st := reservedStatements{
		overNumbers: b.statement(Data, b.overMatching(maxOver)),
		nextUntil:   b.statement(Data, b.NewSelect().Model(reserved).ColumnExpr("min(r.until)").Where("r.until > ?", place(1))),
	}
	if b.engine.writesInWith {
		free := func(rows *bun.SelectQuery) statement {
			return b.statement(Data, bun.SafeQuery(freeOver, rows, place(4)))
		}
		st.freeOver = free(b.passLocked(b.overMatching(maxOver)))
		st.freeOverWaiting = free(b.overMatching(1).For("UPDATE"))
		return st
	}
	st.addOverNumbers = b.statement(Data, bun.SafeQuery(
		"INSERT INTO ?numbers (number) SELECT v.number FROM (?) AS v WHERE true ON CONFLICT DO NOTHING", b.overMatching(maxOver)))
	st.removeOverNumbers = b.statement(Data, b.NewDelete().Model(reserved).Where("r.number IN (?)", b.overMatching(maxOver)))
	return st
}

// freeOver returns a freedRow.
const freeOver = `WITH over AS (DELETE FROM ?reserved_numbers AS r WHERE r.number IN (?0) RETURNING r.number),
	freed AS (INSERT INTO ?numbers (number) SELECT o.number FROM over AS o ON CONFLICT DO NOTHING)
	SELECT (SELECT count(*) FROM over) AS freed, (SELECT min(r.until) FROM ?reserved_numbers AS r WHERE r.until > ?1) AS next`

// freedRow is how many numbers were freed, and when the time of the next one passes.
type freedRow struct {
	Freed int64 `bun:"freed"`
	Next  stamp `bun:"next"` // zero if there is none
}

// reservations remembers when the time of the next reserved number passes, so that a take does not
// ask for that each time. Other processes reserve numbers, too: it is asked for again after
// lookInterval.
type reservations struct {
	mu      sync.Mutex
	changes int64     // how often this process has reserved numbers
	looked  time.Time // by the clock of the process; zero if nothing is known
	next    time.Time // by the clock of the callers; zero if there is none

	// Transactions that have reserved numbers, until what they did is known here: others may see it
	// before. pendingUntil is the first time until which one of them has.
	pending      int
	pendingUntil time.Time
}

// freeing is what a transaction has to say to the reservations when it is committed.
type freeing struct {
	reserved time.Time // the first time until which it has reserved a number; zero if it has none
	pends    bool      // the reservations are told of that before the commit, and of the end
	looked   bool
	changes  int64 // those when it looked
	next     time.Time
}

// mayPass reports whether the time of a number may have passed.
func (r *reservations) mayPass(now, clock time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.looked.IsZero() || clock.Sub(r.looked) >= lookInterval || !r.next.IsZero() && !r.next.After(now) ||
		r.pending > 0 && !r.pendingUntil.After(now)
}

// begun tells that a transaction, which had told of the time before unless that is zero, reserves a
// number until a time.
func (r *reservations) begun(before, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending == 0 || until.Before(r.pendingUntil) {
		r.pendingUntil = until
	}
	if before.IsZero() {
		r.pending++
	}
}

// ended tells that a transaction that has told of a time has ended.
func (r *reservations) ended() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending--
}

func (r *reservations) count() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changes
}

// committed tells what a transaction has done. What it has found does not count if another one has
// reserved a number meanwhile.
func (r *reservations) committed(f freeing, clock time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.looked && f.changes == r.changes {
		r.looked, r.next = clock, f.next
	}
	if !f.reserved.IsZero() {
		r.changes++
		if r.next.IsZero() || f.reserved.Before(r.next) {
			r.next = f.reserved
		}
	}
}

// reserves notes that the transaction of s reserves a number.
func (s *Store) reserves(until time.Time) {
	f := &s.tx.freeing
	if !f.reserved.IsZero() && !until.Before(f.reserved) {
		return
	}
	if f.pends {
		s.reservations.begun(f.reserved, until)
	}
	f.reserved = until
}

// mayBeOver reports whether the time of a reserved number may have passed.
func (s *Store) mayBeOver(now time.Time) bool {
	if s.tx != nil {
		if own := s.tx.freeing.reserved; !own.IsZero() && !own.After(now) {
			return true
		}
	}
	return s.reservations.mayPass(now, s.heads.now())
}

// freeOver makes numbers free whose time has passed, unless it is known that there are none. There
// may be more than it frees.
func (s *Store) freeOver(ctx context.Context, now time.Time) error {
	if !s.mayBeOver(now) {
		return nil
	}
	changes := s.reservations.count()
	row, err := s.freeOverIn(ctx, numberPart{}, now, s.sql().freeOver)
	if err == nil {
		f := &s.tx.freeing
		f.looked, f.changes, f.next = true, changes, time.Time(row.Next)
		if row.Freed == maxOver {
			f.next = now
		}
	}
	return err
}

// freeOverIn makes numbers of a part free whose time has passed. st is used in PostgreSQL.
func (s *Store) freeOverIn(ctx context.Context, part numberPart, now time.Time, st statement) (row freedRow, err error) {
	args := append(part.args(""), moment(now))
	if s.engine.writesInWith {
		err = s.get(ctx, st, &row, args...)
	} else {
		if _, err := s.exec(ctx, s.sql().addOverNumbers, args...); err != nil {
			return row, err
		}
		if row.Freed, err = s.exec(ctx, s.sql().removeOverNumbers, append(part.args(""), moment(now))...); err != nil {
			return row, err
		}
		err = s.get(ctx, s.sql().nextUntil, &row.Next, moment(now))
	}
	if row.Freed > 0 {
		s.tx.pooling.frees = true
	}
	return row, err
}

// freeSome makes numbers of a part free of which someFree has said that their time has passed. If
// other transactions have locked all of them, it waits for one.
func (s *Store) freeSome(ctx context.Context, part numberPart, now time.Time) error {
	row, err := s.freeOverIn(ctx, part, now, s.sql().freeOver)
	if err == nil && row.Freed == 0 && s.engine.locksRows {
		_, err = s.freeOverIn(ctx, part, now, s.sql().freeOverWaiting)
	}
	return err
}

// sweepOver makes all numbers free whose time has passed, in several transactions.
func (s *Store) sweepOver(ctx context.Context, now time.Time) error {
	for {
		var row freedRow
		err := s.write(ctx, TxOptions{}, nil, func(in *Store) (err error) {
			row, err = in.freeOverIn(ctx, numberPart{}, now, in.sql().freeOver)
			return err
		})
		if err != nil || row.Freed < maxOver {
			return err
		}
	}
}

// moment returns a time to compare with, of which the zero time is none: columns have NULL for it.
func moment(t time.Time) stamp {
	if t.IsZero() {
		return stamp(time.Unix(0, 0))
	}
	return stamp(t)
}

// placeRow is what a number is in the pool.
type placeRow struct {
	Free       bool   `bun:"free"`
	Until      stamp  `bun:"until"` // zero if the number is not reserved
	HolderKind string `bun:"holder_kind"`
	HolderName string `bun:"holder_name"`
}

// place selects a placeRow for the number of an argument, without SELECT.
func (b *builder) place(number text) schema.QueryAppender {
	return bun.SafeQuery(`EXISTS (SELECT 1 FROM ?numbers AS n WHERE n.number = ?0) AS free, r.until, r.holder_kind, r.holder_name
		FROM (SELECT 1) AS k LEFT JOIN ?reserved_numbers AS r ON r.number = ?0`, number)
}

// at returns what the number n is at a time, or the zero PooledNumber.
func (r placeRow) at(n e164.Number, now time.Time) hermes.PooledNumber {
	until := time.Time(r.Until)
	switch {
	case r.Free, !until.IsZero() && !until.After(now):
		return hermes.PooledNumber{Number: n, State: hermes.NumberFree}
	case until.IsZero():
		return hermes.PooledNumber{}
	case r.HolderKind == "":
		return hermes.PooledNumber{Number: n, State: hermes.NumberCooling, Until: until}
	}
	holder := hermes.Principal{Kind: hermes.PrincipalKind(r.HolderKind), Name: r.HolderName}
	return hermes.PooledNumber{Number: n, State: hermes.NumberHeld, Until: until, Holder: holder}
}

// PooledNumber implements [hermes.Store].
func (s *Store) PooledNumber(ctx context.Context, n e164.Number, now time.Time) (p hermes.PooledNumber, err error) {
	var row placeRow
	if err := s.get(ctx, s.sql().pooledNumber, &row, n.String()); err != nil {
		return p, err
	}
	if p = row.at(n, now); p.State == "" {
		return p, hermes.NotFound
	}
	return p, nil
}
