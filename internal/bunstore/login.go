package bunstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

type loginStatements struct {
	logins, addLogin, trimLogins, removeLogins, sweepLogins statement
}

func (b *builder) loginStatements() loginStatements {
	login := (*loginModel)(nil)
	const ofPrincipal = "l.kind = ? AND l.name = ?"
	last := limit(b.NewSelect().ColumnExpr("f.network").TableExpr("?logins AS f").
		Where("f.kind = ? AND f.name = ?", text(1), text(2)).OrderExpr("f.expires DESC, f.network"), 3)
	return loginStatements{
		logins: b.statement(Auth, limit(b.NewSelect().Model(login).Where("l.expires > ?", place(1)).
			OrderExpr("l.expires DESC, l.kind, l.name, l.network"), 2)),
		addLogin: b.statement(Auth, b.insert(login).On("CONFLICT (kind, name, network) DO UPDATE")),
		trimLogins: b.statement(Auth, b.NewDelete().Model(login).
			Where(ofPrincipal, text(1), text(2)).Where("l.network NOT IN (?)", last)),
		removeLogins: b.statement(Auth, b.NewDelete().Model(login).Where(ofPrincipal, text(1), text(2))),
		sweepLogins:  b.statement(Auth, b.NewDelete().Model(login).Where("l.expires <= ?", place(1))),
	}
}

// AddLogin implements [hermes.Store].
func (s *Store) AddLogin(ctx context.Context, l hermes.KnownLogin, n int) error {
	return s.write(ctx, TxOptions{Pool: Auth}, nil, func(in *Store) error {
		if _, err := in.exec(ctx, in.sql().addLogin, s.args(newLogin(l))...); err != nil {
			return err
		}
		_, err := in.exec(ctx, in.sql().trimLogins, string(l.Principal.Kind), l.Principal.Name, int64(n))
		return err
	})
}

// Logins implements [hermes.Store].
func (s *Store) Logins(ctx context.Context, after time.Time, n int) ([]hermes.KnownLogin, error) {
	return list(ctx, s, s.sql().logins, func(rows *sql.Rows) (hermes.KnownLogin, error) {
		var m loginModel
		err := s.db.ScanRow(ctx, rows, &m)
		return m.login(), err
	}, moment(after), int64(n))
}
