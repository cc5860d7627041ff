package bunstore

import (
	"context"
	"database/sql"

	"github.com/hermes-voip/go-hermes/hermes"
)

type keyStatements struct {
	key, keys, addKey, removeKey, touchKey statement
	addNonce                               statement
}

func (b *builder) keyStatements() keyStatements {
	key, nonce := (*keyModel)(nil), (*nonceModel)(nil)
	return keyStatements{
		key:       b.statement(Auth, b.NewSelect().Model(key).Where("k.id = ?", text(1))),
		keys:      b.statement(Auth, b.NewSelect().Model(key).OrderExpr("k.id")),
		addKey:    b.statement(Auth, b.insert(key).On("CONFLICT DO NOTHING")),
		removeKey: b.statement(Auth, b.NewDelete().Model(key).Where("k.id = ?", text(1))),
		touchKey: b.statement(Auth, b.NewUpdate().Model(key).Set("last_used = ?", place(1)).
			Where("k.id = ?", text(2)).Where("k.last_used IS NULL OR k.last_used < ?", place(1))),

		addNonce: b.statement(Auth, b.insert(nonce).On("CONFLICT DO NOTHING")),
	}
}

// Key implements [hermes.Store].
func (s *Store) Key(ctx context.Context, id string) (hermes.Key, error) {
	var m keyModel
	if err := s.get(ctx, s.sql().key, &m, id); err != nil {
		return hermes.Key{}, err
	}
	return m.key(), nil
}

// Keys implements [hermes.Store].
func (s *Store) Keys(ctx context.Context) ([]hermes.Key, error) {
	return list(ctx, s, s.sql().keys, func(rows *sql.Rows) (hermes.Key, error) {
		var m keyModel
		err := s.db.ScanRow(ctx, rows, &m)
		return m.key(), err
	})
}

// AddKey implements [hermes.Store].
func (s *Store) AddKey(ctx context.Context, k hermes.Key) error {
	return s.change(ctx, s.sql().addKey, hermes.Exists, s.args(newKey(k))...)
}

// RemoveKey implements [hermes.Store].
func (s *Store) RemoveKey(ctx context.Context, id string) error {
	return s.change(ctx, s.sql().removeKey, hermes.NotFound, id)
}

// AddNonce implements [hermes.Store].
func (s *Store) AddNonce(ctx context.Context, n hermes.Nonce) error {
	return s.change(ctx, s.sql().addNonce, hermes.Exists, s.args(newNonce(n))...)
}
