package bunstore

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
)

type auditStatements struct {
	audit, auditBy, auditAbout statement // all, of a principal, about a subject
	auditIn, auditInNumbers    statement // within a scope that has domains, and one that has none

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

		auditIn: b.ownStatement(Data, limit(b.auditWithin(func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("q.id IN (?)", b.auditCandidates())
		}), 13)),
		auditInNumbers: b.ownStatement(Data, limit(b.auditWithin(func(q *bun.SelectQuery) *bun.SelectQuery {
			// Every placeholder has to be used.
			return q.Where("? IS NOT NULL", text(8)).Where("? OR EXISTS (SELECT 1 FROM ?audit_subjects AS a WHERE a.id = q.id AND a.area NOT IN ('-', '!'))", b.auditOwn())
		}), 13)),
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
	return b.auditEntries().Where("q.id < ? AND q.id >= ?", text(1), text(2)).
		Where("q.at >= ? AND q.at < ?", place(3), place(4)).Where("q.node LIKE ? ESCAPE '!'", text(5))
}

// auditWithin selects a page within a scope, whose domains are the JSON array $10 and whose
// prefixes of numbers are $9, for the viewer $11 $12. $6 is a name and $7 a subject that the
// entries have, if they are not empty.
func (b *builder) auditWithin(candidates func(*bun.SelectQuery) *bun.SelectQuery) *bun.SelectQuery {
	outside := b.NewSelect().ColumnExpr("1").TableExpr("?audit_subjects AS o").Where("o.id = q.id").
		Where("o.area = '!' OR o.area NOT IN ('-', '+') AND ?0 <> '[]' AND o.area NOT IN (?1) "+
			"OR o.subject LIKE '+%' AND ?2 <> '[]' AND NOT EXISTS (SELECT 1 FROM ?3 AS p WHERE o.subject LIKE p.value || '%')",
			text(10), b.jsonValues(10), text(9), bun.SafeQuery(b.engine.jsonTexts, place(9)))
	return candidates(b.auditPage()).
		Where("? OR q.node NOT LIKE 'auth/%' AND NOT EXISTS (?)", b.auditOwn(), outside).
		Where("?0 = '' OR q.name = ?0", text(6)).
		Where("?0 = '' OR EXISTS (SELECT 1 FROM ?audit_subjects AS j WHERE j.id = q.id AND j.subject = ?0)", text(7)).
		OrderExpr("q.id DESC")
}

// auditOwn is the condition that the viewer $11 $12 made an entry about principals.
func (b *builder) auditOwn() schema.QueryAppender {
	return bun.SafeQuery("(q.node LIKE 'auth/%' AND q.kind = ? AND q.name = ?)", text(11), text(12))
}

// auditCandidates selects the ids of entries that have a subject in the areas $8, or a number with
// one of the prefixes $9, or the viewer's name.
func (b *builder) auditCandidates() schema.QueryAppender {
	ids := b.NewSelect().ColumnExpr("a.id").TableExpr("?audit_subjects AS a").Where("a.id < ? AND a.id >= ?", text(1), text(2))
	numbers := b.NewSelect().ColumnExpr("n.id").TableExpr("? AS p", bun.SafeQuery(b.engine.jsonTexts, place(9))).
		Join("JOIN ?audit_subjects AS n ON n.subject >= p.value AND n.subject < p.value || ':' AND n.area = '+'")
	own := b.NewSelect().ColumnExpr("m.id").TableExpr("?audit AS m").Where("m.name = ? AND m.node LIKE 'auth/%'", text(12))
	return bun.SafeQuery("? UNION ALL ? UNION ALL ?", ids.Where("a.area IN (?)", b.jsonValues(8)), numbers, own)
}

// jsonValues selects the texts of a JSON array.
func (b *builder) jsonValues(at place) *bun.SelectQuery {
	return b.NewSelect().ColumnExpr("k.value").TableExpr("? AS k", bun.SafeQuery(b.engine.jsonTexts, at))
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
		switch {
		case !in.engine.writesInWith:
			return in.addAudit(ctx, e.ID, args, subjects)
		case s.tx != nil && in.runsLast:
			return in.addAuditWithCommit(ctx, e.ID, args, subjects)
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
			return in.fail(errAuditText)
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

var errAuditText = errors.New("a text of the audit entry is not UTF-8 or has NUL")

// addAuditWithCommit adds an entry at the end of the transaction, without a round trip of its own.
// An id that is there already makes the commit fail.
func (s *Store) addAuditWithCommit(ctx context.Context, id string, args []any, subjects []hermes.AuditSubject) error {
	rows := make([]bun.TupleValues, 0, len(subjects))
	texts := slices.Clone(args)
	for _, v := range subjects {
		row := s.args(&auditSubjectModel{ID: id, Subject: v.Text, Area: v.Area})
		rows, texts = append(rows, bun.Tuple(row)), append(texts, row...)
	}
	if !s.holds(texts) {
		return s.fail(errAuditText)
	}
	all := s.raw("? ?", s.intoAudit, bun.Tuple(s.bound(args))).text
	if len(rows) > 0 {
		all += "; " + s.raw("? ?", s.intoAuditSubjects, bun.List(rows)).text
	}
	return s.runWithCommit(ctx, all)
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
	case !q.Scope.IsZero():
		return s.auditWithin(ctx, q, args)
	case q.Subject != "":
		st, args = s.sql().auditAbout, append(args, q.Principal, q.Subject)
	case q.Principal != "":
		st, args = s.sql().auditBy, append(args, q.Principal)
	}
	return page(ctx, s, st, q.Limit, scanAuditEntry, args...)
}

// auditWithin reads a page within a scope. args are those of every page.
func (s *Store) auditWithin(ctx context.Context, q hermes.AuditQuery, args []any) ([]hermes.AuditEntry, error) {
	domains, prefixes := []string{}, append([]string{}, q.Scope.NumberPrefixes()...)
	for _, d := range q.Scope.DomainList() {
		domains = append(domains, d.String())
	}
	areas := domains
	if len(prefixes) == 0 {
		areas = append(slices.Clone(domains), hermes.NumberArea)
	}
	args = append(args, q.Principal, q.Subject)
	for _, texts := range [][]string{areas, prefixes, domains} {
		encoded, err := json.Marshal(texts)
		if err != nil {
			return nil, err
		}
		args = append(args, string(encoded))
	}
	args = append(args, string(q.Viewer.Kind), q.Viewer.Name)
	if len(domains) == 0 {
		return page(ctx, s, s.sql().auditInNumbers, q.Limit, scanAuditEntry, args...)
	}
	return page(ctx, s, s.sql().auditIn, q.Limit, scanAuditEntry, args...)
}
