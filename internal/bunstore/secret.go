package bunstore

import (
	"context"
	"database/sql"

	"github.com/hermes-voip/go-hermes/sip"
)

type secretStatements struct{ secretCheck, setSecretCheck, sealedUsers statement }

func (b *builder) secretStatements() secretStatements {
	check := (*secretCheckModel)(nil)
	sealed := b.NewSelect().Model((*userModel)(nil)).Column("username", "domain").
		Where("length(h.sealed) > 0").OrderExpr("h.username, h.domain")
	return secretStatements{
		secretCheck:    b.statement(Auth, b.NewSelect().Model(check).Column("value").Where("w.id = 1")),
		setSecretCheck: b.statement(Auth, b.insert(check).On("CONFLICT (id) DO UPDATE")),
		sealedUsers:    b.statement(Bulk, limit(sealed, 1)),
	}
}

// SecretCheck implements [hermes.Store].
func (s *Store) SecretCheck(ctx context.Context) (value string, err error) {
	return value, s.get(ctx, s.sql().secretCheck, &value)
}

// SetSecretCheck implements [hermes.Store].
func (s *Store) SetSecretCheck(ctx context.Context, value string) error {
	return s.change(ctx, s.sql().setSecretCheck, nil, s.args(&secretCheckModel{ID: 1, Value: value})...)
}

// SealedUsers implements [hermes.Store].
func (s *Store) SealedUsers(ctx context.Context, n int) ([]sip.Addr, error) {
	return list(ctx, s, s.sql().sealedUsers, func(rows *sql.Rows) (sip.Addr, error) {
		var username, domain string
		err := rows.Scan(&username, &domain)
		return sip.Unchecked(username, domain), err
	}, n)
}
