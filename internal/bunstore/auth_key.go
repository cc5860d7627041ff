package bunstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// keyRow is a row of ?api_keys.
type keyRow struct {
	ID        string `bun:"id"`
	Hash      []byte `bun:"hash"`
	PublicKey []byte `bun:"public_key"`
	Host      string `bun:"host"`
	Comment   string `bun:"comment"`
	Created   stamp  `bun:"created"`
	Expires   stamp  `bun:"expires"`
	LastUsed  stamp  `bun:"last_used"`
}

const keyColumns = "id, hash, public_key, host, comment, created, expires, last_used"

func (r keyRow) key() hermes.Key {
	return hermes.Key{ID: r.ID, Hash: binary(r.Hash).hash(), PublicKey: string(r.PublicKey), Host: r.Host, Comment: r.Comment,
		Created: time.Time(r.Created), Expires: time.Time(r.Expires), LastUsed: time.Time(r.LastUsed)}
}

// Key implements hermes.Store.
func (s *Store) Key(ctx context.Context, id string) (hermes.Key, error) {
	var row keyRow
	if err := s.authenticating().one(ctx, raw(`SELECT `+keyColumns+` FROM ?api_keys WHERE id = ?`, id), &row); err != nil {
		return hermes.Key{}, err
	}
	return row.key(), nil
}

// Keys implements hermes.Store.
func (s *Store) Keys(ctx context.Context) ([]hermes.Key, error) {
	return list(ctx, s.authenticating(), 0, raw(`SELECT `+keyColumns+` FROM ?api_keys ORDER BY id`), func(rows *sql.Rows) (hermes.Key, error) {
		var r keyRow
		err := rows.Scan(&r.ID, &r.Hash, &r.PublicKey, &r.Host, &r.Comment, &r.Created, &r.Expires, &r.LastUsed)
		return r.key(), err
	})
}

// AddKey implements hermes.Store.
func (s *Store) AddKey(ctx context.Context, k hermes.Key) error {
	return s.authenticating().mutate(ctx, hermes.Exists, raw(`INSERT INTO ?api_keys (`+keyColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		k.ID, hashColumn(k.Hash), binary(k.PublicKey), k.Host, k.Comment, stamp(k.Created), stamp(k.Expires), stamp(k.LastUsed)))
}

// RemoveKey implements hermes.Store.
func (s *Store) RemoveKey(ctx context.Context, id string) error {
	return s.authenticating().mutate(ctx, hermes.NotFound, raw(`DELETE FROM ?api_keys WHERE id = ?`, id))
}

// TouchKey implements hermes.Store.
func (s *Store) TouchKey(ctx context.Context, id string, at time.Time) error {
	return s.authenticating().touch(ctx, raw(`UPDATE ?api_keys SET last_used = ? WHERE id = ?`, stamp(at), id))
}

// AddNonce implements hermes.Store.
func (s *Store) AddNonce(ctx context.Context, n hermes.Nonce) error {
	return s.authenticating().mutate(ctx, hermes.Exists, raw(`INSERT INTO ?nonces (id, key_id, expires) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		hashColumn(n.ID), n.Key, stamp(n.Expires)))
}

// TakeNonce implements hermes.Store.
func (s *Store) TakeNonce(ctx context.Context, id hermes.Hash) (n hermes.Nonce, err error) {
	var expires stamp
	err = s.authenticating().change(ctx, func(in *Store) error {
		n = hermes.Nonce{ID: id}
		return in.returning(ctx, raw(`DELETE FROM ?nonces WHERE id = ? RETURNING key_id, expires`, hashColumn(id)), nil, &n.Key, &expires)
	})
	if err != nil {
		return hermes.Nonce{}, err
	}
	n.Expires = time.Time(expires)
	return n, nil
}
