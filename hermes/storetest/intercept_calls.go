package storetest

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
)

// AddAuditEntry implements [hermes.AuditStore].
func (s intercepted) AddAuditEntry(ctx context.Context, e hermes.AuditEntry) error {
	return s.run("AddAuditEntry", func() error { return s.store.AddAuditEntry(ctx, e) })
}

// AuditEntries implements [hermes.AuditStore].
func (s intercepted) AuditEntries(ctx context.Context, q hermes.AuditQuery) ([]hermes.AuditEntry, error) {
	return get(s, "AuditEntries", func() ([]hermes.AuditEntry, error) { return s.store.AuditEntries(ctx, q) })
}

// UnsealedEntries implements [hermes.AuditStore].
func (s intercepted) UnsealedEntries(ctx context.Context, after string, limit int) ([]hermes.AuditEntry, error) {
	return get(s, "UnsealedEntries", func() ([]hermes.AuditEntry, error) { return s.store.UnsealedEntries(ctx, after, limit) })
}

// SealedEntries implements [hermes.AuditStore].
func (s intercepted) SealedEntries(ctx context.Context, q hermes.SealedQuery) ([]hermes.SealedEntry, error) {
	return get(s, "SealedEntries", func() ([]hermes.SealedEntry, error) { return s.store.SealedEntries(ctx, q) })
}

// AuditSubjects implements [hermes.AuditStore].
func (s intercepted) AuditSubjects(ctx context.Context, ids []string) ([]hermes.EntrySubject, error) {
	return get(s, "AuditSubjects", func() ([]hermes.EntrySubject, error) { return s.store.AuditSubjects(ctx, ids) })
}

// AuditSeals implements [hermes.AuditStore].
func (s intercepted) AuditSeals(ctx context.Context, after int64, limit int) ([]hermes.AuditSeal, error) {
	return get(s, "AuditSeals", func() ([]hermes.AuditSeal, error) { return s.store.AuditSeals(ctx, after, limit) })
}

// LastAuditSeal implements [hermes.AuditStore].
func (s intercepted) LastAuditSeal(ctx context.Context) (hermes.AuditSeal, error) {
	return get(s, "LastAuditSeal", func() (hermes.AuditSeal, error) { return s.store.LastAuditSeal(ctx) })
}

// LastPrunedSeal implements [hermes.AuditStore].
func (s intercepted) LastPrunedSeal(ctx context.Context) (hermes.AuditSeal, error) {
	return get(s, "LastPrunedSeal", func() (hermes.AuditSeal, error) { return s.store.LastPrunedSeal(ctx) })
}

// AddAuditSeal implements [hermes.AuditStore].
func (s intercepted) AddAuditSeal(ctx context.Context, seal hermes.AuditSeal, ids []string) error {
	return s.run("AddAuditSeal", func() error { return s.store.AddAuditSeal(ctx, seal, ids) })
}

// PruneAudit implements [hermes.AuditStore].
func (s intercepted) PruneAudit(ctx context.Context, number int64, mark hermes.Hash) (int64, error) {
	return get(s, "PruneAudit", func() (int64, error) { return s.store.PruneAudit(ctx, number, mark) })
}

// RemoveDestination implements [hermes.Store].
func (s intercepted) RemoveDestination(ctx context.Context, a hermes.Alias) error {
	return s.run("RemoveDestination", func() error { return s.store.RemoveDestination(ctx, a) })
}

// Answer implements [hermes.AnswerStore].
func (s intercepted) Answer(ctx context.Context, k hermes.AnswerKey) (hermes.KeptAnswer, error) {
	return get(s, "Answer", func() (hermes.KeptAnswer, error) { return s.store.Answer(ctx, k) })
}

// SetAnswer implements [hermes.AnswerStore].
func (s intercepted) SetAnswer(ctx context.Context, a hermes.KeptAnswer) error {
	return s.run("SetAnswer", func() error { return s.store.SetAnswer(ctx, a) })
}

// AnswerKeys implements [hermes.AnswerStore].
func (s intercepted) AnswerKeys(ctx context.Context, q hermes.AnswerQuery) ([]hermes.AnswerKey, error) {
	return get(s, "AnswerKeys", func() ([]hermes.AnswerKey, error) { return s.store.AnswerKeys(ctx, q) })
}
