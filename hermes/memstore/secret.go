package memstore

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// SecretCheck implements [hermes.SecretStore].
func (s *Store) SecretCheck(ctx context.Context) (string, error) {
	r, err := s.read(ctx)
	if err == nil && r.secretCheck == "" {
		err = hermes.NotFound
	}
	if err != nil {
		return "", err
	}
	return r.secretCheck, nil
}

// SetSecretCheck implements [hermes.SecretStore].
func (s *Store) SetSecretCheck(ctx context.Context, value string) error {
	return s.write(ctx, func(r *records) error {
		r.secretCheck = value
		return nil
	})
}

// SealedUsers implements [hermes.SecretStore].
func (s *Store) SealedUsers(ctx context.Context, n int) (sealed []sip.Addr, err error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	for a := range r.names.all() {
		if len(sealed) >= n {
			break
		}
		if u := r.users.get(a); u != nil && u.Sealed != "" {
			sealed = append(sealed, a)
		}
	}
	return sealed, nil
}
