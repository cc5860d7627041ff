package bunstore

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/hermes"
)

type auditSealStatements struct {
	firstUnsealed, unsealedAfter, sealedEntries, auditSubjects statement
	auditSeals, lastSeal, lastPrunedSeal                       statement

	addSeal, markSealed, markPruned, unmarkPruned statement

	pruneSubjects, pruneEntries, pruneSeals statement
}

func (b *builder) auditSealStatements() auditSealStatements {
	entry, subject, seal := (*auditModel)(nil), (*auditSubjectModel)(nil), (*auditSealModel)(nil)
	named := func(at place) *bun.SelectQuery {
		return b.NewSelect().ColumnExpr("k.value").TableExpr(b.engine.jsonTexts+" AS k", at)
	}
	unsealed := func(ids string) statement {
		// In this order, PostgreSQL's planner takes the index although all values of seal are NULL.
		return b.ownStatement(Data, limit(b.auditEntries().
			Where("q.seal IS NULL AND "+ids, text(1)).OrderExpr("q.seal, q.id"), 2))
	}
	return auditSealStatements{
		firstUnsealed: unsealed("q.id >= ?"), // an entry without an id is one
		unsealedAfter: unsealed("q.id > ?"),
		sealedEntries: b.ownStatement(Data, limit(b.auditEntries().ColumnExpr("q.seal").
			Where("q.seal >= ? AND q.seal <= ?", place(1), place(2)).OrderExpr("q.seal, q.id"), 3)),
		auditSubjects: b.ownStatement(Data, b.NewSelect().Model(subject).
			Where("j.id IN (?)", named(1)).OrderExpr("j.id, j.subject")),

		auditSeals:     b.ownStatement(Data, limit(b.auditSeals().Where("x.number > ?", place(1)).OrderExpr("x.number"), 2)),
		lastSeal:       b.ownStatement(Data, b.auditSeals().OrderExpr("x.number DESC").Limit(1)),
		lastPrunedSeal: b.ownStatement(Data, b.auditSeals().Where("x.pruned IS NOT NULL").OrderExpr("x.number DESC").Limit(1)),

		addSeal: b.ownStatement(Data, b.insert(seal).On("CONFLICT DO NOTHING")),
		markSealed: b.ownStatement(Data, b.NewUpdate().Model(entry).Set("seal = ?", place(1)).
			Where("q.seal IS NULL AND q.id IN (?)", named(2))),
		markPruned: b.ownStatement(Data, b.NewUpdate().Model(seal).Set("pruned = ?", place(2)).Where("x.number = ?", place(1))),
		unmarkPruned: b.ownStatement(Data, b.NewUpdate().Model(seal).Set("pruned = NULL").
			Where("x.pruned IS NOT NULL AND x.number <> ?", place(1))),

		pruneSubjects: b.ownStatement(Bulk, b.NewDelete().Model(subject).
			Where("j.id IN (?)", b.NewSelect().Model(entry).Column("id").Where("q.seal <= ?", place(1)))),
		pruneEntries: b.ownStatement(Bulk, b.NewDelete().Model(entry).Where("q.seal <= ?", place(1))),
		pruneSeals: b.ownStatement(Bulk, b.NewUpdate().Model(seal).Set("entries = ?", place(3)).
			Where("x.number > ? AND x.number <= ?", place(1), place(2))),
	}
}

// UnsealedEntries implements [hermes.AuditStore].
func (s *Store) UnsealedEntries(ctx context.Context, after string, limit int) ([]hermes.AuditEntry, error) {
	st := s.sql().unsealedAfter
	if after == "" {
		st = s.sql().firstUnsealed
	}
	return page(ctx, s, st, limit, scanAuditEntry, after)
}

// SealedEntries implements [hermes.AuditStore].
func (s *Store) SealedEntries(ctx context.Context, q hermes.SealedQuery) ([]hermes.SealedEntry, error) {
	return page(ctx, s, s.sql().sealedEntries, q.Limit, func(rows *sql.Rows) (v hermes.SealedEntry, err error) {
		v.Entry, err = scanAuditColumns(rows, &v.Seal)
		return v, err
	}, q.First, q.Last)
}

// AuditSubjects implements [hermes.AuditStore].
func (s *Store) AuditSubjects(ctx context.Context, ids []string) ([]hermes.EntrySubject, error) {
	return list(ctx, s, s.sql().auditSubjects, func(rows *sql.Rows) (v hermes.EntrySubject, err error) {
		return v, rows.Scan(&v.ID, &v.Subject.Text, &v.Subject.Area)
	}, jsonTexts(ids))
}

// AuditSeals implements [hermes.AuditStore].
func (s *Store) AuditSeals(ctx context.Context, after int64, limit int) ([]hermes.AuditSeal, error) {
	return page(ctx, s, s.sql().auditSeals, limit, func(rows *sql.Rows) (hermes.AuditSeal, error) {
		var m auditSealModel
		err := s.db.ScanRow(ctx, rows, &m)
		return m.seal(), err
	}, after)
}

// LastAuditSeal implements [hermes.AuditStore].
func (s *Store) LastAuditSeal(ctx context.Context) (hermes.AuditSeal, error) {
	return s.oneSeal(ctx, s.sql().lastSeal)
}

// LastPrunedSeal implements [hermes.AuditStore].
func (s *Store) LastPrunedSeal(ctx context.Context) (hermes.AuditSeal, error) {
	return s.oneSeal(ctx, s.sql().lastPrunedSeal)
}

func (s *Store) oneSeal(ctx context.Context, st statement) (hermes.AuditSeal, error) {
	var m auditSealModel
	if err := s.get(ctx, st, &m); err != nil {
		return hermes.AuditSeal{}, err
	}
	return m.seal(), nil
}

// AddAuditSeal implements [hermes.AuditStore]. It waits for no other transaction that adds entries:
// those have other rows.
func (s *Store) AddAuditSeal(ctx context.Context, seal hermes.AuditSeal, ids []string) error {
	return s.write(ctx, TxOptions{}, nil, func(in *Store) error {
		if err := in.change(ctx, in.sql().addSeal, hermes.Exists, in.args(newAuditSeal(seal))...); err != nil || len(ids) == 0 {
			return err
		}
		_, err := in.exec(ctx, in.sql().markSealed, seal.Number, jsonTexts(ids))
		return err
	})
}

// PruneAudit implements [hermes.AuditStore].
func (s *Store) PruneAudit(ctx context.Context, number int64, mark hermes.Hash) (removed int64, err error) {
	err = s.write(ctx, TxOptions{Pool: Bulk}, nil, func(in *Store) error {
		st := in.sql()
		before, err := in.LastPrunedSeal(ctx)
		if err != nil && err != error(hermes.NotFound) {
			return err
		}
		if err := in.change(ctx, st.markPruned, hermes.NotFound, number, mark[:]); err != nil {
			return err
		}
		if err := in.change(ctx, st.unmarkPruned, nil, number); err != nil {
			return err
		}
		if err := in.change(ctx, st.pruneSubjects, nil, number); err != nil {
			return err
		}
		if removed, err = in.exec(ctx, st.pruneEntries, number); err != nil {
			return err
		}
		return in.change(ctx, st.pruneSeals, nil, before.Number, number, []byte{})
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}
