package bunstore

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/hermes"
)

type authStatements struct {
	credential, addCredential, setCredential, removeCredential           statement
	authorization, authorizations, setAuthorization, removeAuthorization statement
	lastingPrincipals, everAuthorized, mark                              statement
}

func (b *builder) authStatements() authStatements {
	credential, authorization, mark := (*credentialModel)(nil), (*authorizationModel)(nil), (*markModel)(nil)
	const ofPrincipal = "z.kind = ? AND z.name = ?"
	lastingKey := b.NewSelect().Model((*keyModel)(nil)).ColumnExpr("1").Where("k.id = z.name AND k.expires IS NULL")
	return authStatements{
		credential:       b.statement(Auth, b.NewSelect().Model(credential).Where("c.username = ?", text(1))),
		addCredential:    b.statement(Auth, b.insert(credential).On("CONFLICT DO NOTHING")),
		setCredential:    b.statement(Auth, b.update(credential, 1)),
		removeCredential: b.statement(Auth, b.NewDelete().Model(credential).Where("c.username = ?", text(1))),

		authorization:       b.statement(Auth, b.NewSelect().Model(authorization).Where(ofPrincipal, text(1), text(2))),
		authorizations:      b.statement(Auth, b.NewSelect().Model(authorization).OrderExpr("z.kind, z.name")),
		setAuthorization:    b.statement(Auth, b.marking(b.insert(authorization).On("CONFLICT (kind, name) DO UPDATE"))),
		removeAuthorization: b.statement(Auth, b.NewDelete().Model(authorization).Where(ofPrincipal, text(1), text(2))),

		lastingPrincipals: b.statement(Auth, limit(b.NewSelect().Model(authorization).Column("kind", "name").
			Where("z.access = ? AND z.domains = '' AND z.numbers = '' AND z.nodes = ''", place(1)).
			Where("(z.kind, z.name) > (?, ?)", text(2), text(3)).
			Where("z.kind <> ? OR EXISTS (?)", string(hermes.KeyPrincipal), lastingKey).OrderExpr("z.kind, z.name"), 4)),
		everAuthorized: b.statement(Auth, b.NewSelect().ColumnExpr("EXISTS (?) OR EXISTS (?)",
			b.NewSelect().Model(authorization).ColumnExpr("1"),
			b.NewSelect().Model(mark).ColumnExpr("1").Where("w.name = ?", authorizedMark))),
		mark: b.statement(Auth, b.insertMark()),
	}
}

// insertMark builds the INSERT of authorizedMark.
func (b *builder) insertMark() *bun.InsertQuery {
	return b.NewInsert().Model(&markModel{Name: authorizedMark}).Returning("NULL").On("CONFLICT DO NOTHING")
}

// marking adds insertMark to the INSERT of an authorization where one statement can do both.
func (b *builder) marking(q *bun.InsertQuery) *bun.InsertQuery {
	if b.engine.writesInWith {
		return q.With("marked", b.insertMark())
	}
	return q
}

// Credential implements [hermes.Store].
func (s *Store) Credential(ctx context.Context, user string) (hermes.Credential, error) {
	var m credentialModel
	if err := s.get(ctx, s.sql().credential, &m, user); err != nil {
		return hermes.Credential{}, err
	}
	return hermes.Credential{User: user, Hash: m.Hash}, nil
}

// AddCredential implements [hermes.Store].
func (s *Store) AddCredential(ctx context.Context, c hermes.Credential) error {
	return s.change(ctx, s.sql().addCredential, hermes.Exists, s.args(newCredential(c))...)
}

// SetCredential implements [hermes.Store].
func (s *Store) SetCredential(ctx context.Context, c hermes.Credential) error {
	return s.change(ctx, s.sql().setCredential, hermes.NotFound, s.args(newCredential(c))...)
}

// RemoveCredential implements [hermes.Store].
func (s *Store) RemoveCredential(ctx context.Context, user string) error {
	return s.change(ctx, s.sql().removeCredential, hermes.NotFound, user)
}

// Authorization implements [hermes.Store].
func (s *Store) Authorization(ctx context.Context, p hermes.Principal) (hermes.Authorization, error) {
	var m authorizationModel
	if err := s.get(ctx, s.sql().authorization, &m, string(p.Kind), p.Name); err != nil {
		return hermes.Authorization{}, err
	}
	return m.authorization(), nil
}

// Authorizations implements [hermes.Store].
func (s *Store) Authorizations(ctx context.Context) ([]hermes.Authorization, error) {
	return list(ctx, s, s.sql().authorizations, func(rows *sql.Rows) (hermes.Authorization, error) {
		var m authorizationModel
		err := s.db.ScanRow(ctx, rows, &m)
		return m.authorization(), err
	})
}

// LastingPrincipals implements [hermes.Store].
func (s *Store) LastingPrincipals(ctx context.Context, q hermes.PrincipalQuery) ([]hermes.Principal, error) {
	return list(ctx, s, s.sql().lastingPrincipals, func(rows *sql.Rows) (p hermes.Principal, err error) {
		return p, rows.Scan(&p.Kind, &p.Name)
	}, int64(q.Access), string(q.After.Kind), q.After.Name, int64(q.Limit))
}

// EverAuthorized implements [hermes.Store].
func (s *Store) EverAuthorized(ctx context.Context) (ever bool, err error) {
	err = s.get(ctx, s.sql().everAuthorized, &ever)
	return ever, err
}

// SetAuthorization implements [hermes.Store].
func (s *Store) SetAuthorization(ctx context.Context, a hermes.Authorization) error {
	return s.write(ctx, TxOptions{Pool: Auth}, nil, func(in *Store) error {
		if !in.engine.writesInWith {
			if err := in.change(ctx, in.sql().mark, nil); err != nil {
				return err
			}
		}
		return in.change(ctx, in.sql().setAuthorization, nil, s.args(newAuthorization(a))...)
	})
}

// RemoveAuthorization implements [hermes.Store].
func (s *Store) RemoveAuthorization(ctx context.Context, p hermes.Principal) error {
	return s.write(ctx, TxOptions{Pool: Auth}, nil, func(in *Store) error {
		if err := in.change(ctx, in.sql().removeAuthorization, hermes.NotFound, string(p.Kind), p.Name); err != nil {
			return err
		}
		if err := in.change(ctx, in.sql().removeLogins, nil, string(p.Kind), p.Name); err != nil {
			return err
		}
		return in.change(ctx, in.sql().removeAnswers, nil, string(p.Kind), p.Name)
	})
}
