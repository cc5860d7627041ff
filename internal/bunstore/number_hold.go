package bunstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
)

// A number is in one of two tables, or in none. Whoever puts one into the table of reserved numbers
// has its lock, and takes it out of the other table by the same statement; whoever takes one out
// there needs no lock. A statement may see a number in one table while another transaction has
// moved it to the other one. It changes nothing then, and runs again.

// oneNumberStatements sets the statements for PostgreSQL about the number $1. They return a
// usedRow. $2 is the time, $3 and $4 the principal, and $5 the time until which a number is held.
func (b *builder) oneNumberStatements(st *numberStatements) {
	one := func(query string, args ...any) statement {
		return b.statement(Data, bun.SafeQuery(query, append([]any{text(1), b.place(1), place(2)}, args...)...))
	}
	st.removeNumber = one(removeNumber, b.usable(2)).takes()
	st.addNumber = one(addNumber).frees()
	st.unholdNumber = one(unholdNumber, text(3), text(4)).frees()
	st.holdNumber = one(holdNumber, b.usable(2), text(3), text(4), place(5), b.withNumber(text(1))).takes()
}

// usable is the condition that the reserved number r can be taken at the time of the argument now,
// after which come the kind and the name of the principal.
func (b *builder) usable(now int) schema.QueryAppender {
	return bun.SafeQuery("(r.until <= ? OR r.holder_kind <> '' AND r.holder_kind = ? AND r.holder_name = ?)",
		place(now), text(now+1), text(now+2))
}

const removeNumber = `WITH free AS (DELETE FROM ?numbers AS n WHERE n.number = ?0 RETURNING 1),
	reserved AS (DELETE FROM ?reserved_numbers AS r WHERE r.number = ?0 AND ?3 RETURNING 1)
	SELECT EXISTS (SELECT 1 FROM free) OR EXISTS (SELECT 1 FROM reserved) AS done, ?1`

const addNumber = `WITH cooling AS (DELETE FROM ?reserved_numbers AS r
		WHERE r.number = ?0 AND r.until > ?2 AND r.holder_kind = '' RETURNING 1),
	added AS (INSERT INTO ?numbers (number) SELECT ?0
		WHERE EXISTS (SELECT 1 FROM cooling) OR NOT EXISTS (SELECT 1 FROM ?reserved_numbers AS r WHERE r.number = ?0)
		ON CONFLICT DO NOTHING RETURNING 1)
	SELECT EXISTS (SELECT 1 FROM added) AS done, ?1`

const unholdNumber = `WITH held AS (DELETE FROM ?reserved_numbers AS r
		WHERE r.number = ?0 AND r.until > ?2 AND r.holder_kind <> ''
			AND (?3 = '' OR r.holder_kind = ?3 AND r.holder_name = ?4) RETURNING 1),
	freed AS (INSERT INTO ?numbers (number) SELECT ?0 WHERE EXISTS (SELECT 1 FROM held) ON CONFLICT DO NOTHING)
	SELECT EXISTS (SELECT 1 FROM held) AS done, ?1`

const holdNumber = `WITH free AS (DELETE FROM ?numbers AS n WHERE n.number = ?0 AND NOT EXISTS (?7) RETURNING n.number),
	renewed AS (UPDATE ?reserved_numbers AS r SET until = ?6, holder_kind = ?4, holder_name = ?5
		WHERE r.number = ?0 AND ?3 AND NOT EXISTS (?7) RETURNING 1),
	added AS (INSERT INTO ?reserved_numbers (number, until, holder_kind, holder_name) SELECT f.number, ?6, ?4, ?5 FROM free AS f)
	SELECT EXISTS (SELECT 1 FROM free) OR EXISTS (SELECT 1 FROM renewed) AS done, EXISTS (?7) AS aliased, ?1`

// usedRow is what a statement about a number did, and what the number was before.
type usedRow struct {
	placeRow

	Done    bool `bun:"done"`
	Aliased bool `bun:"aliased"` // only of holdNumber
}

// numberChange is a change of one number of the pool.
type numberChange struct {
	n   e164.Number
	now time.Time
	// st is run in PostgreSQL, with the number, the time and args, until it has changed something or
	// refuse returns why not.
	st   statement
	args []any
	// refuse returns why the number cannot be changed. Some statements say that an alias has it.
	refuse func(before hermes.PooledNumber, aliased bool) error
	// change makes the change by several statements, where no other transaction writes.
	change func() error
	// aliased is set if refuse wants to know that without a statement that says so.
	aliased bool
}

// changeNumber makes the change in the transaction of s and returns what the number was before.
func (s *Store) changeNumber(ctx context.Context, c numberChange) (before hermes.PooledNumber, err error) {
	for {
		var row usedRow
		if s.engine.writesInWith {
			err = s.get(ctx, c.st, &row, append([]any{c.n.String(), moment(c.now)}, c.args...)...)
		} else {
			err = s.get(ctx, s.sql().pooledNumber, &row.placeRow, c.n.String())
		}
		if err != nil {
			return before, err
		}
		before = row.at(c.n, c.now)
		if row.Done {
			return before, nil
		}
		if err := c.refuse(before, row.Aliased || c.aliased); err != nil {
			return before, err
		}
		if !s.engine.writesInWith {
			return before, c.change()
		}
	}
}

// firstOf calls functions until one of them returns an error.
func firstOf(all ...func() error) error {
	for _, f := range all {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// unpool takes a number out of the pool, by two statements.
func (s *Store) unpool(ctx context.Context, n e164.Number) error {
	if _, err := s.exec(ctx, s.sql().removeFree, n.String()); err != nil {
		return err
	}
	_, err := s.exec(ctx, s.sql().removeReserved, n.String())
	return err
}

// reserve makes a number held or cooling, by three statements.
func (s *Store) reserve(ctx context.Context, n e164.Number, until time.Time, holder hermes.Principal) error {
	if err := s.unpool(ctx, n); err != nil {
		return err
	}
	row := &reservedModel{Number: n, Until: stamp(until), HolderKind: string(holder.Kind), HolderName: holder.Name}
	_, err := s.exec(ctx, s.sql().setReserved, s.args(row)...)
	return err
}

// free makes a reserved number free, by two statements.
func (s *Store) free(ctx context.Context, n e164.Number) error {
	if _, err := s.exec(ctx, s.sql().removeReserved, n.String()); err != nil {
		return err
	}
	_, err := s.exec(ctx, s.sql().addFree, n.String())
	return err
}

func lockNumber(n e164.Number) []hermes.Lock { return []hermes.Lock{hermes.LockNumber(n)} }

// RemoveNumber implements [hermes.Store].
func (s *Store) RemoveNumber(ctx context.Context, n e164.Number, use hermes.NumberUse) (before hermes.PooledNumber, err error) {
	err = s.write(ctx, TxOptions{}, nil, func(in *Store) (err error) {
		before, err = in.changeNumber(ctx, numberChange{
			n: n, now: use.Now, st: in.sql().removeNumber, args: []any{string(use.By.Kind), use.By.Name},
			refuse: func(p hermes.PooledNumber, _ bool) error { return p.CheckUse(use) },
			change: func() error { return in.unpool(ctx, n) },
		})
		return err
	})
	return before, err
}

// AddNumber implements [hermes.Store].
func (s *Store) AddNumber(ctx context.Context, n e164.Number, now time.Time) (before hermes.PooledNumber, err error) {
	refuse := func(p hermes.PooledNumber, _ bool) error {
		switch p.State {
		case hermes.NumberFree:
			return hermes.Exists
		case hermes.NumberHeld:
			return hermes.InUse
		}
		return nil
	}
	err = s.write(ctx, TxOptions{}, lockNumber(n), func(in *Store) (err error) {
		before, err = in.changeNumber(ctx, numberChange{
			n: n, now: now, st: in.sql().addNumber, refuse: refuse, change: func() error { return in.free(ctx, n) },
		})
		if err == nil && before.State == hermes.NumberFree { // another transaction has taken it meanwhile
			before = hermes.PooledNumber{}
		}
		return err
	})
	return before, err
}

// HoldNumber implements [hermes.Store].
func (s *Store) HoldNumber(
	ctx context.Context, n e164.Number, use hermes.NumberUse, until time.Time,
) (before hermes.PooledNumber, err error) {
	err = s.write(ctx, TxOptions{}, lockNumber(n), func(in *Store) (err error) {
		before, err = in.hold(ctx, n, use, until)
		return err
	})
	return before, err
}

// hold is HoldNumber in the transaction of s, which has the number's lock.
func (s *Store) hold(ctx context.Context, n e164.Number, use hermes.NumberUse, until time.Time) (p hermes.PooledNumber, err error) {
	s.reserves(until)
	aliased := false
	if !s.engine.writesInWith {
		if aliased, err = s.NumberAliased(ctx, n); err != nil {
			return p, err
		}
	}
	return s.changeNumber(ctx, numberChange{
		n: n, now: use.Now, st: s.sql().holdNumber, args: []any{string(use.By.Kind), use.By.Name, stamp(until)},
		refuse: func(p hermes.PooledNumber, aliased bool) error {
			if err := p.CheckUse(use); err != nil || !aliased {
				return err
			}
			return hermes.InUse
		},
		change:  func() error { return s.reserve(ctx, n, until, use.By) },
		aliased: aliased,
	})
}

// UnholdNumber implements [hermes.Store].
func (s *Store) UnholdNumber(ctx context.Context, n e164.Number, use hermes.NumberUse) (before hermes.PooledNumber, err error) {
	refuse := func(p hermes.PooledNumber, _ bool) error {
		if p.State != hermes.NumberHeld || use.By != (hermes.Principal{}) && use.By != p.Holder {
			return hermes.NotFound
		}
		return nil
	}
	err = s.write(ctx, TxOptions{}, lockNumber(n), func(in *Store) (err error) {
		before, err = in.changeNumber(ctx, numberChange{
			n: n, now: use.Now, st: in.sql().unholdNumber, args: []any{string(use.By.Kind), use.By.Name},
			refuse: refuse, change: func() error { return in.free(ctx, n) },
		})
		return err
	})
	return before, err
}
