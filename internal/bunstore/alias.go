package bunstore

import (
	"context"
	"database/sql"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// destination has the columns of a row's destination.
const destination = "username ?T AS username, domain ?T AS domain"

type aliasStatements struct {
	numberAliased, numberAliases statement
	numberHeld, aliasSite        statement
	addAlias, removeAlias        statement
	removeDestination            statement

	// The rest are for PostgreSQL, where one statement can write several tables.
	takeAlias, assignNumber, releaseNumber statement
}

// aliasAt selects the rows whose alias is $1@$2.
func (b *builder) aliasAt() *bun.SelectQuery {
	return b.NewSelect().Model((*dbaliasModel)(nil)).ColumnExpr("1").
		Where("?", b.alias(1))
}

// aliasesTo selects the rows that lead to $1@$2, with that domain in any case.
func (b *builder) aliasesTo() *bun.SelectQuery {
	return b.NewSelect().Model((*dbaliasModel)(nil)).ColumnExpr("1").Where("?", b.anyCase("a.username", "a.domain", 1))
}

// insertAlias inserts the alias $1@$2 that leads to $3@$4, once for each row of from.
func (b *builder) insertAlias(from *bun.SelectQuery) *bun.InsertQuery {
	q := b.NewInsert().Model((*dbaliasModel)(nil)).TableExpr("(?) AS v", from)
	for i, f := range columns(b.DB, (*dbaliasModel)(nil)) {
		from.ColumnExpr("? AS ?", text(i+1), bun.Ident(f.Name))
		q.Column(f.Name)
	}
	b.numberRow(q, "dbaliases", from)
	return q
}

func (b *builder) aliasStatements() aliasStatements {
	alias := (*dbaliasModel)(nil)
	add := func() *bun.InsertQuery { return b.insertAlias(b.NewSelect().Where("NOT EXISTS (?)", b.aliasAt())) }
	st := aliasStatements{
		numberAliased: b.statement(Data, b.NewSelect().ColumnExpr("EXISTS (?)", b.withNumber(text(1)))),
		numberAliases: b.statement(Data, b.NewSelect().ColumnExpr("EXISTS (?) AS found, EXISTS (?) AS in_use",
			b.aliasAt(), b.withNumber(text(1)).Where("a.alias_domain ?T <> ?", text(2)))),
		numberHeld: b.statement(Data, b.NewSelect().ColumnExpr("?", b.numberHeld())),
		aliasSite:  b.statement(Data, b.aliasSite()),

		addAlias:    b.numbered(Data, func() schema.QueryAppender { return add() }).takes(),
		removeAlias: b.statement(Data, b.NewDelete().Model(alias).Where("?", b.alias(1)).Returning(destination)).frees(),
		removeDestination: b.statement(Data, b.NewDelete().Model(alias).Where("?", b.alias(1)).
			Where("?", b.address("a.username", "a.domain", 3))).frees(),
	}
	if b.engine.writesInWith {
		st.takeAlias = b.numbered(Data, func() schema.QueryAppender { return b.takeAlias(add()) }).takes()
		st.assignNumber = b.numbered(Data, func() schema.QueryAppender { return b.assignNumber() }).takes()
		st.releaseNumber = b.statement(Data, b.releaseNumber()).frees()
	}
	return st
}

// aliasSite selects what decides about the alias $1@$2 that leads to $3@$4.
func (b *builder) aliasSite() *bun.SelectQuery {
	own := b.NewSelect().Model((*userModel)(nil)).ColumnExpr("1").Where(userHas, text(3), text(4))
	account := b.NewSelect().Model((*subscriberModel)(nil)).ColumnExpr("1").Where("?", b.account(3))
	number := b.NewSelect().Model((*dbaliasModel)(nil)).
		ColumnExpr("a.alias_username ?T ?C AS username, a.alias_domain ?T ?C AS domain").
		Where("?", b.anyCase("a.username", "a.domain", 3)).
		Where(b.engine.isNumber, bun.Safe("a.alias_username")).OrderExpr("username, domain").Limit(1)
	return b.NewSelect().ColumnExpr("(?) AS served", b.domainServed(text(2))).
		ColumnExpr("(?) AS destination_served", b.domainServed(text(4))).
		ColumnExpr("? AS holder", b.holder()).ColumnExpr("EXISTS (?) OR EXISTS (?) AS is_user", own, account).
		ColumnExpr("n.username, n.domain").TableExpr("(SELECT 1) AS k").Join("LEFT JOIN (?) AS n ON true", number)
}

// takeAlias adds the alias $1@$2 and deletes its number from the pool. It returns how many rows it
// added.
func (b *builder) takeAlias(add *bun.InsertQuery) *bun.SelectQuery {
	number := b.NewDelete().Model((*numberModel)(nil)).Where("n.number = ? AND EXISTS (SELECT 1 FROM added)", text(1))
	return b.NewSelect().With("added", add.Returning("1")).With("taken", number).
		ColumnExpr("(SELECT count(*) FROM added)")
}

// numberHeld is the condition that an alias of any domain, or a user of the domain $2 in any case,
// has the number $1.
func (b *builder) numberHeld() schema.QueryAppender {
	return bun.SafeQuery("(EXISTS (?) OR EXISTS (?) OR EXISTS (?))",
		b.withNumber(text(1)), b.accountWithNumber(text(1), 2), b.userWithNumber(text(1), 2))
}

// assignNumber deletes the number $1 from the pool and adds the alias $1@$2, unless the number is
// held. It returns an assignedRow.
func (b *builder) assignNumber() *bun.SelectQuery {
	pooled := b.NewSelect().Model((*numberModel)(nil)).ColumnExpr("1").Where("n.number = ?", text(1))
	taken := b.NewDelete().Model((*numberModel)(nil)).Where("n.number = ?", text(1)).
		Where("NOT ?", b.numberHeld()).Returning("n.number")
	return b.NewSelect().With("taken", taken).With("added", b.insertAlias(b.NewSelect().TableExpr("taken"))).
		ColumnExpr("EXISTS (SELECT 1 FROM taken) AS done, EXISTS (?) AS pooled, ? AS held", pooled, b.numberHeld())
}

// releaseNumber deletes the alias $1@$2 and puts $1 into the pool, unless an alias of another
// domain has it. It returns a releasedRow for each row that it deletes, or else one. A row that
// another transaction deletes meanwhile is seen and yet not there to delete.
func (b *builder) releaseNumber() *bun.SelectQuery {
	inUse := b.withNumber(text(1)).Where("a.alias_domain ?T <> ?", text(2))
	gone := b.NewDelete().Model((*dbaliasModel)(nil)).Where("?", b.alias(1)).
		Where("NOT EXISTS (?)", inUse).Returning(destination)
	pooled := b.NewInsert().Model((*numberModel)(nil)).Column("number").
		TableExpr("(SELECT ? AS number WHERE EXISTS (SELECT 1 FROM gone)) AS v", text(1)).On("CONFLICT DO NOTHING").Returning("NULL")
	return b.NewSelect().With("gone", gone).With("pooled", pooled).
		ColumnExpr("EXISTS (SELECT 1 FROM gone) OR EXISTS (?) AND EXISTS (?) AS found", b.aliasAt(), inUse).
		ColumnExpr("EXISTS (?) AS in_use", inUse).
		ColumnExpr("g.username, g.domain").TableExpr("(SELECT 1) AS k").Join("LEFT JOIN gone AS g ON true")
}

// siteOfAlias is what aliasSite selects.
type siteOfAlias struct {
	Served            bool          `bun:"served"`
	DestinationServed bool          `bun:"destination_served"`
	Holder            hermes.Holder `bun:"holder"`
	IsUser            bool          `bun:"is_user"`
	Username          string        `bun:"username"`
	Domain            string        `bun:"domain"`
}

func (r siteOfAlias) site() hermes.AliasSite {
	return hermes.AliasSite{
		Served: r.Served, DestinationServed: r.DestinationServed, Holder: r.Holder, IsUser: r.IsUser,
		NumberAlias: sip.Unchecked(r.Username, r.Domain),
	}
}

// AliasSite implements [hermes.Store].
func (s *Store) AliasSite(ctx context.Context, a hermes.Alias) (site hermes.AliasSite, err error) {
	var row siteOfAlias
	if err := s.get(ctx, s.sql().aliasSite, &row, s.args(newDBAlias(a))...); err != nil {
		return site, err
	}
	return row.site(), nil
}

// aliasLocks returns the locks for making an alias with that address. The table has no unique key.
func aliasLocks(a sip.Addr) []hermes.Lock {
	return []hermes.Lock{hermes.LockAddr(a), hermes.LockPool().AsShared()}
}

// AddAlias implements [hermes.Store].
func (s *Store) AddAlias(ctx context.Context, a hermes.Alias) error {
	locks := aliasLocks(a.Alias)
	n, err := e164.Parse(a.Alias.User())
	if err != nil {
		locks = locks[:1]
	}
	err = s.write(ctx, TxOptions{}, locks, func(in *Store) error {
		args := in.args(newDBAlias(a))
		if !in.engine.writesInWith || n.IsZero() {
			if err := in.change(ctx, in.sql().addAlias, hermes.Exists, args...); err != nil || n.IsZero() {
				return err
			}
			return in.change(ctx, in.sql().removeNumber, nil, n.String())
		}
		added := 0
		if err := in.get(ctx, in.sql().takeAlias, &added, args...); err != nil {
			return err
		}
		if added == 0 {
			return hermes.Exists
		}
		return nil
	})
	return s.tooLong(err, func() []columnText { return s.columnTexts(newDBAlias(a)) })
}

// assignedRow is what assignNumber did, and what it found before.
type assignedRow struct {
	Done   bool `bun:"done"`
	Pooled bool `bun:"pooled"`
	Held   bool `bun:"held"`
}

// AssignNumber implements [hermes.Store].
func (s *Store) AssignNumber(ctx context.Context, n e164.Number, a hermes.Alias) error {
	err := s.write(ctx, TxOptions{}, aliasLocks(a.Alias), func(in *Store) error {
		if !in.engine.writesInWith {
			has, err := in.HasNumber(ctx, n)
			if err != nil {
				return err
			}
			if !has {
				return hermes.NotFound
			}
			held := false
			if err := in.get(ctx, in.sql().numberHeld, &held, n.String(), a.Alias.Domain().String()); err != nil {
				return err
			}
			if held {
				return hermes.Exists
			}
			return in.AddAlias(ctx, a)
		}
		var row assignedRow
		if err := in.get(ctx, in.sql().assignNumber, &row, in.args(newDBAlias(a))...); err != nil {
			return err
		}
		switch {
		case row.Done:
			return nil
		case row.Pooled && row.Held:
			return hermes.Exists
		}
		return hermes.NotFound
	})
	return s.tooLong(err, func() []columnText { return s.columnTexts(newDBAlias(a)) })
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
func (s *Store) ReleaseNumber(ctx context.Context, n e164.Number, a sip.Addr) (destinations []sip.Addr, err error) {
	err = s.write(ctx, TxOptions{}, []hermes.Lock{hermes.LockAddr(a)}, func(in *Store) error {
		if !in.engine.writesInWith {
			destinations, err = in.releaseNumber(ctx, n, a)
			return err
		}
		var row releasedRow
		destinations = nil
		err := in.query(ctx, in.sql().releaseNumber, []any{n.String(), a.Domain().String()},
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
func (s *Store) releaseNumber(ctx context.Context, n e164.Number, a sip.Addr) ([]sip.Addr, error) {
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
	if err := s.AddNumber(ctx, n); err != nil && err != error(hermes.Exists) {
		return nil, err
	}
	return destinations, nil
}

// RemoveAlias implements [hermes.Store].
func (s *Store) RemoveAlias(ctx context.Context, a sip.Addr) (destinations []sip.Addr, err error) {
	err = s.write(ctx, TxOptions{}, nil, func(in *Store) error {
		destinations, err = list(ctx, in, in.sql().removeAlias, scanDestination, a.User(), a.Domain().String())
		if err == nil && len(destinations) == 0 {
			err = hermes.NotFound
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return sortedAddrs(destinations), nil
}

// RemoveDestination implements [hermes.Store].
func (s *Store) RemoveDestination(ctx context.Context, a hermes.Alias) error {
	return s.change(ctx, s.sql().removeDestination, hermes.NotFound, s.args(newDBAlias(a))...)
}

// scanDestination reads the columns of destination.
func scanDestination(rows *sql.Rows) (sip.Addr, error) {
	var username, domain string
	err := rows.Scan(&username, &domain)
	return sip.Unchecked(username, domain), err
}

// sortedAddrs returns addresses in order, each once.
func sortedAddrs(all []sip.Addr) []sip.Addr {
	slices.SortFunc(all, sip.Addr.Compare)
	return slices.Compact(all)
}

// NumberAliased implements [hermes.Store].
func (s *Store) NumberAliased(ctx context.Context, n e164.Number) (used bool, err error) {
	return used, s.get(ctx, s.sql().numberAliased, &used, n.String())
}
