package bunstore

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// accountArgs are those of addAccount and setAccount.
func (s *Store) accountArgs(l *layout, u hermes.User) []any {
	args := s.args(newSubscriber(u))
	for _, e := range l.extras() {
		args = append(args, e.value(u))
	}
	return args
}

// bothArgs are the arguments of addUser, without those of some columns, and then those of the
// account that addUser does not have.
func (s *Store) bothArgs(u hermes.User, without ...string) []any {
	return append(s.args(newUser(u), without...), u.Clear, u.HA1, u.HA1B)
}

// userTexts are the texts for the columns of subscriber.
func (s *Store) userTexts(u hermes.User) []columnText {
	all := s.columnTexts(newSubscriber(u))
	for _, e := range extras {
		all = append(all, columnText{"subscriber." + e.theirs, e.value(u)})
	}
	return all
}

// User implements [hermes.Store].
func (s *Store) User(ctx context.Context, a sip.Addr) (hermes.User, error) {
	l, err := s.known(ctx)
	if err != nil {
		return hermes.User{}, err
	}
	var row userRow
	err = s.first(ctx, l.user, []any{a.User(), a.Domain().String()}, func(_ context.Context, rows *sql.Rows) error {
		return row.scan(rows, l.added)
	})
	if err != nil {
		return hermes.User{}, err
	}
	return row.user(a), nil
}

// Holder implements [hermes.Store].
func (s *Store) Holder(ctx context.Context, a sip.Addr) (h hermes.Holder, err error) {
	if err = s.get(ctx, s.sql().holder, &h, a.User(), a.Domain().String()); err == error(hermes.NotFound) {
		err = nil // a text that the database cannot have
	}
	return h, err
}

// errHalf is returned where another tool took the address meanwhile. When the transaction runs
// again it sees what the tool did.
var errHalf error = conflictError("another tool took the address while the user was stored")

// AddUser implements [hermes.Store].
func (s *Store) AddUser(ctx context.Context, u hermes.User) error {
	err := s.write(ctx, TxOptions{}, []hermes.Lock{hermes.LockAddr(u.Address)}, func(in *Store) error {
		l, err := in.known(ctx)
		if err != nil {
			return err
		}
		if u.Type == hermes.Local && in.engine.writesInWith {
			return in.addBoth(ctx, l, u)
		}
		exists := false
		if err := in.get(ctx, l.userExists, &exists, u.Address.User(), u.Address.Domain().String()); err != nil {
			return err
		}
		if exists {
			return hermes.Exists
		}
		if err := in.change(ctx, l.addUser, hermes.Exists, in.args(newUser(u))...); err != nil || u.Type != hermes.Local {
			return err
		}
		return in.complete(ctx, l.addAccount, in.accountArgs(l, u))
	})
	return s.tooLong(err, func() []columnText { return s.userTexts(u) })
}

func (s *Store) addBoth(ctx context.Context, l *layout, u hermes.User) error {
	added := 0
	err := s.get(ctx, l.addBoth, &added, s.bothArgs(u)...)
	switch {
	case err != nil:
		return err
	case added == 0:
		return hermes.Exists
	case added == 1:
		return s.fail(errHalf)
	}
	return nil
}

// complete inserts the second row of a user, which no other transaction can have inserted.
func (s *Store) complete(ctx context.Context, st statement, args []any) error {
	n, err := s.exec(ctx, st, args...)
	if err == nil && n == 0 {
		return s.fail(errHalf)
	}
	return err
}

// siteRow is what addLocalUser found, and how many rows it inserted.
type siteRow struct {
	serversModel

	Served     bool          `bun:"served"`
	Holder     hermes.Holder `bun:"holder"`
	HasServers bool          `bun:"has_servers"`
	Added      int           `bun:"added"`
}

// AddLocalUser implements [hermes.Store].
func (s *Store) AddLocalUser(ctx context.Context, u hermes.User) (site hermes.UserSite, err error) {
	domain := u.Address.Domain()
	locks := []hermes.Lock{hermes.LockAddr(u.Address), hermes.LockDomain(domain).AsShared()}
	err = s.write(ctx, TxOptions{}, locks, func(in *Store) error {
		l, err := in.known(ctx)
		if err != nil {
			return err
		}
		if !in.engine.writesInWith {
			site, err = in.addLocalUser(ctx, u)
			return err
		}
		var row siteRow
		if err := in.get(ctx, l.addLocalUser, &row, in.bothArgs(u, serverColumns...)...); err != nil {
			return err
		}
		site = hermes.UserSite{Served: row.Served, Holder: row.Holder}
		if row.HasServers {
			site.Servers = row.servers(domain)
		}
		switch {
		case row.Holder != hermes.HeldByNone:
			return hermes.Exists
		case !row.HasServers:
			return hermes.NotFound
		case row.Added < 2:
			return in.fail(errHalf)
		}
		return nil
	})
	return site, s.tooLong(err, func() []columnText { return s.userTexts(u) })
}

// addLocalUser is AddLocalUser by several statements, in the transaction of s.
func (s *Store) addLocalUser(ctx context.Context, u hermes.User) (site hermes.UserSite, err error) {
	domain := u.Address.Domain()
	if site.Served, err = s.DomainServed(ctx, domain); err != nil {
		return site, err
	}
	if site.Holder, err = s.Holder(ctx, u.Address); err != nil {
		return site, err
	}
	site.Servers, err = s.Servers(ctx, domain)
	switch {
	case err != nil && err != error(hermes.NotFound):
		return site, err
	case site.Holder != hermes.HeldByNone:
		return site, hermes.Exists
	case err != nil:
		return site, err
	}
	u.Registrar, u.RPort = site.Servers.Registrar, site.Servers.RPort
	u.Proxy, u.PPort = site.Servers.Proxy, site.Servers.PPort
	if err := s.AddUser(ctx, u); err != nil {
		return site, err
	}
	return site, s.SetGroups(ctx, u.Address, nil)
}

// SetUser implements [hermes.Store].
func (s *Store) SetUser(ctx context.Context, u hermes.User) error {
	err := s.write(ctx, TxOptions{}, []hermes.Lock{hermes.LockAddr(u.Address)}, func(in *Store) error {
		l, err := in.known(ctx)
		if err != nil {
			return err
		}
		if u.Type != hermes.Local {
			return in.setProvisioning(ctx, l, u)
		}
		return in.setLocal(ctx, l, u)
	})
	return s.tooLong(err, func() []columnText { return s.userTexts(u) })
}

func (s *Store) setLocal(ctx context.Context, l *layout, u hermes.User) error {
	exists, err := s.setBoth(ctx, l, u)
	switch {
	case err != nil:
		return err
	case !exists.Account && !exists.Own:
		return hermes.NotFound
	case !exists.Account && u.HA1+u.Clear == "":
		// Another tool removed the account. One without a password would let everybody in.
		return nil
	case !exists.Account:
		return s.complete(ctx, l.addAccount, s.accountArgs(l, u))
	case !exists.Own:
		return s.complete(ctx, l.addUser, s.args(newUser(u)))
	}
	return nil
}

// rowsFound says which of a user's rows exist.
type rowsFound struct {
	Account bool `bun:"account"`
	Own     bool `bun:"own"`
}

// setBoth updates the rows of a user that exist.
func (s *Store) setBoth(ctx context.Context, l *layout, u hermes.User) (found rowsFound, err error) {
	if s.engine.writesInWith {
		return found, s.get(ctx, l.setBoth, &found, s.bothArgs(u)...)
	}
	accounts, err := s.exec(ctx, l.setAccount, s.accountArgs(l, u)...)
	if err != nil {
		return found, err
	}
	own, err := s.exec(ctx, l.setUser, s.args(newUser(u))...)
	return rowsFound{Account: accounts > 0, Own: own > 0}, err
}

// SetProvisioning implements [hermes.Store].
func (s *Store) SetProvisioning(ctx context.Context, u hermes.User) error {
	return s.write(ctx, TxOptions{}, []hermes.Lock{hermes.LockAddr(u.Address)}, func(in *Store) error {
		l, err := in.known(ctx)
		if err != nil {
			return err
		}
		return in.setProvisioning(ctx, l, u)
	})
}

func (s *Store) setProvisioning(ctx context.Context, l *layout, u hermes.User) error {
	exists := false
	if err := s.get(ctx, l.userExists, &exists, u.Address.User(), u.Address.Domain().String()); err != nil {
		return err
	}
	if !exists {
		return hermes.NotFound
	}
	if own, err := s.exec(ctx, l.setUser, s.args(newUser(u))...); err != nil || own > 0 {
		return err
	}
	return s.complete(ctx, l.addUser, s.args(newUser(u)))
}

// RemoveUser implements [hermes.Store].
func (s *Store) RemoveUser(ctx context.Context, a sip.Addr) (removed hermes.Removed, err error) {
	err = s.write(ctx, TxOptions{}, []hermes.Lock{hermes.LockAddr(a)}, func(in *Store) error {
		l, err := in.known(ctx)
		if err != nil {
			return err
		}
		if in.engine.writesInWith {
			removed, err = in.removeAll(ctx, l, a)
		} else {
			removed, err = in.removeUser(ctx, l, a)
		}
		return err
	})
	if err != nil {
		return hermes.Removed{}, err
	}
	return removed, nil
}

func (s *Store) removeAll(ctx context.Context, l *layout, a sip.Addr) (removed hermes.Removed, err error) {
	var row userRow
	var inUse bool
	var groups []byte
	err = s.first(ctx, l.removeAll, []any{a.User(), a.Domain().String()}, func(_ context.Context, rows *sql.Rows) error {
		return rows.Scan(append(row.dest(nil, l.added), &inUse, &groups)...)
	})
	switch {
	case err != nil:
		return removed, err
	case inUse:
		return removed, hermes.InUse
	}
	removed.User = row.user(a)
	return removed, json.Unmarshal(groups, &removed.Groups)
}

// removeUser is removeAll by several statements.
func (s *Store) removeUser(ctx context.Context, l *layout, a sip.Addr) (removed hermes.Removed, err error) {
	username, domain := key(a)
	if removed.User, err = s.User(ctx, a); err != nil {
		return removed, err
	}
	inUse := false
	if err := s.get(ctx, l.userInUse, &inUse, username, domain); err != nil {
		return removed, err
	}
	if inUse {
		return removed, hermes.InUse
	}
	if _, err := s.exec(ctx, l.removeUser, username, domain); err != nil || removed.User.Type != hermes.Local {
		return removed, err
	}
	if _, err := s.exec(ctx, l.removeAccount, username, domain); err != nil {
		return removed, err
	}
	if removed.Groups, err = s.Groups(ctx, a); err != nil {
		return removed, err
	}
	return removed, s.SetGroups(ctx, a, nil)
}
