package memstore

import (
	"context"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// PhoneUsers implements [hermes.PhoneStore].
func (s *Store) PhoneUsers(ctx context.Context, m mac.Addr) ([]sip.Addr, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var users []sip.Addr
	for p := range r.phones.from(hermes.Phone{MAC: m}) {
		if p.MAC != m {
			break
		}
		users = append(users, p.User)
	}
	return users, nil
}

// UserPhones implements [hermes.PhoneStore].
func (s *Store) UserPhones(ctx context.Context, a sip.Addr) ([]mac.Addr, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var macs []mac.Addr
	for p := range r.userPhones.from(hermes.Phone{User: a}) {
		if p.User != a {
			break
		}
		macs = append(macs, p.MAC)
	}
	return macs, nil
}

// Phones implements [hermes.PhoneStore].
func (s *Store) Phones(ctx context.Context, q hermes.PhoneQuery) ([]mac.Addr, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	prefix := literalPrefix(q.Match)
	start, ok := firstMAC(prefix)
	if !ok {
		return nil, nil
	}
	if start.Compare(q.After) < 0 {
		start = q.After
	}
	var page []mac.Addr
	last := q.After
	for p := range r.phones.from(hermes.Phone{MAC: start}) {
		if len(page) >= q.Limit {
			break
		}
		if p.MAC == last || !q.Scope.HasDomain(p.User.Domain()) {
			continue
		}
		last = p.MAC
		if !q.Match.IsZero() {
			text := p.MAC.String()
			if !strings.HasPrefix(text, prefix) {
				break
			}
			if !q.Match.Match(text) {
				continue
			}
		}
		page = append(page, p.MAC)
	}
	return page, nil
}

// AddPhone implements [hermes.PhoneStore].
func (s *Store) AddPhone(ctx context.Context, p hermes.Phone) error {
	return s.write(ctx, func(r *records) error {
		if r.phones.has(p) {
			return hermes.Exists
		}
		r.phones.set(p, present{})
		r.userPhones.set(p, present{})
		return nil
	})
}

// movePhones gives the phones of a user to another one, and returns them.
func (r *records) movePhones(from, to sip.Addr) (macs []mac.Addr) {
	for p := range r.userPhones.from(hermes.Phone{User: from}) {
		if p.User != from {
			break
		}
		macs = append(macs, p.MAC)
	}
	for _, m := range macs {
		before, after := hermes.Phone{MAC: m, User: from}, hermes.Phone{MAC: m, User: to}
		r.phones.remove(before)
		r.userPhones.remove(before)
		r.phones.set(after, present{})
		r.userPhones.set(after, present{})
	}
	return macs
}

// RemovePhone implements [hermes.PhoneStore].
func (s *Store) RemovePhone(ctx context.Context, p hermes.Phone) error {
	return s.write(ctx, func(r *records) error {
		if !r.phones.remove(p) {
			return hermes.NotFound
		}
		r.userPhones.remove(p)
		return nil
	})
}
