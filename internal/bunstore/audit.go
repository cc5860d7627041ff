package bunstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
)

type auditStatements struct {
	audit, auditBy, auditAbout statement // all, of a principal, about a subject

	addAudit        statement
	addAuditSubject statement // for SQLite; PostgreSQL adds all by one statement
}

func (b *builder) auditStatements() auditStatements {
	about := b.auditPage().Join("JOIN ?audit_subjects AS j ON j.id = q.id").
		Where("j.subject = ?", text(7)).Where("j.id < ? AND j.id >= ?", text(1), text(2)).
		Where("? = '' OR q.name = ?0", text(6)).OrderExpr("j.id DESC")
	st := auditStatements{
		audit:      b.ownStatement(Data, limit(b.auditPage().OrderExpr("q.id DESC"), 6)),
		auditBy:    b.ownStatement(Data, limit(b.auditPage().Where("q.name = ?", text(6)).OrderExpr("q.id DESC"), 7)),
		auditAbout: b.ownStatement(Data, limit(about, 8)),
	}
	if b.engine.writesInWith {
		st.addAudit = b.ownStatement(Data, b.addAudit())
		return st
	}
	st.addAudit = b.ownStatement(Data, b.insert((*auditModel)(nil)).On("CONFLICT DO NOTHING"))
	st.addAuditSubject = b.ownStatement(Data, b.insert((*auditSubjectModel)(nil)))
	return st
}

// ownStatement is statement for one that needs none of Kamailio's tables.
func (b *builder) ownStatement(pool Pool, q schema.QueryAppender) statement {
	st := b.statement(pool, q)
	st.refused = nil
	return st
}

// auditPage selects entries with ids from $2 to before $1, times from $3 to before $4, and nodes
// like $5.
func (b *builder) auditPage() *bun.SelectQuery {
	return b.NewSelect().Model((*auditModel)(nil)).Where("q.id < ? AND q.id >= ?", text(1), text(2)).
		Where("q.at >= ? AND q.at < ?", place(3), place(4)).Where("q.node LIKE ? ESCAPE '!'", text(5))
}

// addAudit inserts an entry and its subjects, which are a JSON array of pairs, and returns how many
// entries it inserted.
func (b *builder) addAudit() *bun.SelectQuery {
	const pairs = "(SELECT own.id, v.pair OPERATOR(pg_catalog.->>) 0 AS subject, v.pair OPERATOR(pg_catalog.->>) 1 AS area " +
		"FROM own CROSS JOIN pg_catalog.jsonb_array_elements(?::pg_catalog.jsonb) AS v (pair)) AS k"
	own := b.insert((*auditModel)(nil)).On("CONFLICT DO NOTHING").Returning("q.id")
	subjects := b.NewInsert().Model((*auditSubjectModel)(nil)).Column("id", "subject", "area").
		TableExpr(pairs, b.after((*auditModel)(nil), 0))
	return b.NewSelect().With("own", own).With("subjects", subjects).
		ColumnExpr("count(*)").TableExpr("own")
}

// AddAuditEntry implements [hermes.AuditStore].
func (s *Store) AddAuditEntry(ctx context.Context, e hermes.AuditEntry) error {
	args, subjects := s.args(newAuditEntry(e)), e.Subjects()
	return s.write(ctx, TxOptions{}, nil, func(in *Store) error {
		if !in.engine.writesInWith {
			return in.addAudit(ctx, e.ID, args, subjects)
		}
		pairs := make([][2]string, 0, len(subjects))
		for _, v := range subjects {
			pairs = append(pairs, [2]string{v.Text, v.Area})
		}
		encoded, err := json.Marshal(pairs)
		if err != nil {
			return err
		}
		args := append(args, string(encoded))
		if !in.holds(args) {
			return in.fail(errors.New("a text of the audit entry is not UTF-8 or has NUL"))
		}
		var added int64
		if err := in.get(ctx, in.sql().addAudit, &added, args...); err != nil || added > 0 {
			return err
		}
		return hermes.Exists
	})
}

// addAudit adds an entry by several statements.
func (s *Store) addAudit(ctx context.Context, id string, args []any, subjects []hermes.AuditSubject) error {
	if err := s.change(ctx, s.sql().addAudit, hermes.Exists, args...); err != nil {
		return err
	}
	for _, v := range subjects {
		m := &auditSubjectModel{ID: id, Subject: v.Text, Area: v.Area}
		if _, err := s.exec(ctx, s.sql().addAuditSubject, s.args(m)...); err != nil {
			return err
		}
	}
	return nil
}

// afterAuditIDs is after all ids.
const afterAuditIDs = "~"

// AuditEntries implements [hermes.AuditStore].
func (s *Store) AuditEntries(ctx context.Context, q hermes.AuditQuery) ([]hermes.AuditEntry, error) {
	from, before := q.IDs()
	until := q.Until
	if until.IsZero() {
		until = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	since := q.Since
	if since.IsZero() {
		since = time.Unix(0, 0)
	}
	args := []any{cmp.Or(before, afterAuditIDs), from, stamp(since), stamp(until), q.LikeNodes()}
	st := s.sql().audit
	switch {
	case q.Subject != "":
		st, args = s.sql().auditAbout, append(args, q.Principal, q.Subject)
	case q.Principal != "":
		st, args = s.sql().auditBy, append(args, q.Principal)
	}
	return page(ctx, s, st, q.Limit, scanAuditEntry, args...)
}
