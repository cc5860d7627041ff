package bunstore

import (
	"context"
	"database/sql"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

type sessionStatements struct {
	session, addSession, rotateSession, touchSession statement
	removeSession, removeSessions, trimSessions      statement
	sweepSessions, sweepNonces                       statement
}

func (b *builder) sessionStatements() sessionStatements {
	session := (*sessionModel)(nil)
	const ofPrincipal = "e.kind = ? AND e.name = ?"
	newest := limit(b.NewSelect().ColumnExpr("f.id").TableExpr("?sessions AS f").
		Where("f.kind = ? AND f.name = ?", text(1), text(2)).OrderExpr("f.last_seen DESC NULLS LAST, f.id DESC"), 3)
	return sessionStatements{
		session: b.statement(Auth, b.NewSelect().Model(session).
			ColumnExpr("?TableColumns").ColumnExpr("z.access, z.domains, z.numbers, z.nodes, k.host, k.expires AS api_key_expires").
			Join("LEFT JOIN ?authorizations AS z ON z.kind = e.kind AND z.name = e.name").
			Join("LEFT JOIN ?api_keys AS k ON e.kind = ? AND k.id = e.name", string(hermes.KeyPrincipal)).
			Where("e.id = ?", place(1))),
		addSession: b.statement(Auth, b.insert(session).On("CONFLICT DO NOTHING")),
		rotateSession: b.statement(Auth, b.NewUpdate().Model(session).
			Set("gen = gen + 1").Set("rotated = ?", place(1)).Set("key_expires = ?", place(2)).
			Set("confirmed = ?", place(3)).Where("e.id = ? AND e.gen = ?", place(4), place(5))),
		touchSession: b.statement(Auth, b.NewUpdate().Model(session).Set("last_seen = ?", place(1)).
			Where("e.id = ?", place(2)).Where("e.last_seen IS NULL OR e.last_seen < ?", place(1))),

		removeSession: b.statement(Auth, b.NewDelete().Model(session).Where("e.id = ?", place(1))),
		removeSessions: b.statement(Auth, b.NewDelete().Model(session).
			Where(ofPrincipal, text(1), text(2)).Where("e.id <> ?", place(3))),
		trimSessions: b.statement(Auth, b.NewDelete().Model(session).
			Where(ofPrincipal, text(1), text(2)).Where("e.id NOT IN (?)", newest)),

		sweepSessions: b.statement(Auth, b.NewDelete().Model(session).
			Where("e.expires IS NULL OR e.expires <= ?0 OR e.key_expires IS NULL OR e.key_expires <= ?0", place(1))),
		sweepNonces: b.statement(Auth, b.NewDelete().Model((*nonceModel)(nil)).
			Where("o.expires IS NULL OR o.expires <= ?", place(1))),
	}
}

// Session implements [hermes.Store].
func (s *Store) Session(ctx context.Context, id hermes.Hash) (hermes.SessionState, error) {
	var row sessionRow
	err := s.first(ctx, s.sql().session, []any{id[:]}, func(_ context.Context, rows *sql.Rows) error { return row.scan(rows) })
	if err != nil {
		return hermes.SessionState{}, err
	}
	return row.state(), nil
}

// AddSession implements [hermes.Store].
func (s *Store) AddSession(ctx context.Context, v hermes.Session) error {
	return s.change(ctx, s.sql().addSession, hermes.Exists, s.args(newSession(v))...)
}

// RotateSession implements [hermes.Store].
func (s *Store) RotateSession(ctx context.Context, v hermes.Session) error {
	return s.change(ctx, s.sql().rotateSession, hermes.NotFound,
		stamp(v.Rotated), stamp(v.KeyExpires), stamp(v.Confirmed), v.ID[:], v.Gen-1)
}

// RemoveSession implements [hermes.Store].
func (s *Store) RemoveSession(ctx context.Context, id hermes.Hash) error {
	return s.change(ctx, s.sql().removeSession, nil, id[:])
}

// RemoveSessions implements [hermes.Store].
func (s *Store) RemoveSessions(ctx context.Context, p hermes.Principal, keep hermes.Hash) error {
	return s.change(ctx, s.sql().removeSessions, nil, string(p.Kind), p.Name, keep[:])
}

// TrimSessions implements [hermes.Store].
func (s *Store) TrimSessions(ctx context.Context, p hermes.Principal, n int) error {
	return s.change(ctx, s.sql().trimSessions, nil, string(p.Kind), p.Name, int64(n))
}

// SweepExpired implements [hermes.Store].
func (s *Store) SweepExpired(ctx context.Context, now time.Time) (swept int64, err error) {
	err = s.write(ctx, TxOptions{Pool: Auth}, nil, func(in *Store) error {
		swept = 0
		for _, st := range []statement{in.sql().sweepSessions, in.sql().sweepNonces, in.sql().sweepLogins, in.sql().sweepAnswers} {
			n, err := in.exec(ctx, st, stamp(now))
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
	return swept, s.sweepOver(ctx, now)
}
