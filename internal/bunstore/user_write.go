package bunstore

import (
	"context"
	"errors"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// AddUser implements hermes.Store.
func (s *Store) AddUser(ctx context.Context, u hermes.User) error {
	return s.change(ctx, func(in *Store) error {
		l, err := in.known(ctx)
		if err != nil {
			return err
		}
		if u.Type == hermes.Local && in.engine.oneStatement() {
			return in.addBoth(ctx, l, u)
		}
		return in.addRows(ctx, l, u)
	})
}

// errHalf cannot happen in a serializable transaction.
var errHalf = errors.New("another transaction took the address halfway: want a serializable transaction")

// addBoth is one statement and one round trip.
func (s *Store) addBoth(ctx context.Context, l *layout, u hermes.User) error {
	username, domain := key(u.Address)
	account, bound := l.account(u)
	account, own := withKey(u.Address, account), withKey(u.Address, provisioning(u))
	var n int64
	err := s.returning(ctx, raw(`WITH free AS (SELECT 1
				WHERE NOT EXISTS (SELECT 1 FROM ?users AS h WHERE h.username = ?0 AND h.domain = ?1)
				AND NOT EXISTS (SELECT 1 FROM ?subscriber AS s WHERE s.username = ?0 AND s.domain = ?1)),
			account AS (INSERT INTO ?subscriber (?2) SELECT ?3 FROM free ON CONFLICT DO NOTHING RETURNING 1),
			own AS (INSERT INTO ?users (?4) SELECT ?5 FROM free ON CONFLICT DO NOTHING RETURNING 1)
		SELECT (SELECT count(*) FROM account) + (SELECT count(*) FROM own)`,
		username, domain, account.columns(), account.values(), own.columns(), own.values()), bound, &n)
	if err == nil && n == 1 {
		return s.fail(errHalf)
	}
	return counted(n, err, hermes.Exists)
}

func (s *Store) addRows(ctx context.Context, l *layout, u hermes.User) error {
	var there bool
	if err := s.one(ctx, userThere(u.Address), &there); err != nil {
		return err
	}
	if there {
		return hermes.Exists
	}
	n, err := s.addOwn(ctx, u)
	if err := counted(n, err, hermes.Exists); err != nil || u.Type != hermes.Local {
		return err
	}
	return s.whole(s.addAccount(ctx, l, u))
}

func userThere(a sip.Addr) schema.QueryAppender {
	username, domain := key(a)
	return raw(`SELECT EXISTS (SELECT 1 FROM ?users AS h WHERE h.username = ?0 AND h.domain = ?1)
		OR EXISTS (SELECT 1 FROM ?subscriber AS s WHERE s.username = ?0 AND s.domain = ?1)`, username, domain)
}

func (s *Store) addOwn(ctx context.Context, u hermes.User) (int64, error) {
	row := withKey(u.Address, provisioning(u))
	return s.exec(ctx, raw(`INSERT INTO ?users (?0) VALUES (?1) ON CONFLICT DO NOTHING`, row.columns(), row.values()))
}

func (s *Store) addAccount(ctx context.Context, l *layout, u hermes.User) (int64, error) {
	row, bound := l.account(u)
	row = withKey(u.Address, row)
	return s.exec(ctx, raw(`INSERT INTO ?subscriber (?0) VALUES (?1) ON CONFLICT DO NOTHING`, row.columns(), row.values()), bound...)
}

// whole wants a row to have been added to the user's other one.
func (s *Store) whole(n int64, err error) error {
	if err == nil && n == 0 {
		return s.fail(errHalf)
	}
	return err
}

// SetUser implements hermes.Store.
func (s *Store) SetUser(ctx context.Context, u hermes.User) error {
	return s.change(ctx, func(in *Store) error {
		l, err := in.known(ctx)
		if err != nil {
			return err
		}
		if u.Type != hermes.Local {
			return in.setRemote(ctx, u)
		}
		return in.setLocal(ctx, l, u)
	})
}

func (s *Store) setLocal(ctx context.Context, l *layout, u hermes.User) error {
	accounts, err := s.updateAccount(ctx, l, u)
	if err != nil {
		return err
	}
	own, err := s.updateOwn(ctx, u)
	switch {
	case err != nil:
		return err
	case accounts+own == 0:
		return hermes.NotFound
	case accounts == 0 && u.HA1+u.Clear == "":
		return nil // another tool removed it from Kamailio: without a password it would be there again, and open
	case accounts == 0:
		return s.whole(s.addAccount(ctx, l, u))
	case own == 0:
		return s.whole(s.addOwn(ctx, u))
	}
	return nil
}

func (s *Store) setRemote(ctx context.Context, u hermes.User) error {
	var there bool
	if err := s.one(ctx, userThere(u.Address), &there); err != nil {
		return err
	}
	if !there {
		return hermes.NotFound
	}
	if own, err := s.updateOwn(ctx, u); err != nil || own > 0 {
		return err
	}
	return s.whole(s.addOwn(ctx, u))
}

// updateAccount writes both hashes and the password in one statement: ha1 never fits another password
// than the one beside it.
func (s *Store) updateAccount(ctx context.Context, l *layout, u hermes.User) (int64, error) {
	username, domain := key(u.Address)
	row, bound := l.account(u)
	row = keepExtras(u.Address, row)
	return s.exec(ctx, raw(`UPDATE ?subscriber SET ?0 WHERE username = ?1 AND domain = ?2`, row.sets(), username, domain), bound...)
}

// keepExtras leaves a column of extras as it is, NULL or changed by another tool, unless the value that Hermes has
// of it changes.
func keepExtras(a sip.Addr, row assigns) assigns {
	username, domain := key(a)
	row = slices.Clone(row)
	for i, column := range row {
		for _, e := range extras {
			if e.theirs == column.column {
				row[i].value = raw(`CASE WHEN coalesce((SELECT h.?0 FROM ?users AS h WHERE h.username = ?1 AND h.domain = ?2), ?3, '') = ?4
					THEN ?3 ELSE ?4 END`, bun.Name(e.ours), username, domain, bun.Name(e.theirs), column.value)
			}
		}
	}
	return row
}

func (s *Store) updateOwn(ctx context.Context, u hermes.User) (int64, error) {
	username, domain := key(u.Address)
	return s.exec(ctx, raw(`UPDATE ?users SET ?0 WHERE username = ?1 AND domain = ?2`, provisioning(u).sets(), username, domain))
}

// RemoveUser implements hermes.Store.
func (s *Store) RemoveUser(ctx context.Context, a sip.Addr) error {
	return s.change(ctx, func(in *Store) error {
		username, domain := key(a)
		var gone int64
		for _, statement := range []string{
			`DELETE FROM ?subscriber WHERE username = ?0 AND domain = ?1`,
			`DELETE FROM ?users WHERE username = ?0 AND domain = ?1`,
		} {
			n, err := in.exec(ctx, raw(statement, username, domain))
			if err != nil {
				return err
			}
			gone += n
		}
		if gone == 0 {
			return hermes.NotFound
		}
		return in.SetGroups(ctx, a, nil)
	})
}
