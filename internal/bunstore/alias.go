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
	hasAlias                     statement
	numberUsed, aliasSite        statement
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
	from := func() *bun.SelectQuery { return b.NewSelect().Where("NOT EXISTS (?)", b.aliasAt()) }
	st := aliasStatements{
		hasAlias:      b.statement(Data, b.NewSelect().ColumnExpr("EXISTS (?)", b.aliasAt())),
		numberAliased: b.statement(Data, b.NewSelect().ColumnExpr("EXISTS (?)", b.withNumber(text(1)))),
		numberAliases: b.statement(Data, b.NewSelect().ColumnExpr("EXISTS (?) AS found, EXISTS (?) AS in_use",
			b.aliasAt(), b.withNumber(text(1)).Where("a.alias_domain ?T <> ?", text(2)))),
		numberUsed: b.statement(Data, b.NewSelect().ColumnExpr("?", b.numberUsed())),
		aliasSite:  b.statement(Data, b.aliasSite()),

		addAlias:    b.numbered(Data, func() schema.QueryAppender { return b.insertAlias(from()) }).takes(),
		removeAlias: b.statement(Data, b.NewDelete().Model(alias).Where("?", b.alias(1)).Returning(destination)).frees(),
		removeDestination: b.statement(Data, b.NewDelete().Model(alias).Where("?", b.alias(1)).
			Where("?", b.address("a.username", "a.domain", 3))).frees(),
	}
	if b.engine.writesInWith {
		st.takeAlias = b.numbered(Data, func() schema.QueryAppender { return b.takeAlias(from()) }).takes()
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
