package memstore

import (
	"context"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
)

// Counts implements [hermes.CountStore].
func (s *Store) Counts(ctx context.Context, now time.Time) (n hermes.Counts, err error) {
	r, err := s.read(ctx)
	if err != nil {
		return n, err
	}
	for a := range r.names.all() {
		if u := r.users.get(a); u != nil && u.Type == hermes.Remote {
			n.RemoteUsers++
		} else {
			n.LocalUsers++
		}
	}
	n.Phones = r.countPhones()
	for _, session := range r.sessions.all() {
		if session.Expires.After(now) && session.KeyExpires.After(now) {
			n.Sessions++
		}
	}
	n.Aliases, n.UnsealedEntries = int64(r.aliases.size()), int64(r.unsealed.size())
	return n, nil
}

// countPhones counts the phones that have a line with a user.
func (r *records) countPhones() (n int64) {
	var last mac.Addr
	for p := range r.phones.all() {
		if p.mac != last {
			n++
			last = p.mac
		}
	}
	return n
}
