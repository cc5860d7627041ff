package bunstore

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// takeAlias adds the alias $1@$2 and takes its number out of the pool, unless it is reserved for
// another than the principal $6 $7 at the time $5. It returns a takenRow.
func (b *builder) takeAlias(from *bun.SelectQuery) *bun.SelectQuery {
	reserved := b.NewSelect().Model((*reservedModel)(nil)).ColumnExpr("1").Where("r.number = ? AND NOT ?", text(1), b.usable(5))
	added := b.insertAlias(from.Where("NOT EXISTS (?)", reserved))
	const also = "EXISTS (SELECT 1 FROM added)"
	free := b.NewDelete().Model((*numberModel)(nil)).Where("n.number = ? AND "+also, text(1)).Returning("1")
	used := b.NewDelete().Model((*reservedModel)(nil)).Where("r.number = ? AND "+also, text(1)).Returning("1")
	return b.NewSelect().With("added", added.Returning("1")).With("freed", free).With("used", used).
		ColumnExpr(also+" AS done, EXISTS (SELECT 1 FROM freed) OR EXISTS (SELECT 1 FROM used) AS gone, EXISTS (?) AS aliased, ?",
			b.aliasAt(), b.place(1))
}

// numberUsed is the condition that an alias of any domain, or a user of the domain $2 in any case,
// has the number $1.
func (b *builder) numberUsed() schema.QueryAppender {
	return bun.SafeQuery("(EXISTS (?) OR EXISTS (?) OR EXISTS (?))",
		b.withNumber(text(1)), b.accountWithNumber(text(1), 2), b.userWithNumber(text(1), 2))
}

// assignNumber takes the number $1 out of the pool and adds the alias $1@$2, unless the number is
// used, or reserved for another than the principal $6 $7 at the time $5. It returns a takenRow.
func (b *builder) assignNumber() *bun.SelectQuery {
	free := b.NewDelete().Model((*numberModel)(nil)).Where("n.number = ?", text(1)).
		Where("NOT ?", b.numberUsed()).Returning("n.number")
	reserved := b.NewDelete().Model((*reservedModel)(nil)).Where("r.number = ?", text(1)).Where("?", b.usable(5)).
		Where("NOT ?", b.numberUsed()).Returning("r.number")
	return b.NewSelect().With("freed", free).With("used", reserved).
		With("added", b.insertAlias(b.NewSelect().TableExpr("(SELECT number FROM freed UNION SELECT number FROM used) AS w"))).
		ColumnExpr("EXISTS (SELECT 1 FROM freed) OR EXISTS (SELECT 1 FROM used) AS done, ? AS aliased, ?", b.numberUsed(), b.place(1))
}

// releaseNumber deletes the alias $1@$2 and puts $1 into the pool, cooling until $3 if that is not
// NULL, unless an alias of another domain has it. The time is $4. It returns a releasedRow for each
// row that it deletes, or else one. A row that another transaction deletes meanwhile is seen and
// yet not there to delete.
func (b *builder) releaseNumber() schema.QueryAppender {
	inUse := b.withNumber(text(1)).Where("a.alias_domain ?T <> ?", text(2))
	gone := b.NewDelete().Model((*dbaliasModel)(nil)).Where("?", b.alias(1)).
		Where("NOT EXISTS (?)", inUse).Returning(destination)
	return bun.SafeQuery(releaseNumber, text(1), place(3), gone, b.aliasAt(), inUse, place(4))
}

// releaseNumber is for PostgreSQL. A free number cools down, too.
const releaseNumber = `WITH gone AS (?2),
	free AS (DELETE FROM ?numbers AS n
		WHERE n.number = ?0 AND ?1::pg_catalog.timestamptz IS NOT NULL AND EXISTS (SELECT 1 FROM gone)),
	freed AS (INSERT INTO ?numbers (number) SELECT ?0 WHERE EXISTS (SELECT 1 FROM gone) AND ?1::pg_catalog.timestamptz IS NULL
		AND NOT EXISTS (SELECT 1 FROM ?reserved_numbers AS r WHERE r.number = ?0) ON CONFLICT DO NOTHING),
	cooling AS (INSERT INTO ?reserved_numbers AS r (number, until, holder_kind, holder_name)
		SELECT ?0, ?1::pg_catalog.timestamptz, '', '' WHERE EXISTS (SELECT 1 FROM gone) AND ?1::pg_catalog.timestamptz IS NOT NULL
		ON CONFLICT (number) DO UPDATE SET until = EXCLUDED.until, holder_kind = '', holder_name = ''
		WHERE r.until <= ?5 OR r.holder_kind = '' AND r.until < EXCLUDED.until)
	SELECT EXISTS (SELECT 1 FROM gone) OR EXISTS (?3) AND EXISTS (?4) AS found, EXISTS (?4) AS in_use, g.username, g.domain
	FROM (SELECT 1) AS k LEFT JOIN gone AS g ON true`

// alias stores an alias whose address is free, in the transaction of s.
func (s *Store) alias(ctx context.Context, a hermes.Alias) error {
	return s.change(ctx, s.sql().addAlias, hermes.Exists, s.args(newDBAlias(a))...)
}

// useArgs returns the arguments of a statement about an alias whose number is used.
func (s *Store) useArgs(a hermes.Alias, use hermes.NumberUse) []any {
	return append(s.args(newDBAlias(a)), moment(use.Now), string(use.By.Kind), use.By.Name)
}

// takenRow is what takeAlias or assignNumber did, and what the number was before. Aliased says that
// the alias exists, or that the number is used.
type takenRow struct {
	placeRow

	Done    bool `bun:"done"`
	Gone    bool `bun:"gone"` // only of takeAlias: the number has left the pool
	Aliased bool `bun:"aliased"`
}

// AddAlias implements [hermes.Store].
func (s *Store) AddAlias(ctx context.Context, a hermes.Alias, use hermes.NumberUse) (before hermes.PooledNumber, err error) {
	locks := aliasLocks(a.Alias)
	n, err := e164.Parse(a.Alias.User())
	if err != nil {
		locks = locks[:1]
	}
	err = s.write(ctx, TxOptions{}, locks, func(in *Store) (err error) {
		before = hermes.PooledNumber{}
		switch {
		case n.IsZero():
			return in.alias(ctx, a)
		case in.engine.writesInWith:
			before, err = in.takeAlias(ctx, n, a, use)
		default:
			before, err = in.aliasAndUnpool(ctx, n, a, use)
		}
		return err
	})
	return before, s.tooLong(err, func() []columnText { return s.columnTexts(newDBAlias(a)) })
}

func (s *Store) takeAlias(ctx context.Context, n e164.Number, a hermes.Alias, use hermes.NumberUse) (hermes.PooledNumber, error) {
	for {
		var row takenRow
		if err := s.get(ctx, s.sql().takeAlias, &row, s.useArgs(a, use)...); err != nil {
			return hermes.PooledNumber{}, err
		}
		before := row.at(n, use.Now)
		switch {
		case row.Done && before.State != "" && !row.Gone:
			// Another transaction has moved it to the free ones, or taken it.
			removed, err := s.exec(ctx, s.sql().removeFree, n.String())
			if before = (hermes.PooledNumber{}); removed > 0 {
				before = hermes.PooledNumber{Number: n, State: hermes.NumberFree}
			}
			return before, err
		case row.Done:
			return before, nil
		case row.Aliased:
			return hermes.PooledNumber{}, hermes.Exists
		case before.CheckUse(use) == error(hermes.InUse):
			return before, hermes.InUse
		}
	}
}

// aliasAndUnpool is takeAlias by several statements.
func (s *Store) aliasAndUnpool(ctx context.Context, n e164.Number, a hermes.Alias, use hermes.NumberUse) (before hermes.PooledNumber, err error) {
	before, err = s.PooledNumber(ctx, n, use.Now)
	if err != nil && err != error(hermes.NotFound) {
		return before, err
	}
	if before.CheckUse(use) != error(hermes.InUse) {
		return before, firstOf(func() error { return s.alias(ctx, a) }, func() error { return s.unpool(ctx, n) })
	}
	found := false
	if err := s.get(ctx, s.sql().hasAlias, &found, a.Alias.User(), a.Alias.Domain().String()); err != nil {
		return before, err
	}
	if found {
		return hermes.PooledNumber{}, hermes.Exists
	}
	return before, hermes.InUse
}

// AssignNumber implements [hermes.Store].
func (s *Store) AssignNumber(
	ctx context.Context, n e164.Number, a hermes.Alias, use hermes.NumberUse,
) (before hermes.PooledNumber, err error) {
	err = s.write(ctx, TxOptions{}, aliasLocks(a.Alias), func(in *Store) (err error) {
		if !in.engine.writesInWith {
			before, err = in.assignByTwo(ctx, n, a, use)
			return err
		}
		for {
			var row takenRow
			if err := in.get(ctx, in.sql().assignNumber, &row, in.useArgs(a, use)...); err != nil {
				return err
			}
			before = row.at(n, use.Now)
			switch {
			case row.Done:
				return nil
			case before.State == "":
				return hermes.NotFound
			case row.Aliased:
				return hermes.Exists
			}
			if err := before.CheckUse(use); err != nil {
				return err
			}
		}
	})
	return before, s.tooLong(err, func() []columnText { return s.columnTexts(newDBAlias(a)) })
}

// assignByTwo is AssignNumber by several statements.
func (s *Store) assignByTwo(ctx context.Context, n e164.Number, a hermes.Alias, use hermes.NumberUse) (before hermes.PooledNumber, err error) {
	if before, err = s.PooledNumber(ctx, n, use.Now); err != nil {
		return before, err
	}
	used := false
	if err := s.get(ctx, s.sql().numberUsed, &used, n.String(), a.Alias.Domain().String()); err != nil {
		return before, err
	}
	if used {
		return before, hermes.Exists
	}
	return before, firstOf(func() error { return before.CheckUse(use) },
		func() error { return s.alias(ctx, a) }, func() error { return s.unpool(ctx, n) })
}

// releasedRow is what releaseNumber found, and the destination of a row that it deleted.
type releasedRow struct {
	Found    bool   `bun:"found"`
	InUse    bool   `bun:"in_use"`
	Username string `bun:"username"`
	Domain   string `bun:"domain"`
}

func (r releasedRow) cause() error {
	switch {
	case !r.Found:
		return hermes.NotFound
	case r.InUse:
		return hermes.InUse
	}
	return nil
}

// ReleaseNumber implements [hermes.Store].
func (s *Store) ReleaseNumber(
	ctx context.Context, n e164.Number, a sip.Addr, q hermes.Quarantine,
) (destinations []sip.Addr, err error) {
	locks := []hermes.Lock{hermes.LockAddr(a)}
	if !q.Until.IsZero() {
		// For AddNumbers, which adds no number that cools down.
		locks = append(locks, hermes.LockPool().AsShared())
	}
	err = s.write(ctx, TxOptions{}, locks, func(in *Store) error {
		if !q.Until.IsZero() {
			in.reserves(q.Until)
		}
		if !in.engine.writesInWith {
			destinations, err = in.releaseNumber(ctx, n, a, q)
			return err
		}
		var row releasedRow
		destinations = nil
		err := in.query(ctx, in.sql().releaseNumber, []any{n.String(), a.Domain().String(), stamp(q.Until), moment(q.Now)},
			func(ctx context.Context, rows *sql.Rows) error {
				row = releasedRow{}
				err := in.db.ScanRow(ctx, rows, &row)
				destinations = append(destinations, sip.Unchecked(row.Username, row.Domain))
				return err
			})
		if err != nil {
			return err
		}
		return row.cause()
	})
	if err != nil {
		return nil, err
	}
	return sortedAddrs(destinations), nil
}

// releaseNumber is ReleaseNumber by several statements, in the transaction of s.
func (s *Store) releaseNumber(ctx context.Context, n e164.Number, a sip.Addr, q hermes.Quarantine) ([]sip.Addr, error) {
	var row releasedRow
	if err := s.get(ctx, s.sql().numberAliases, &row, n.String(), a.Domain().String()); err != nil {
		return nil, err
	}
	if err := row.cause(); err != nil {
		return nil, err
	}
	destinations, err := s.RemoveAlias(ctx, a)
	if err != nil {
		return nil, err
	}
	var place placeRow
	if err := s.get(ctx, s.sql().pooledNumber, &place, n.String()); err != nil {
		return nil, err
	}
	switch before := place.at(n, q.Now); {
	case q.Until.IsZero() && before.State == "":
		_, err = s.exec(ctx, s.sql().addFree, n.String())
	case !q.Until.IsZero() && before.State != hermes.NumberHeld && before.Until.Before(q.Until):
		err = s.reserve(ctx, n, q.Until, hermes.Principal{})
	}
	return destinations, err
}
