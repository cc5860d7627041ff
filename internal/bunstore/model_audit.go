package bunstore

import (
	"database/sql"
	"time"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/hermes"
)

// auditModel is an entry of the audit trail. The number of its seal is written by other statements.
type auditModel struct {
	bun.BaseModel `bun:"table:hermes.audit,alias:q"`

	ID      string `bun:"id,pk"`
	At      stamp  `bun:"at"`
	Kind    string `bun:"kind"`
	Name    string `bun:"name"`
	Remote  string `bun:"remote"`
	Request string `bun:"request"`
	Node    string `bun:"node"`
	Subject string `bun:"subject"`
	Also    string `bun:"also"`
	Changes string `bun:"changes"`
	MAC     []byte `bun:"mac"`
}

// auditEntries selects the columns of auditModel, in order.
func (b *builder) auditEntries() *bun.SelectQuery {
	return b.NewSelect().Model((*auditModel)(nil)).
		ColumnExpr("q.id, ? AS at, q.kind, q.name, q.remote, q.request, q.node, q.subject, q.also, q.changes, q.mac",
			bun.SafeQuery(b.engine.possibleTime, bun.Safe("q.at")))
}

// auditSeals selects the columns of auditSealModel.
func (b *builder) auditSeals() *bun.SelectQuery {
	return b.NewSelect().Model((*auditSealModel)(nil)).
		ColumnExpr("x.number, ? AS at, x.count, x.entries, x.digest, x.key_id, x.link, x.mac, x.pruned",
			bun.SafeQuery(b.engine.possibleTime, bun.Safe("x.at")))
}

func newAuditEntry(e hermes.AuditEntry) *auditModel {
	return &auditModel{
		ID: e.ID, At: stamp(e.At), Kind: string(e.Principal.Kind), Name: e.Principal.Name, Remote: e.Remote, Request: e.Request,
		Node: e.Node, Subject: e.Subject, Also: e.Also, Changes: e.Changes, MAC: e.MAC[:],
	}
}

// scanAuditEntry reads a row of the columns of auditModel.
func scanAuditEntry(rows *sql.Rows) (hermes.AuditEntry, error) { return scanAuditColumns(rows) }

// scanAuditColumns reads a row of the columns of auditModel and those of more.
func scanAuditColumns(rows *sql.Rows, more ...any) (e hermes.AuditEntry, err error) {
	var at stamp
	var mac []byte
	err = rows.Scan(append([]any{
		&e.ID, &at, &e.Principal.Kind, &e.Principal.Name, &e.Remote, &e.Request, &e.Node, &e.Subject, &e.Also, &e.Changes, &mac,
	}, more...)...)
	e.At, e.MAC = time.Time(at), toHash(mac)
	return e, err
}

// auditSubjectModel is something that an entry is about.
type auditSubjectModel struct {
	bun.BaseModel `bun:"table:hermes.audit_subjects,alias:j"`

	ID      string `bun:"id,pk"`
	Subject string `bun:"subject,pk"`
	Area    string `bun:"area"`
}

// auditSealModel authenticates entries.
type auditSealModel struct {
	bun.BaseModel `bun:"table:hermes.audit_seals,alias:x"`

	Number  int64  `bun:"number,pk"`
	At      stamp  `bun:"at"`
	Count   int64  `bun:"count"`
	Entries []byte `bun:"entries"`
	Digest  []byte `bun:"digest"`
	KeyID   []byte `bun:"key_id"`
	Link    []byte `bun:"link"`
	MAC     []byte `bun:"mac"`
	Pruned  []byte `bun:"pruned"`
}

func newAuditSeal(v hermes.AuditSeal) *auditSealModel {
	m := &auditSealModel{
		Number: v.Number, At: stamp(v.At), Count: v.Count, Entries: []byte(v.Entries), Digest: v.Digest[:],
		KeyID: []byte(v.KeyID), Link: v.Link[:], MAC: v.MAC[:],
	}
	if v.Pruned != (hermes.Hash{}) {
		m.Pruned = v.Pruned[:]
	}
	return m
}

func (m *auditSealModel) seal() hermes.AuditSeal {
	return hermes.AuditSeal{
		Number: m.Number, At: time.Time(m.At), Count: m.Count, Entries: string(m.Entries), Digest: toHash(m.Digest),
		KeyID: string(m.KeyID), Link: toHash(m.Link), MAC: toHash(m.MAC), Pruned: toHash(m.Pruned),
	}
}
