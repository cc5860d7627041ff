package bunstore

import (
	"context"
	"database/sql"
	"errors"
	"reflect"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

type userStatements struct {
	user, userExists, holder              statement
	addUser, setUser, removeUser          statement
	addAccount, setAccount, removeAccount statement
	addBoth                               statement // a user with its account
}

// userHas and accountHas are conditions on the address of a row.
const (
	userHas    = "h.username = ? AND h.domain = ?"
	accountHas = "s.username = ? AND s.domain = ?"
)

// userAt selects the row of Hermes' own table with the address $1@$2.
func (b *builder) userAt() *bun.SelectQuery {
	return b.NewSelect().Model((*userModel)(nil)).ColumnExpr("1").Where(userHas, text(1), text(2))
}

// accountAt selects the row of subscriber with the address $1@$2.
func (b *builder) accountAt() *bun.SelectQuery {
	return b.NewSelect().Model((*subscriberModel)(nil)).ColumnExpr("1").Where(accountHas, text(1), text(2))
}

func (b *builder) userStatements() userStatements {
	own, account := (*userModel)(nil), (*subscriberModel)(nil)
	st := userStatements{
		user:       b.read(Data, b.user()),
		userExists: b.read(Data, b.NewSelect().ColumnExpr("EXISTS (?) OR EXISTS (?)", b.userAt(), b.accountAt())),
		holder: b.read(Data, b.NewSelect().ColumnExpr(
			"CASE WHEN EXISTS (?) OR EXISTS (?) THEN ? WHEN EXISTS (?) THEN ? ELSE ? END", b.userAt(), b.accountAt(),
			int(hermes.HeldByUser), b.aliasAt(), int(hermes.HeldByAlias), int(hermes.HeldByNone))),

		addUser:       b.write(Data, b.insert(own).On("CONFLICT DO NOTHING")),
		setUser:       b.write(Data, b.update(own, 2)),
		removeUser:    b.write(Data, b.NewDelete().Model(own).Where(userHas, text(1), text(2))),
		addAccount:    b.write(Data, b.addAccount()),
		setAccount:    b.write(Data, b.setAccount()),
		removeAccount: b.write(Data, b.NewDelete().Model(account).Where(accountHas, text(1), text(2))),
	}
	if b.engine.writesInWith {
		st.addBoth = b.write(Data, b.addBoth())
	}
	return st
}

// user selects a userRow.
func (b *builder) user() *bun.SelectQuery {
	q := b.NewSelect().Model((*userModel)(nil)).ModelTableExpr("(SELECT 1) AS k").
		Column(userColumns...).ColumnExpr("s.password, s.ha1, s.ha1b").
		Join("LEFT JOIN ?subscriber AS s").JoinOn(accountHas, text(1), text(2)).
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
	return q
}

// setAccount writes the password and both hashes in one statement, so that a hash never fits
// another password. It leaves an extra as it is, NULL or changed by another tool, unless Hermes'
// value of it changes.
func (b *builder) setAccount() *bun.UpdateQuery {
	q := b.update((*subscriberModel)(nil), 2)
	for i, e := range b.layout.extras() {
		value := text(b.after((*subscriberModel)(nil), i))
		known := b.NewSelect().Model((*userModel)(nil)).ColumnExpr("h.?", bun.Ident(e.ours)).
			Where(userHas, text(1), text(2))
		q.Set("?0 = CASE WHEN coalesce((?1), s.?0, '') = ?2 THEN s.?0 ELSE ?2 END", bun.Ident(e.theirs), known, value)
	}
	return q
}

// after returns the place of the i-th argument after the columns of a model.
func (b *builder) after(model any, i int) place { return place(len(columns(b.DB, model)) + 1 + i) }

// addBoth inserts both rows where neither exists, and returns how many it inserted. It takes the
// arguments of addUser and then those of the account that addUser does not have.
func (b *builder) addBoth() *bun.SelectQuery {
	values := b.NewSelect().Where("NOT EXISTS (?)", b.userAt()).Where("NOT EXISTS (?)", b.accountAt())
	user := b.NewInsert().Model((*userModel)(nil)).TableExpr("new").On("CONFLICT DO NOTHING").Returning("1")
	account := b.NewInsert().Model((*subscriberModel)(nil)).TableExpr("new").On("CONFLICT DO NOTHING").Returning("1")
	places := map[string]place{}
	for i, f := range columns(b.DB, (*userModel)(nil)) {
		places[f.Name] = place(i + 1)
		values.ColumnExpr("?::? AS ?", place(i+1), bun.Safe(postgresType(f)), bun.Ident(f.Name))
		user.Column(f.Name)
	}
	for _, f := range columns(b.DB, (*subscriberModel)(nil)) {
		if places[f.Name] == 0 {
			places[f.Name] = place(len(places) + 1)
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
	return b.NewSelect().With("new", values).With("own", user).With("account", account).
		ColumnExpr("(SELECT count(*) FROM own) + (SELECT count(*) FROM account)")
}

// postgresType returns the type of a column in PostgreSQL. Bun would write VARCHAR, which has no
// operators of its own.
func postgresType(f *schema.Field) string {
	if f.IndirectType.Kind() == reflect.String {
		return "text"
	}
	return f.UserSQLType
}

// accountArgs are those of addAccount and setAccount.
func (s *Store) accountArgs(l *layout, u hermes.User) []any {
	args := s.args(newSubscriber(u))
	for _, e := range l.extras() {
		args = append(args, e.value(u))
	}
	return args
}

// User implements [hermes.Store].
func (s *Store) User(ctx context.Context, a sip.Addr) (hermes.User, error) {
	l, err := s.known(ctx)
	if err != nil {
		return hermes.User{}, err
	}
	var row userRow
	err = s.first(ctx, l.user, []any{a.User(), a.Domain().String()}, func(_ context.Context, rows *sql.Rows) error {
		return row.scan(rows, l.added)
	})
	if err != nil {
		return hermes.User{}, err
	}
	return row.user(a), nil
}

// Holder implements [hermes.Store].
func (s *Store) Holder(ctx context.Context, a sip.Addr) (h hermes.Holder, err error) {
	return h, s.get(ctx, s.sql().holder, &h, a.User(), a.Domain().String())
}

// errHalf cannot happen in a serializable transaction.
var errHalf = errors.New("another transaction took the address halfway: want a serializable transaction")

// AddUser implements [hermes.Store].
func (s *Store) AddUser(ctx context.Context, u hermes.User) error {
	return s.write(ctx, TxOptions{}, func(in *Store) error {
		l, err := in.known(ctx)
		if err != nil {
			return err
		}
		if u.Type == hermes.Local && in.engine.writesInWith {
			return in.addBoth(ctx, l, u)
		}
		exists := false
		if err := in.get(ctx, l.userExists, &exists, u.Address.User(), u.Address.Domain().String()); err != nil {
			return err
		}
		if exists {
			return hermes.Exists
		}
		if err := in.change(ctx, l.addUser, hermes.Exists, in.args(newUser(u))...); err != nil || u.Type != hermes.Local {
			return err
		}
		return in.complete(ctx, l.addAccount, in.accountArgs(l, u))
	})
}

func (s *Store) addBoth(ctx context.Context, l *layout, u hermes.User) error {
	args := append(s.args(newUser(u)), u.Clear, u.HA1, u.HA1B)
	added := 0
	err := s.get(ctx, l.addBoth, &added, args...)
	switch {
	case err != nil:
		return err
	case added == 0:
		return hermes.Exists
	case added == 1:
		return s.fail(errHalf)
	}
	return nil
}

// complete inserts the second row of a user, which no other transaction can have inserted.
func (s *Store) complete(ctx context.Context, st statement, args []any) error {
	n, err := s.exec(ctx, st, args...)
	if err == nil && n == 0 {
		return s.fail(errHalf)
	}
	return err
}

// SetUser implements [hermes.Store].
func (s *Store) SetUser(ctx context.Context, u hermes.User) error {
	return s.write(ctx, TxOptions{}, func(in *Store) error {
		l, err := in.known(ctx)
		if err != nil {
			return err
		}
		if u.Type != hermes.Local {
			return in.setRemote(ctx, l, u)
		}
		return in.setLocal(ctx, l, u)
	})
}

func (s *Store) setLocal(ctx context.Context, l *layout, u hermes.User) error {
	accounts, err := s.exec(ctx, l.setAccount, s.accountArgs(l, u)...)
	if err != nil {
		return err
	}
	own, err := s.exec(ctx, l.setUser, s.args(newUser(u))...)
	switch {
	case err != nil:
		return err
	case accounts+own == 0:
		return hermes.NotFound
	case accounts == 0 && u.HA1+u.Clear == "":
		// Another tool removed the account. One without a password would let everybody in.
		return nil
	case accounts == 0:
		return s.complete(ctx, l.addAccount, s.accountArgs(l, u))
	case own == 0:
		return s.complete(ctx, l.addUser, s.args(newUser(u)))
	}
	return nil
}

func (s *Store) setRemote(ctx context.Context, l *layout, u hermes.User) error {
	exists := false
	if err := s.get(ctx, l.userExists, &exists, u.Address.User(), u.Address.Domain().String()); err != nil {
		return err
	}
	if !exists {
		return hermes.NotFound
	}
	if own, err := s.exec(ctx, l.setUser, s.args(newUser(u))...); err != nil || own > 0 {
		return err
	}
	return s.complete(ctx, l.addUser, s.args(newUser(u)))
}

// RemoveUser implements [hermes.Store].
func (s *Store) RemoveUser(ctx context.Context, a sip.Addr) error {
	username, domain := key(a)
	return s.write(ctx, TxOptions{}, func(in *Store) error {
		accounts, err := in.exec(ctx, in.sql().removeAccount, username, domain)
		if err != nil {
			return err
		}
		own, err := in.exec(ctx, in.sql().removeUser, username, domain)
		if err != nil {
			return err
		}
		if accounts+own == 0 {
			return hermes.NotFound
		}
		return in.SetGroups(ctx, a, nil)
	})
}
