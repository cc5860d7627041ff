package memstore

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// User implements [hermes.UserStore].
func (s *Store) User(ctx context.Context, a sip.Addr) (hermes.User, error) {
	r, err := s.read(ctx)
	if err != nil {
		return hermes.User{}, err
	}
	if u := r.users.get(a); u != nil {
		return *u, nil
	}
	return hermes.User{}, hermes.NotFound
}

// Users implements [hermes.UserStore].
func (s *Store) Users(ctx context.Context, q hermes.UserQuery) ([]hermes.UserEntry, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	page := make([]hermes.UserEntry, 0, min(q.Limit, 100))
	for a, name := range r.names.after(q.After) {
		if len(page) >= q.Limit {
			break
		}
		if q.Match.IsZero() || q.Match.Match(a.String()) || q.Match.Match(name) {
			page = append(page, hermes.UserEntry{User: a, DisplayName: name})
		}
	}
	return page, nil
}

// AddUser implements [hermes.UserStore].
func (s *Store) AddUser(ctx context.Context, u hermes.User) error {
	return s.write(ctx, func(r *records) error {
		if r.users.get(u.Address) != nil {
			return hermes.Exists
		}
		r.setUser(&u)
		return nil
	})
}

// SetUser implements [hermes.UserStore].
func (s *Store) SetUser(ctx context.Context, u hermes.User) error {
	return s.write(ctx, func(r *records) error {
		if r.users.get(u.Address) == nil {
			return hermes.NotFound
		}
		r.setUser(&u)
		return nil
	})
}

// RemoveUser implements [hermes.UserStore].
func (s *Store) RemoveUser(ctx context.Context, a sip.Addr) error {
	return s.write(ctx, func(r *records) error {
		if !r.names.remove(a) {
			return hermes.NotFound
		}
		r.users.remove(a)
		r.removeGroups(a)
		return nil
	})
}

// Groups implements [hermes.UserStore].
func (s *Store) Groups(ctx context.Context, a sip.Addr) ([]string, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	return r.groupsOf(a), nil
}

// SetGroups implements [hermes.UserStore].
func (s *Store) SetGroups(ctx context.Context, a sip.Addr, names []string) error {
	return s.write(ctx, func(r *records) error {
		r.removeGroups(a)
		for _, name := range names {
			r.groups.set(group{user: a, name: name}, present{})
		}
		return nil
	})
}

// Holder implements [hermes.UserStore].
func (s *Store) Holder(ctx context.Context, a sip.Addr) (hermes.Holder, error) {
	r, err := s.read(ctx)
	switch {
	case err != nil:
		return hermes.HeldByNone, err
	case r.users.get(a) != nil:
		return hermes.HeldByUser, nil
	case r.aliases.has(a):
		return hermes.HeldByAlias, nil
	}
	return hermes.HeldByNone, nil
}

// setUser stores a copy of u.
func (r *records) setUser(u *hermes.User) {
	r.users.set(u)
	r.names.set(u.Address, u.DisplayName)
}

func (r *records) groupsOf(a sip.Addr) []string {
	var names []string
	for g := range r.groups.from(group{user: a}) {
		if g.user != a {
			break
		}
		names = append(names, g.name)
	}
	return names
}

func (r *records) removeGroups(a sip.Addr) {
	for _, name := range r.groupsOf(a) {
		r.groups.remove(group{user: a, name: name})
	}
}
