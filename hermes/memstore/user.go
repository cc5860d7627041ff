package memstore

import (
	"context"
	"strings"

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
		if !q.Scope.HasDomain(a.Domain()) {
			continue
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

// AddLocalUser implements [hermes.UserStore].
func (s *Store) AddLocalUser(ctx context.Context, u hermes.User) (site hermes.UserSite, err error) {
	err = s.write(ctx, func(r *records) error {
		domain := u.Address.Domain()
		site = hermes.UserSite{Served: r.domains.has(lowerCase(domain)), Holder: r.holder(u.Address)}
		if servers, ok := r.servers.get(domain); ok {
			site.Servers = *servers
		}
		switch {
		case site.Holder != hermes.HeldByNone:
			return hermes.Exists
		case site.Servers == hermes.Servers{}:
			return hermes.NotFound
		}
		u.Registrar, u.RPort = site.Servers.Registrar, site.Servers.RPort
		u.Proxy, u.PPort = site.Servers.Proxy, site.Servers.PPort
		r.setUser(&u)
		r.removeGroups(u.Address)
		return nil
	})
	return site, err
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

// SetProvisioning implements [hermes.UserStore].
func (s *Store) SetProvisioning(ctx context.Context, u hermes.User) error {
	return s.write(ctx, func(r *records) error {
		old := r.users.get(u.Address)
		if old == nil {
			return hermes.NotFound
		}
		u.HA1, u.HA1B, u.Clear = old.HA1, old.HA1B, old.Clear
		r.setUser(&u)
		return nil
	})
}

// UsersWithoutServers implements [hermes.UserStore].
func (s *Store) UsersWithoutServers(ctx context.Context, q hermes.DomainUserQuery) ([]sip.Addr, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var page []sip.Addr
	for a := range r.names.after(q.After) {
		if len(page) >= q.Limit {
			break
		}
		if a.Domain() != q.Domain {
			continue
		}
		if u := r.users.get(a); u.Type == hermes.Local && !u.HasServers() {
			page = append(page, a)
		}
	}
	return page, nil
}

// RemoveUser implements [hermes.UserStore].
func (s *Store) RemoveUser(ctx context.Context, a sip.Addr) (removed hermes.Removed, err error) {
	err = s.write(ctx, func(r *records) error {
		u := r.users.get(a)
		if u == nil {
			return hermes.NotFound
		}
		if r.isInUse(a) {
			return hermes.InUse
		}
		removed = hermes.Removed{User: *u}
		r.names.remove(a)
		r.users.remove(a)
		if removed.User.Type == hermes.Local {
			removed.Groups = r.groupsOf(a)
			r.removeGroups(a)
		}
		return nil
	})
	return removed, err
}

// RenameUser implements [hermes.UserStore].
func (s *Store) RenameUser(ctx context.Context, from sip.Addr, u hermes.User) (moved hermes.Moved, err error) {
	err = s.write(ctx, func(r *records) error {
		switch {
		case r.users.get(from) == nil:
			return hermes.NotFound
		case r.users.get(u.Address) != nil:
			return hermes.Exists
		}
		r.names.remove(from)
		r.users.remove(from)
		r.setUser(&u)
		if u.Type == hermes.Local {
			names := r.groupsOf(from)
			r.removeGroups(from)
			r.setGroups(u.Address, names)
		}
		moved = hermes.Moved{Phones: r.movePhones(from, u.Address), Aliases: r.moveAliases(from, u.Address)}
		return nil
	})
	return moved, err
}

// isInUse reports whether the user has a phone or an alias leads to it.
func (r *records) isInUse(a sip.Addr) bool {
	for p := range r.userPhones.from(userPhone{user: a}) {
		if p.user == a {
			return true
		}
		break
	}
	for range r.aliasesToAnyCase(a) {
		return true
	}
	return false
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
		r.setGroups(a, names)
		return nil
	})
}

func (r *records) setGroups(a sip.Addr, names []string) {
	r.removeGroups(a)
	for _, name := range names {
		r.groups.set(group{user: a, name: name}, present{})
	}
}

// Holder implements [hermes.UserStore].
func (s *Store) Holder(ctx context.Context, a sip.Addr) (hermes.Holder, error) {
	r, err := s.read(ctx)
	if err != nil {
		return hermes.HeldByNone, err
	}
	return r.holder(a), nil
}

// holder returns what has the address, with its domain in any case.
func (r *records) holder(a sip.Addr) hermes.Holder {
	switch {
	case r.users.get(a) != nil || hasInAnyCase(r.names, a):
		return hermes.HeldByUser
	case hasInAnyCase(r.aliases, a):
		return hermes.HeldByAlias
	}
	return hermes.HeldByNone
}

// hasInAnyCase reports whether a map has a key with the user of a, and its domain in any case.
func hasInAnyCase[V any](m sortedMap[sip.Addr, V], a sip.Addr) bool {
	for k := range m.from(sip.Unchecked(a.User(), "")) {
		if k.User() != a.User() {
			break
		}
		if sameInAnyCase(k, a) {
			return true
		}
	}
	return false
}

// sameInAnyCase reports whether two addresses have the same user, and domains that differ at most
// in case.
func sameInAnyCase(a, b sip.Addr) bool {
	return a.User() == b.User() && strings.EqualFold(a.Domain().String(), b.Domain().String())
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
