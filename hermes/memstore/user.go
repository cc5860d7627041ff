package memstore

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// User implements hermes.UserStore.
func (s *Store) User(ctx context.Context, a sip.Addr) (hermes.User, error) {
	t, err := s.read(ctx)
	if err != nil {
		return hermes.User{}, err
	}
	if u := t.users.get(a); u != nil {
		return *u, nil
	}
	return hermes.User{}, hermes.NotFound
}

// Users implements hermes.UserStore.
func (s *Store) Users(ctx context.Context, q hermes.UserQuery) ([]hermes.UserEntry, error) {
	t, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	page := make([]hermes.UserEntry, 0, min(q.Limit, 100))
	for a, name := range after(t.names, q.After) {
		if len(page) >= q.Limit {
			break
		}
		if q.Match.IsZero() || q.Match.Match(a.String()) || q.Match.Match(name) {
			page = append(page, hermes.UserEntry{User: a, DisplayName: name})
		}
	}
	return page, nil
}

// AddUser implements hermes.UserStore.
func (s *Store) AddUser(ctx context.Context, u hermes.User) error {
	return s.write(ctx, func(t *tables) error {
		if t.users.get(u.Address) != nil {
			return hermes.Exists
		}
		t.setUser(&u)
		return nil
	})
}

// SetUser implements hermes.UserStore.
func (s *Store) SetUser(ctx context.Context, u hermes.User) error {
	return s.write(ctx, func(t *tables) error {
		if t.users.get(u.Address) == nil {
			return hermes.NotFound
		}
		t.setUser(&u)
		return nil
	})
}

// RemoveUser implements hermes.UserStore.
func (s *Store) RemoveUser(ctx context.Context, a sip.Addr) error {
	return s.write(ctx, func(t *tables) error {
		if !t.names.remove(a) {
			return hermes.NotFound
		}
		t.users = t.users.without(a)
		t.clearGroups(a)
		return nil
	})
}

// Groups implements hermes.UserStore.
func (s *Store) Groups(ctx context.Context, a sip.Addr) ([]string, error) {
	t, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	return t.groupsOf(a), nil
}

// SetGroups implements hermes.UserStore.
func (s *Store) SetGroups(ctx context.Context, a sip.Addr, names []string) error {
	return s.write(ctx, func(t *tables) error {
		t.clearGroups(a)
		for _, name := range names {
			t.groups.set(group{a, name}, none{})
		}
		return nil
	})
}

// Holder implements hermes.UserStore.
func (s *Store) Holder(ctx context.Context, a sip.Addr) (hermes.Holder, error) {
	t, err := s.read(ctx)
	switch {
	case err != nil:
		return hermes.HeldByNone, err
	case t.users.get(a) != nil:
		return hermes.HeldByUser, nil
	case t.aliases.has(a):
		return hermes.HeldByAlias, nil
	}
	return hermes.HeldByNone, nil
}

// setUser keeps u, which nobody alters from now on.
func (t *tables) setUser(u *hermes.User) {
	t.users = t.users.with(u)
	t.names.set(u.Address, u.DisplayName)
}

func (t *tables) groupsOf(a sip.Addr) []string {
	var names []string
	for g := range t.groups.from(group{user: a}) {
		if g.user != a {
			break
		}
		names = append(names, g.name)
	}
	return names
}

func (t *tables) clearGroups(a sip.Addr) {
	for _, name := range t.groupsOf(a) {
		t.groups.remove(group{a, name})
	}
}
