package hermes

import "context"

// AuditStore keeps the audit trail: entries, and the seals that authenticate them. A store knows
// nothing of what the seals have. It must not let sealing wait for transactions that add entries,
// nor the other way round, if the database can do more than one thing at a time.
type AuditStore interface {
	// AddAuditEntry stores a new entry, which no seal covers. Returns Exists. In a transaction the
	// error may be that of a later call, or of the commit, and need not be Exists.
	AddAuditEntry(ctx context.Context, e AuditEntry) error
	// AuditEntries returns a page of entries, in the reverse order of their ids.
	AuditEntries(ctx context.Context, q AuditQuery) ([]AuditEntry, error)
	// UnsealedEntries returns a page of the entries that no seal covers, in the order of their ids,
	// which are greater than after. If after is empty, the page begins with the first entry, which may
	// have an empty id.
	UnsealedEntries(ctx context.Context, after string, limit int) ([]AuditEntry, error)
	// SealedEntries returns a page of the entries that are marked as covered by a seal, even by one
	// that does not exist.
	SealedEntries(ctx context.Context, q SealedQuery) ([]SealedEntry, error)
	// AuditSubjects returns by what the entries with these ids are found, in the order of ids and then
	// of texts: what [AuditEntry.Subjects] returned when they were added.
	AuditSubjects(ctx context.Context, ids []string) ([]EntrySubject, error)

	// AuditSeals returns a page of seals, in the order of their numbers, which are greater than after.
	AuditSeals(ctx context.Context, after int64, limit int) ([]AuditSeal, error)
	// LastAuditSeal returns the seal with the greatest number. Returns NotFound.
	LastAuditSeal(ctx context.Context) (AuditSeal, error)
	// LastPrunedSeal returns the seal that has the mark Pruned. Returns NotFound.
	LastPrunedSeal(ctx context.Context) (AuditSeal, error)
	// AddAuditSeal stores a seal, and marks those of the entries with these ids that no seal covers as
	// covered by it. Returns Exists if there is a seal with that number.
	AddAuditSeal(ctx context.Context, s AuditSeal, ids []string) error
	// PruneAudit removes the entries that are marked as covered by the seal with that number or one
	// before, empties Entries of these seals, and makes mark the Pruned of the seal with that number
	// and of no other. It returns how many entries it removed. Returns NotFound if there is no such
	// seal.
	PruneAudit(ctx context.Context, number int64, mark Hash) (int64, error)
}

// AnswerStore keeps the answers to calls with an idempotency key.
type AnswerStore interface {
	// Answer returns the answer that was kept under a key. Returns NotFound.
	Answer(ctx context.Context, k AnswerKey) (KeptAnswer, error)
	// SetAnswer stores an answer, or replaces one with the same key.
	SetAnswer(ctx context.Context, a KeptAnswer) error
	// AnswerKeys returns a page of the keys of answers, ordered byte-wise by the kind and the name of
	// the principal, then by node, and then by key.
	AnswerKeys(ctx context.Context, q AnswerQuery) ([]AnswerKey, error)
}
