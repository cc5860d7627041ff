package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// entryNumber returns the number of an entry of the audit trail, whose id is auditID of it.
func (g generator) entryNumber() int { return 1 + g.upTo(5) }

func (g generator) entryID() string { return auditID(g.entryNumber()) }

// entryIDs returns ids in any order, some of them twice.
func (g generator) entryIDs() (ids []string) {
	for range g.upTo(4) {
		ids = append(ids, g.entryID())
	}
	return ids
}

// subject returns what an entry of the audit trail can be about.
func (g generator) subject() string {
	return drawFrom(g, "a@local.example", "a@LOCAL.example", "_@far.example", "+4711", "+4711@far.example", "a01122334455",
		"local.example", "alice", "")
}

func (g generator) auditEntry() hermes.AuditEntry {
	e := auditEntry(g.entryNumber(), drawFrom(g, "user/add", "phone/add", "number/assign", "domain/set_servers", "auth/authorize"), g.subject())
	var also []string
	for range g.upTo(2) {
		also = append(also, g.subject())
	}
	slices.Sort(also)
	e.Principal, e.Request, e.Also, e.Changes = g.principal(), g.text(), strings.Join(also, "\n"), g.text()
	return e
}

func (g generator) auditQuery() hermes.AuditQuery {
	entryTime := func() time.Time { return auditTime(g.entryNumber()) }
	return hermes.AuditQuery{
		Since: maybe(g, entryTime), Until: maybe(g, entryTime), Principal: maybe(g, g.name),
		Nodes: drawFrom(g, "", "", "user/*", "*_*", "?????/add"), Subject: maybe(g, g.subject),
		Scope: g.scope(), Viewer: g.principal(), After: maybe(g, g.entryID), Limit: g.limit(),
	}
}

// entryOperation draws an operation on entries of the audit trail.
func (g generator) entryOperation() operation {
	e, q, ids, after, n := g.auditEntry(), g.auditQuery(), g.entryIDs(), maybe(g, g.entryID), g.limit()
	if g.inTx { // an id that is there already may undo the transaction, or not
		g.sequence.entries++
		e.ID = auditID(100 + g.sequence.entries)
	}
	add := newOperation("AddAuditEntry", []any{e}, func(ctx context.Context, s hermes.Store) string {
		return errorResult(s.AddAuditEntry(ctx, e))
	})
	return drawFrom(g, add, add,
		newOperation("AuditEntries", []any{q}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.AuditEntries(ctx, q))
		}),
		newOperation("UnsealedEntries", []any{after, n}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.UnsealedEntries(ctx, after, n))
		}),
		newOperation("AuditSubjects", []any{ids}, func(ctx context.Context, s hermes.Store) string {
			return listResult(s.AuditSubjects(ctx, ids))
		}))
}

// sealOperation draws an operation on seals of the audit trail. No method removes a seal, so those
// of the sequences before are still there: texts and results have the numbers of seals without
// those. A new seal follows the last one, or has its number.
func (g generator) sealOperation() operation {
	seq, ids, n := g.sequence, g.entryIDs(), g.limit()
	next, first, number := g.upTo(2) > 0, int64(g.upTo(2)), int64(g.upTo(3))
	return drawFrom(g,
		newOperation("AddAuditSeal", []any{next, ids}, func(ctx context.Context, s hermes.Store) string {
			last, err := s.LastAuditSeal(ctx)
			if err != nil {
				return errorResult(err)
			}
			if next {
				last.Number++
			}
			seal := auditSeal(int(last.Number - seq.seals))
			seal.Number = last.Number
			return errorResult(s.AddAuditSeal(ctx, seal, ids))
		}),
		newOperation("SealedEntries", []any{first, number, n}, func(ctx context.Context, s hermes.Store) string {
			return seq.sealedResult(s.SealedEntries(ctx, hermes.SealedQuery{First: seq.seals + first, Last: seq.seals + number, Limit: n}))
		}),
		newOperation("AuditSeals", []any{first, n}, func(ctx context.Context, s hermes.Store) string {
			return seq.sealsResult(s.AuditSeals(ctx, seq.seals+first, n))
		}),
		newOperation("LastAuditSeal", nil, func(ctx context.Context, s hermes.Store) string {
			return seq.sealResult(s.LastAuditSeal(ctx))
		}),
		newOperation("LastPrunedSeal", nil, func(ctx context.Context, s hermes.Store) string {
			return seq.sealResult(s.LastPrunedSeal(ctx))
		}),
		newOperation("PruneAudit", []any{number}, func(ctx context.Context, s hermes.Store) string {
			return result(s.PruneAudit(ctx, seq.seals+number, hash(int(100+number))))
		}))
}

// sealResult is [result] for a seal.
func (seq *sequence) sealResult(seal hermes.AuditSeal, err error) string {
	if err != nil {
		return errorResult(err)
	}
	if seal.Number <= seq.seals {
		return fmt.Sprintf("a seal of before, pruned: %t", seal.Pruned != hermes.Hash{})
	}
	seal.Number -= seq.seals
	return result(seal, nil)
}

func (seq *sequence) sealsResult(seals []hermes.AuditSeal, err error) string {
	results := []string{errorResult(err)}
	for _, seal := range seals {
		results = append(results, seq.sealResult(seal, nil))
	}
	return strings.Join(results, " ")
}

// sealedResult is [listResult] for entries with their seals.
func (seq *sequence) sealedResult(entries []hermes.SealedEntry, err error) string {
	for i := range entries {
		entries[i].Seal -= seq.seals
	}
	return listResult(entries, err)
}

// emptyTrail removes all entries of the audit trail, by a seal that covers those that no other
// does.
func emptyTrail(ctx context.Context, s hermes.Store, seq *sequence) error {
	last, err := s.LastAuditSeal(ctx)
	if isFault(err) {
		return err
	}
	unsealed, err := s.UnsealedEntries(ctx, "", 10_000)
	if err != nil {
		return err
	}
	var ids []string
	for _, e := range unsealed {
		ids = append(ids, e.ID)
	}
	seal := auditSeal(0)
	seal.Number = last.Number + 1
	seq.seals = seal.Number
	return firstError(s.AddAuditSeal(ctx, seal, ids), errorOf(s.PruneAudit(ctx, seal.Number, hash(99))))
}
