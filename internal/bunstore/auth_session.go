package bunstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
)

// sessionRow is a session, its principal's authorization and its key, in one row.
type sessionRow struct {
	ID         []byte `bun:"id"`
	Kind       string `bun:"kind"`
	Name       string `bun:"name"`
	Cookie     []byte `bun:"cookie"`
	Salt       []byte `bun:"salt"`
	Gen        int64  `bun:"gen"`
	Created    stamp  `bun:"created"`
	Rotated    stamp  `bun:"rotated"`
	KeyExpires stamp  `bun:"key_expires"`
	Expires    stamp  `bun:"expires"`
	LastSeen   stamp  `bun:"last_seen"`

	Access        int    `bun:"access"`
	Host          string `bun:"host"`
	APIKeyExpires stamp  `bun:"api_key_expires"`
}

// Session implements hermes.Store.
func (s *Store) Session(ctx context.Context, id hermes.Hash) (hermes.SessionState, error) {
	var r sessionRow
	err := s.authenticating().one(ctx, raw(`SELECT s.id, s.kind, s.name, s.cookie, s.salt, s.gen, s.created, s.rotated, s.key_expires, s.expires, s.last_seen,
			a.access, k.host, k.expires AS api_key_expires
		FROM ?sessions AS s
		LEFT JOIN ?authorizations AS a ON a.kind = s.kind AND a.name = s.name
		LEFT JOIN ?api_keys AS k ON s.kind = ?1 AND k.id = s.name
		WHERE s.id = ?0`, hashColumn(id), string(hermes.KeyPrincipal)), &r)
	if err != nil {
		return hermes.SessionState{}, err
	}
	return hermes.SessionState{Session: r.session(), Access: hermes.Access(r.Access), Host: r.Host, KeyExpires: time.Time(r.APIKeyExpires)}, nil
}

func (r sessionRow) session() hermes.Session {
	return hermes.Session{
		ID: binary(r.ID).hash(), Principal: hermes.Principal{Kind: hermes.PrincipalKind(r.Kind), Name: r.Name},
		Cookie: binary(r.Cookie).hash(), Salt: string(r.Salt), Gen: r.Gen,
		Created: time.Time(r.Created), Rotated: time.Time(r.Rotated), KeyExpires: time.Time(r.KeyExpires),
		Expires: time.Time(r.Expires), LastSeen: time.Time(r.LastSeen),
	}
}

// AddSession implements hermes.Store.
func (s *Store) AddSession(ctx context.Context, v hermes.Session) error {
	row := assigns{
		{"id", hashColumn(v.ID)}, {"kind", string(v.Principal.Kind)}, {"name", v.Principal.Name},
		{"cookie", hashColumn(v.Cookie)}, {"salt", binary(v.Salt)}, {"gen", v.Gen},
		{"created", stamp(v.Created)}, {"rotated", stamp(v.Rotated)}, {"key_expires", stamp(v.KeyExpires)},
		{"expires", stamp(v.Expires)}, {"last_seen", stamp(v.LastSeen)},
	}
	return s.authenticating().mutate(ctx, hermes.Exists, raw(`INSERT INTO ?sessions (?) VALUES (?) ON CONFLICT DO NOTHING`, row.columns(), row.values()))
}

// RotateSession implements hermes.Store.
func (s *Store) RotateSession(ctx context.Context, id hermes.Hash, gen int64, rotated, keyExpires time.Time) error {
	return s.authenticating().mutate(ctx, hermes.NotFound, raw(`UPDATE ?sessions SET gen = gen + 1, rotated = ?, key_expires = ? WHERE id = ? AND gen = ?`,
		stamp(rotated), stamp(keyExpires), hashColumn(id), gen))
}

// TouchSession implements hermes.Store.
func (s *Store) TouchSession(ctx context.Context, id hermes.Hash, at time.Time) error {
	return s.authenticating().touch(ctx, raw(`UPDATE ?sessions SET last_seen = ? WHERE id = ?`, stamp(at), hashColumn(id)))
}

// touch runs an update that overwrites a time whatever it was: it fits into any order, and
// concurrent ones need not fail for each other.
func (s *Store) touch(ctx context.Context, q schema.QueryAppender) error {
	return s.write(ctx, TxOptions{Isolation: sql.LevelReadCommitted}, func(in *Store) error {
		_, err := in.exec(ctx, q)
		return err
	})
}

// RemoveSession implements hermes.Store.
func (s *Store) RemoveSession(ctx context.Context, id hermes.Hash) error {
	return s.authenticating().put(ctx, raw(`DELETE FROM ?sessions WHERE id = ?`, hashColumn(id)))
}

// RemoveSessions implements hermes.Store.
func (s *Store) RemoveSessions(ctx context.Context, p hermes.Principal, keep hermes.Hash) error {
	return s.authenticating().put(ctx, raw(`DELETE FROM ?sessions WHERE kind = ? AND name = ? AND id <> ?`, string(p.Kind), p.Name, hashColumn(keep)))
}

// TrimSessions implements hermes.Store.
func (s *Store) TrimSessions(ctx context.Context, p hermes.Principal, n int) error {
	return s.authenticating().put(ctx, raw(`DELETE FROM ?sessions WHERE kind = ?0 AND name = ?1 AND id NOT IN (
			SELECT k.id FROM ?sessions AS k WHERE k.kind = ?0 AND k.name = ?1
			ORDER BY k.last_seen DESC NULLS LAST, k.id DESC LIMIT ?2)`, string(p.Kind), p.Name, n))
}

// SweepExpired implements hermes.Store.
func (s *Store) SweepExpired(ctx context.Context, now time.Time) (swept int64, err error) {
	err = s.authenticating().change(ctx, func(in *Store) error {
		swept = 0
		for _, statement := range []string{
			`DELETE FROM ?sessions WHERE expires IS NULL OR expires <= ?0 OR key_expires IS NULL OR key_expires <= ?0`,
			`DELETE FROM ?nonces WHERE expires IS NULL OR expires <= ?0`,
		} {
			n, err := in.exec(ctx, raw(statement, stamp(now)))
			if err != nil {
				return err
			}
			swept += n
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return swept, nil
}
