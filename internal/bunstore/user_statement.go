package bunstore

import (
	"reflect"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
)

type userStatements struct {
	user, userExists, userInUse, holder   statement
	addUser, setUser, removeUser          statement
	addAccount, setAccount, removeAccount statement

	// These are for a user that moves from $1@$2 to $3@$4.
	moveUser, moveAccount, moveGroups, movePhones, moveAliases, removeSamePhones statement

	// The rest are for PostgreSQL, where one statement can write several tables.
	addBoth, addLocalUser, setBoth statement // a user with its account
	removeAll                      statement // a user with its account and groups
}

func (b *builder) userStatements() userStatements {
	own, account := (*userModel)(nil), (*subscriberModel)(nil)
	st := userStatements{
		user:       b.statement(Data, b.user()),
		userExists: b.statement(Data, b.NewSelect().ColumnExpr("EXISTS (?) OR EXISTS (?)", b.userAt(), b.accountAt())),
		userInUse:  b.statement(Data, b.NewSelect().ColumnExpr("EXISTS (?) OR EXISTS (?)", b.phonesOf(), b.aliasesTo())),
		holder:     b.statement(Data, b.NewSelect().ColumnExpr("?", b.holder())),

		addUser:       b.statement(Data, b.insert(own).On("CONFLICT DO NOTHING")),
		setUser:       b.statement(Data, b.update(own, 2)),
		removeUser:    b.statement(Data, b.NewDelete().Model(own).Where(userHas, text(1), text(2))),
		addAccount:    b.numbered(Data, func() schema.QueryAppender { return b.addAccount() }),
		setAccount:    b.statement(Data, b.setAccount()),
		removeAccount: b.statement(Data, b.NewDelete().Model(account).Where("?", b.account(1))),
	}
	b.moveStatements(&st)
	if b.engine.writesInWith {
		st.addBoth = b.numbered(Data, func() schema.QueryAppender { return b.addBoth() })
		st.addLocalUser = b.numbered(Data, func() schema.QueryAppender { return b.addLocalUser() })
		st.setBoth = b.statement(Data, b.setBoth())
		st.removeAll = b.statement(Data, b.removeAll())
	}
	return st
}

// holder selects what has the address $1@$2, with that domain in any case, as a [hermes.Holder].
func (b *builder) holder() schema.QueryAppender {
	one := func(model any, condition schema.QueryAppender) *bun.SelectQuery {
		return b.NewSelect().Model(model).ColumnExpr("1").Where("?", condition)
	}
	return bun.SafeQuery("CASE WHEN EXISTS (?) OR EXISTS (?) THEN ? WHEN EXISTS (?) THEN ? ELSE ? END",
		one((*userModel)(nil), b.anyCase("h.username", "h.domain", 1)),
		one((*subscriberModel)(nil), b.anyCase("s.username", "s.domain", 1)), int(hermes.HeldByUser),
		one((*dbaliasModel)(nil), b.anyCase("a.alias_username", "a.alias_domain", 1)), int(hermes.HeldByAlias),
		int(hermes.HeldByNone))
}

// user selects a userRow.
func (b *builder) user() *bun.SelectQuery {
	q := b.NewSelect().Model((*userModel)(nil)).ModelTableExpr("(SELECT 1) AS k").
		Column(userColumns...).ColumnExpr("s.password, s.ha1, s.ha1b").
		Join("LEFT JOIN ?subscriber AS s").JoinOn("?", b.account(1)).
		Join("LEFT JOIN ?users AS h").JoinOn(userHas, text(1), text(2)).
		Where("s.username IS NOT NULL OR h.username IS NOT NULL")
	for _, e := range b.layout.extras() {
		q.ColumnExpr("s.? AS ?", bun.Ident(e.theirs), bun.Ident("account_"+e.ours))
	}
	return q
}

// addAccount numbers the extras after the columns of the model, as accountArgs does.
func (b *builder) addAccount() *bun.InsertQuery {
	q := b.insert((*subscriberModel)(nil)).On("CONFLICT DO NOTHING")
	for i, e := range b.layout.extras() {
		q.Value(e.theirs, "?", b.after((*subscriberModel)(nil), i))
	}
	b.numberRow(q, "subscriber", nil)
	return q
}

// setAccount updates a subscriber row. It takes the arguments of accountArgs.
func (b *builder) setAccount() *bun.UpdateQuery {
	places := map[string]place{}
	for i, f := range columns(b.DB, (*subscriberModel)(nil)) {
		places[f.Name] = place(i + 1)
	}
	for i, e := range b.layout.extras() {
		places[e.ours] = b.after((*subscriberModel)(nil), i)
	}
	return b.updateAccount(places)
}

// updateAccount writes the password and both hashes in one statement, so that a hash never fits
// another password. It leaves an extra as it is, NULL or changed by another tool, unless Hermes'
// value of it changes.
func (b *builder) updateAccount(places map[string]place) *bun.UpdateQuery {
	q := b.NewUpdate().Model((*subscriberModel)(nil)).Where("?", b.account(1))
	for _, f := range columns(b.DB, (*subscriberModel)(nil))[2:] {
		q.Set("? = ?", bun.Ident(f.Name), places[f.Name])
	}
	for _, e := range b.layout.extras() {
		value := text(places[e.ours])
		known := b.NewSelect().Model((*userModel)(nil)).ColumnExpr("h.?", bun.Ident(e.ours)).
			Where(userHas, text(1), text(2))
		q.Set("?0 = CASE WHEN coalesce((?1), s.?0, '') = ?2 THEN s.?0 ELSE ?2 END", bun.Ident(e.theirs), known, value)
	}
	return q
}

// after returns the place of the i-th argument after the columns of a model.
func (b *builder) after(model any, i int) place { return place(len(columns(b.DB, model)) + 1 + i) }

// serverColumns are the columns of users that a new user gets from the servers of its domain.
var serverColumns = []string{"registrar", "r_port", "proxy", "p_port"}

// bothPlaces returns the places of the columns of both tables, but for some, among the arguments of
// bothArgs.
func (b *builder) bothPlaces(without ...string) map[string]place {
	places := map[string]place{}
	for _, model := range []any{(*userModel)(nil), (*subscriberModel)(nil)} {
		for _, f := range columns(b.DB, model) {
			if places[f.Name] == 0 && !slices.Contains(without, f.Name) {
				places[f.Name] = place(len(places) + 1)
			}
		}
	}
	return places
}

// insertBoth adds the common table expressions "new", the rows of values with the columns of both
// tables, and "own" and "account", which insert them, to a query. values selects the columns that
// set names, and insertBoth adds the others.
func (b *builder) insertBoth(q, values *bun.SelectQuery, set ...string) *bun.SelectQuery {
	places := b.bothPlaces(set...)
	user := b.NewInsert().Model((*userModel)(nil)).TableExpr("new").On("CONFLICT DO NOTHING").Returning("1")
	account := b.NewInsert().Model((*subscriberModel)(nil)).TableExpr("new").On("CONFLICT DO NOTHING").Returning("1")
	for _, f := range columns(b.DB, (*userModel)(nil)) {
		if !slices.Contains(set, f.Name) {
			values.ColumnExpr("?::? AS ?", places[f.Name], bun.Safe(postgresType(f)), bun.Ident(f.Name))
		}
		user.Column(f.Name)
	}
	for i, f := range columns(b.DB, (*subscriberModel)(nil)) {
		if i >= 2 { // after the address, which both tables have
			values.ColumnExpr("? AS ?", text(places[f.Name]), bun.Ident(f.Name))
		}
		account.Column(f.Name)
	}
	for _, e := range b.layout.extras() {
		if places[e.theirs] == 0 {
			values.ColumnExpr("? AS ?", text(places[e.ours]), bun.Ident(e.theirs))
		}
		account.Column(e.theirs)
	}
	b.numberRow(account, "subscriber", values)
	return q.With("new", values).With("own", user).With("account", account)
}

// addedRows counts the rows of insertBoth.
const addedRows = "(SELECT count(*) FROM own) + (SELECT count(*) FROM account)"

// addBoth inserts both rows where neither exists, and returns how many it inserted.
func (b *builder) addBoth() *bun.SelectQuery {
	values := b.NewSelect().Where("NOT EXISTS (?)", b.userAt()).Where("NOT EXISTS (?)", b.accountAt())
	return b.insertBoth(b.NewSelect(), values).ColumnExpr(addedRows)
}

// addLocalUser inserts both rows where nothing has the address and the domain has servers. It
// returns a siteRow.
func (b *builder) addLocalUser() *bun.SelectQuery {
	site := b.NewSelect().ColumnExpr("(?) AS served", b.domainServed(text(2))).ColumnExpr("? AS holder", b.holder()).
		ColumnExpr("v.domain IS NOT NULL AS has_servers").
		ColumnExpr("v.registrar, v.r_port, v.proxy, v.p_port, v.prov_url").
		TableExpr("(SELECT 1) AS k").Join("LEFT JOIN ?servers AS v").JoinOn("v.domain = ?", text(2))
	values := b.NewSelect().TableExpr("site").
		Where("site.has_servers AND site.holder = ?", int(hermes.HeldByNone))
	for _, name := range serverColumns {
		values.ColumnExpr("site.?", bun.Ident(name))
	}
	q := b.insertBoth(b.NewSelect().With("site", site), values, serverColumns...)
	if b.layout.has("grp") {
		q.With("gone", b.NewDelete().Model((*grpModel)(nil)).
			Where("? AND EXISTS (SELECT 1 FROM new)", b.address("g.username", "g.domain", 1)))
	}
	return q.ColumnExpr("site.*").ColumnExpr(addedRows + " AS added").TableExpr("site")
}

// setBoth updates both rows, as setAccount and setUser do, and returns which of them exist.
func (b *builder) setBoth() *bun.SelectQuery {
	own := b.update((*userModel)(nil), 2).Returning("1")
	return b.NewSelect().With("account", b.updateAccount(b.bothPlaces()).Returning("1")).With("own", own).
		ColumnExpr("EXISTS (SELECT 1 FROM account) AS account, EXISTS (SELECT 1 FROM own) AS own")
}

// removeAll deletes a user that nothing uses, of a remote one Hermes' own row only, and returns the
// row of the statement user, whether something uses the user, and its groups as JSON.
func (b *builder) removeAll() *bun.SelectQuery {
	use := b.NewSelect().ColumnExpr("EXISTS (?) OR EXISTS (?) AS found", b.userAt(), b.accountAt()).
		ColumnExpr("EXISTS (?) OR EXISTS (?) AS in_use", b.phonesOf(), b.aliasesTo()).
		ColumnExpr("EXISTS (?) AS remote", b.userAt().Where("h.type = ?", string(hermes.Remote)))
	unused := func(model any, condition schema.QueryAppender) *bun.DeleteQuery {
		return b.NewDelete().Model(model).Where("?", condition).Where("(SELECT found AND NOT in_use FROM use)")
	}
	const isLocal = "(SELECT NOT remote FROM use)"
	q := b.user().With("use", use).With("own", unused((*userModel)(nil), bun.SafeQuery(userHas, text(1), text(2)))).
		With("account", unused((*subscriberModel)(nil), b.account(1)).Where(isLocal)).
		ColumnExpr("(SELECT in_use FROM use)")
	if !b.layout.has("grp") {
		return q.ColumnExpr("'[]' AS groups")
	}
	return q.With("gone", unused((*grpModel)(nil), b.address("g.username", "g.domain", 1)).Where(isLocal)).
		ColumnExpr("pg_catalog.to_json(ARRAY(?))::text AS groups", b.groupsAt().Where(isLocal))
}

// postgresType returns the type of a column in PostgreSQL. Bun would write VARCHAR, which has no
// operators of its own, and does not know that of a stamp.
func postgresType(f *schema.Field) string {
	switch {
	case f.IndirectType == reflect.TypeFor[stamp]():
		return "pg_catalog.timestamptz"
	case f.IndirectType.Kind() == reflect.String:
		return "text"
	}
	return f.UserSQLType
}
