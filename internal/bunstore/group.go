package bunstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/hermes-voip/go-hermes/sip"
)

var errNoGroups = errors.New("the table grp is not there: want it where users are to have permissions")

// Groups implements hermes.Store; where the table is missing there are none.
func (s *Store) Groups(ctx context.Context, a sip.Addr) ([]string, error) {
	l, err := s.known(ctx)
	if err != nil || !l.has("grp") {
		return nil, err
	}
	username, domain := key(a)
	return list(ctx, s, 0, raw(`SELECT DISTINCT g.grp ?C AS name FROM ?grp AS g WHERE g.username = ? AND g.domain = ? ORDER BY name`, username, domain),
		func(rows *sql.Rows) (name string, err error) { return name, rows.Scan(&name) })
}

// SetGroups implements hermes.Store. Rows that are right already stay as they are.
func (s *Store) SetGroups(ctx context.Context, a sip.Addr, names []string) error {
	return s.change(ctx, func(in *Store) error {
		l, err := in.known(ctx)
		if err == nil && !l.has("grp") && len(names) > 0 {
			l, err = in.look(ctx) // it may have come since
		}
		switch {
		case err != nil:
			return err
		case !l.has("grp") && len(names) == 0:
			return nil
		case !l.has("grp"):
			return errNoGroups
		}
		if err := in.dropGroups(ctx, a, names); err != nil {
			return err
		}
		for _, name := range names {
			if err := in.addGroup(ctx, a, name); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) dropGroups(ctx context.Context, a sip.Addr, but []string) error {
	username, domain := key(a)
	which := raw("1 = 1")
	if len(but) > 0 {
		var keep commaList
		for _, name := range but {
			keep = append(keep, raw("?", name))
		}
		which = raw("grp NOT IN (?)", keep)
	}
	_, err := s.exec(ctx, raw(`DELETE FROM ?grp WHERE username = ?0 AND domain = ?1 AND ?2`, username, domain, which))
	return err
}

func (s *Store) addGroup(ctx context.Context, a sip.Addr, name string) error {
	username, domain := key(a)
	_, err := s.exec(ctx, raw(`INSERT INTO ?grp (username, domain, grp, last_modified) SELECT ?0, ?1, ?2, CURRENT_TIMESTAMP
		WHERE NOT EXISTS (SELECT 1 FROM ?grp AS g WHERE g.username = ?0 AND g.domain = ?1 AND g.grp = ?2)`, username, domain, name))
	return err
}
