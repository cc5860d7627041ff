package memstore

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Credential implements [hermes.CredentialStore].
func (s *Store) Credential(ctx context.Context, user string) (hermes.Credential, error) {
	r, err := s.read(ctx)
	if err != nil {
		return hermes.Credential{}, err
	}
	c, ok := r.credentials.get(user)
	if !ok {
		return hermes.Credential{}, hermes.NotFound
	}
	return c, nil
}

// AddCredential implements [hermes.CredentialStore].
func (s *Store) AddCredential(ctx context.Context, c hermes.Credential) error {
	return s.write(ctx, func(r *records) error {
		if r.credentials.has(c.User) {
			return hermes.Exists
		}
		r.credentials.set(c.User, c)
		return nil
	})
}

// SetCredential implements [hermes.CredentialStore].
func (s *Store) SetCredential(ctx context.Context, c hermes.Credential) error {
	return s.write(ctx, func(r *records) error {
		if !r.credentials.has(c.User) {
			return hermes.NotFound
		}
		r.credentials.set(c.User, c)
		return nil
	})
}

// RemoveCredential implements [hermes.CredentialStore].
func (s *Store) RemoveCredential(ctx context.Context, user string) error {
	return s.write(ctx, func(r *records) error {
		if !r.credentials.remove(user) {
			return hermes.NotFound
		}
		return nil
	})
}

// Authorization implements [hermes.AuthorizationStore].
func (s *Store) Authorization(ctx context.Context, p hermes.Principal) (hermes.Authorization, error) {
	r, err := s.read(ctx)
	if err != nil {
		return hermes.Authorization{}, err
	}
	a, ok := r.authorizations.get(p)
	if !ok {
		return hermes.Authorization{}, hermes.NotFound
	}
	return a, nil
}

// Authorizations implements [hermes.AuthorizationStore].
func (s *Store) Authorizations(ctx context.Context) ([]hermes.Authorization, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var all []hermes.Authorization
	for _, a := range r.authorizations.all() {
		all = append(all, a)
	}
	return all, nil
}

// LastingPrincipals implements [hermes.AuthorizationStore].
func (s *Store) LastingPrincipals(ctx context.Context, q hermes.PrincipalQuery) ([]hermes.Principal, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var page []hermes.Principal
	for p, a := range r.authorizations.after(q.After) {
		if a.Access != q.Access || !a.Scope.IsZero() {
			continue
		}
		if p.Kind == hermes.KeyPrincipal {
			if k, ok := r.keys.get(p.Name); !ok || !k.Expires.IsZero() {
				continue
			}
		}
		if page = append(page, p); len(page) == q.Limit {
			break
		}
	}
	return page, nil
}

// EverAuthorized implements [hermes.AuthorizationStore].
func (s *Store) EverAuthorized(ctx context.Context) (bool, error) {
	r, err := s.read(ctx)
	if err != nil {
		return false, err
	}
	return r.everAuthorized, nil
}

// SetAuthorization implements [hermes.AuthorizationStore].
func (s *Store) SetAuthorization(ctx context.Context, a hermes.Authorization) error {
	return s.write(ctx, func(r *records) error {
		r.authorizations.set(a.Principal, a)
		r.everAuthorized = true
		return nil
	})
}

// RemoveAuthorization implements [hermes.AuthorizationStore].
func (s *Store) RemoveAuthorization(ctx context.Context, p hermes.Principal) error {
	return s.write(ctx, func(r *records) error {
		if !r.authorizations.remove(p) {
			return hermes.NotFound
		}
		for _, l := range r.loginsOf(p) {
			r.removeLogin(login{principal: l.Principal, network: l.Network})
		}
		for _, k := range r.answersOf(p) {
			r.removeAnswer(k)
		}
		return nil
	})
}
