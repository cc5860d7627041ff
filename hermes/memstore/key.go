package memstore

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Key implements [hermes.KeyStore].
func (s *Store) Key(ctx context.Context, id string) (hermes.Key, error) {
	r, err := s.read(ctx)
	if err != nil {
		return hermes.Key{}, err
	}
	k, ok := r.keys.get(id)
	if !ok {
		return hermes.Key{}, hermes.NotFound
	}
	return *k, nil
}

// Keys implements [hermes.KeyStore].
func (s *Store) Keys(ctx context.Context) ([]hermes.Key, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var all []hermes.Key
	for _, k := range r.keys.all() {
		all = append(all, *k)
	}
	return all, nil
}

// AddKey implements [hermes.KeyStore].
func (s *Store) AddKey(ctx context.Context, k hermes.Key) error {
	return s.write(ctx, func(r *records) error {
		if r.keys.has(k.ID) {
			return hermes.Exists
		}
		r.keys.set(k.ID, &k)
		return nil
	})
}

// RemoveKey implements [hermes.KeyStore].
func (s *Store) RemoveKey(ctx context.Context, id string) error {
	return s.write(ctx, func(r *records) error {
		if !r.keys.remove(id) {
			return hermes.NotFound
		}
		return nil
	})
}

// AddNonce implements [hermes.KeyStore].
func (s *Store) AddNonce(ctx context.Context, n hermes.Nonce) error {
	return s.write(ctx, func(r *records) error {
		if r.nonces.has(n.ID) {
			return hermes.Exists
		}
		r.nonces.set(n.ID, present{})
		r.nonceExpiries.set(expiry{at: n.Expires, id: n.ID}, present{})
		return nil
	})
}
