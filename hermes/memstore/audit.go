package memstore

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
)

var _ hermes.AuditStore = (*Store)(nil)

// AddAuditEntry implements [hermes.AuditStore].
func (s *Store) AddAuditEntry(ctx context.Context, e hermes.AuditEntry) error {
	return s.write(ctx, func(r *records) error {
		if r.audit.has(e.ID) {
			return hermes.Exists
		}
		r.audit.set(e.ID, &e)
		return nil
	})
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
		if q.Matches(*e) {
			page = append(page, *e)
		}
	}
	return page, nil
}
