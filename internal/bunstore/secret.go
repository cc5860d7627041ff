package bunstore

import (
	"context"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

type secretStatements struct {
	secretCheck, setSecretCheck               statement
	sealedUsers, sealedDevices, sealedDomains statement
}

func (b *builder) secretStatements() secretStatements {
	check, device, keys := (*secretCheckModel)(nil), (*deviceModel)(nil), (*domainKeysModel)(nil)
	sealed := b.NewSelect().Model((*userModel)(nil)).Column("username", "domain").
		Where("length(h.sealed) > 0").OrderExpr("h.username, h.domain")
	return secretStatements{
		secretCheck:    b.statement(Auth, b.NewSelect().Model(check).Column("value").Where("w.id = 1")),
		setSecretCheck: b.statement(Auth, b.insert(check).On("CONFLICT (id) DO UPDATE")),
		sealedUsers:    b.statement(Bulk, limit(sealed, 1)),
		sealedDevices: b.statement(Bulk, limit(b.NewSelect().Model(device).Column("mac").Where("dv.mac > ?", text(1)).
			Where("length(dv.key_sealed) > 0 OR length(dv.next_sealed) > 0").OrderExpr("dv.mac"), 2)),
		sealedDomains: b.statement(Bulk, limit(b.NewSelect().Model(keys).Column("domain").Where("dk.domain > ?", text(1)).
			Where("length(dk.current_sealed) > 0 OR length(dk.before_sealed) > 0").OrderExpr("dk.domain"), 2)),
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
	return list(ctx, s, s.sql().sealedUsers, scanAddr, n)
}

// SealedDevices implements [hermes.Store].
func (s *Store) SealedDevices(ctx context.Context, after mac.Addr, n int) ([]mac.Addr, error) {
	return list(ctx, s, s.sql().sealedDevices, scanMAC, after.String(), n)
}

// SealedDomains implements [hermes.Store].
func (s *Store) SealedDomains(ctx context.Context, after sip.Domain, n int) ([]sip.Domain, error) {
	return list(ctx, s, s.sql().sealedDomains, scanDomain, after.String(), n)
}
