package memstore

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

var _ hermes.AuditStore = (*Store)(nil)

// AddAuditEntry implements [hermes.AuditStore].
func (s *Store) AddAuditEntry(ctx context.Context, e hermes.AuditEntry) error {
	return s.write(ctx, func(r *records) error {
		if r.audit.has(e.ID) {
			return hermes.Exists
		}
		kept := newAuditRecord(e)
		id, _ := cutText(kept.texts)
		r.audit.set(id, kept)
		r.unsealed.set(id, present{})
		return nil
	})
}

// auditRecord is an entry whose texts are one. There may be millions of entries, and the garbage
// collector follows each text of each one.
type auditRecord struct {
	at  time.Time
	mac hermes.Hash
	// texts has each of auditTexts after its length.
	texts string
}

// auditTexts returns the fields of an entry that are texts.
func auditTexts(e *hermes.AuditEntry) [9]*string {
	return [...]*string{
		&e.ID, (*string)(&e.Principal.Kind), &e.Principal.Name, &e.Remote, &e.Request, &e.Node, &e.Subject, &e.Also, &e.Changes,
	}
}

func newAuditRecord(e hermes.AuditEntry) *auditRecord {
	var texts []byte
	for _, text := range auditTexts(&e) {
		texts = append(binary.AppendUvarint(texts, uint64(len(*text))), *text...)
	}
	return &auditRecord{at: e.At, mac: e.MAC, texts: string(texts)}
}

// entry returns the entry, whose texts are parts of the record's.
func (r *auditRecord) entry() hermes.AuditEntry {
	e := hermes.AuditEntry{At: r.at, MAC: r.mac}
	rest := r.texts
	for _, text := range auditTexts(&e) {
		*text, rest = cutText(rest)
	}
	return e
}

// cutText returns the first of the texts, and the others.
func cutText(texts string) (first, rest string) {
	n, size := binary.Uvarint([]byte(texts[:min(len(texts), binary.MaxVarintLen64)]))
	end := size + int(n)
	return texts[size:end], texts[end:]
}

// AuditEntries implements [hermes.AuditStore].
func (s *Store) AuditEntries(ctx context.Context, q hermes.AuditQuery) (page []hermes.AuditEntry, err error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	from, before := q.IDs()
	for id, e := range r.audit.before(before) {
		if len(page) >= q.Limit {
			break
		}
		if id < from {
			break // those that follow are older
		}
		if entry := e.entry(); q.Matches(entry) {
			page = append(page, entry)
		}
	}
	return page, nil
}

// UnsealedEntries implements [hermes.AuditStore].
func (s *Store) UnsealedEntries(ctx context.Context, after string, limit int) (page []hermes.AuditEntry, err error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	ids := r.unsealed.after(after)
	if after == "" {
		ids = r.unsealed.all()
	}
	for id := range ids {
		if len(page) >= limit {
			break
		}
		e, _ := r.audit.get(id)
		page = append(page, e.entry())
	}
	return page, nil
}

// SealedEntries implements [hermes.AuditStore].
func (s *Store) SealedEntries(ctx context.Context, q hermes.SealedQuery) (page []hermes.SealedEntry, err error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	for v := range r.sealed.from(sealed{seal: q.First}) {
		if len(page) >= q.Limit || v.seal > q.Last {
			break
		}
		e, _ := r.audit.get(v.id)
		page = append(page, hermes.SealedEntry{Entry: e.entry(), Seal: v.seal})
	}
	return page, nil
}

// AuditSubjects implements [hermes.AuditStore]. Entries are their own index here.
func (s *Store) AuditSubjects(ctx context.Context, ids []string) (all []hermes.EntrySubject, err error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		if e, ok := r.audit.get(id); ok {
			for _, v := range e.entry().Subjects() {
				all = append(all, hermes.EntrySubject{ID: id, Subject: v})
			}
		}
	}
	return all, nil
}

// AuditSeals implements [hermes.AuditStore].
func (s *Store) AuditSeals(ctx context.Context, after int64, limit int) (page []hermes.AuditSeal, err error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	for _, seal := range r.seals.after(after) {
		if len(page) >= limit {
			break
		}
		page = append(page, *seal)
	}
	return page, nil
}

// LastAuditSeal implements [hermes.AuditStore].
func (s *Store) LastAuditSeal(ctx context.Context) (last hermes.AuditSeal, err error) {
	r, err := s.read(ctx)
	if err == nil && r.seals.size() == 0 {
		err = hermes.NotFound
	}
	if err != nil {
		return last, err
	}
	seal, _ := r.seals.get(r.seals.at(r.seals.size() - 1))
	return *seal, nil
}

// LastPrunedSeal implements [hermes.AuditStore].
func (s *Store) LastPrunedSeal(ctx context.Context) (last hermes.AuditSeal, err error) {
	r, err := s.read(ctx)
	if err != nil {
		return last, err
	}
	seal, ok := r.seals.get(r.pruned)
	if !ok {
		return last, hermes.NotFound
	}
	return *seal, nil
}

// AddAuditSeal implements [hermes.AuditStore].
func (s *Store) AddAuditSeal(ctx context.Context, seal hermes.AuditSeal, ids []string) error {
	return s.write(ctx, func(r *records) error {
		if r.seals.has(seal.Number) {
			return hermes.Exists
		}
		r.seals.set(seal.Number, &seal)
		for _, id := range ids {
			if r.unsealed.remove(id) {
				r.sealed.set(sealed{seal: seal.Number, id: id}, present{})
			}
		}
		return nil
	})
}

// PruneAudit implements [hermes.AuditStore].
func (s *Store) PruneAudit(ctx context.Context, number int64, mark hermes.Hash) (removed int64, err error) {
	err = s.write(ctx, func(r *records) error {
		if !r.seals.has(number) {
			return hermes.NotFound
		}
		var gone []sealed
		for v := range r.sealed.all() {
			if v.seal > number {
				break
			}
			gone = append(gone, v)
		}
		for _, v := range gone {
			r.sealed.remove(v)
			r.audit.remove(v.id)
		}
		r.prune(number, mark)
		removed = int64(len(gone))
		return nil
	})
	return removed, err
}

// prune empties Entries of the seals up to one, and moves the mark there.
func (r *records) prune(number int64, mark hermes.Hash) {
	var seals []hermes.AuditSeal
	for n, seal := range r.seals.all() {
		if n <= number || n == r.pruned {
			seals = append(seals, *seal)
		}
	}
	for _, seal := range seals {
		seal.Pruned = hermes.Hash{}
		if seal.Number <= number {
			seal.Entries = ""
		}
		if seal.Number == number {
			seal.Pruned = mark
		}
		r.seals.set(seal.Number, &seal)
	}
	r.pruned = number
}
