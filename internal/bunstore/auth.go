package bunstore

import (
	"context"
	"database/sql"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Credential implements hermes.Store.
func (s *Store) Credential(ctx context.Context, user string) (hermes.Credential, error) {
	c := hermes.Credential{User: user}
	if err := s.authenticating().one(ctx, raw(`SELECT hash FROM ?credentials WHERE username = ?`, user), &c.Hash); err != nil {
		return hermes.Credential{}, err
	}
	return c, nil
}

// AddCredential implements hermes.Store.
func (s *Store) AddCredential(ctx context.Context, c hermes.Credential) error {
	return s.authenticating().mutate(ctx, hermes.Exists, raw(`INSERT INTO ?credentials (username, hash) VALUES (?, ?) ON CONFLICT DO NOTHING`, c.User, c.Hash))
}

// SetCredential implements hermes.Store.
func (s *Store) SetCredential(ctx context.Context, c hermes.Credential) error {
	return s.authenticating().mutate(ctx, hermes.NotFound, raw(`UPDATE ?credentials SET hash = ? WHERE username = ?`, c.Hash, c.User))
}

// RemoveCredential implements hermes.Store.
func (s *Store) RemoveCredential(ctx context.Context, user string) error {
	return s.authenticating().mutate(ctx, hermes.NotFound, raw(`DELETE FROM ?credentials WHERE username = ?`, user))
}

// Authorization implements hermes.Store.
func (s *Store) Authorization(ctx context.Context, p hermes.Principal) (hermes.Authorization, error) {
	a := hermes.Authorization{Principal: p}
	err := s.authenticating().one(ctx, raw(`SELECT access FROM ?authorizations WHERE kind = ? AND name = ?`, string(p.Kind), p.Name), &a.Access)
	if err != nil {
		return hermes.Authorization{}, err
	}
	return a, nil
}

// Authorizations implements hermes.Store.
func (s *Store) Authorizations(ctx context.Context) ([]hermes.Authorization, error) {
	return list(ctx, s.authenticating(), 0, raw(`SELECT kind, name, access FROM ?authorizations ORDER BY kind, name`),
		func(rows *sql.Rows) (a hermes.Authorization, err error) {
			return a, rows.Scan(&a.Principal.Kind, &a.Principal.Name, &a.Access)
		})
}

// SetAuthorization implements hermes.Store.
func (s *Store) SetAuthorization(ctx context.Context, a hermes.Authorization) error {
	return s.authenticating().put(ctx, raw(`INSERT INTO ?authorizations (kind, name, access) VALUES (?0, ?1, ?2)
		ON CONFLICT (kind, name) DO UPDATE SET access = ?2`, string(a.Principal.Kind), a.Principal.Name, int(a.Access)))
}

// RemoveAuthorization implements hermes.Store.
func (s *Store) RemoveAuthorization(ctx context.Context, p hermes.Principal) error {
	return s.authenticating().mutate(ctx, hermes.NotFound, raw(`DELETE FROM ?authorizations WHERE kind = ? AND name = ?`, string(p.Kind), p.Name))
}
