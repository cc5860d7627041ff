package bunstore

import (
	"context"
	"errors"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/sip"
)

type groupStatements struct {
	groups, addGroup, removeGroup, removeGroups statement
}

func (b *builder) groupStatements() groupStatements {
	address := b.address("g.username", "g.domain", 1)
	inGroup := b.NewSelect().Model((*grpModel)(nil)).ColumnExpr("1").
		Where("? AND g.grp ?T = ?", address, text(3))
	return groupStatements{
		groups:   b.statement(Data, b.groupsAt()),
		addGroup: b.numbered(Data, func() schema.QueryAppender { return b.addGroup(inGroup) }),
		removeGroup: b.statement(Data, b.NewDelete().Model((*grpModel)(nil)).
			Where("? AND g.grp ?T = ?", address, text(3))),
		removeGroups: b.statement(Data, b.NewDelete().Model((*grpModel)(nil)).
			Where("?", address)),
	}
}

// groupsAt selects the names of the groups of $1@$2, in order, each once.
func (b *builder) groupsAt() *bun.SelectQuery {
	return b.NewSelect().Model((*grpModel)(nil)).Distinct().ColumnExpr("g.grp ?T ?C AS name").
		Where("?", b.address("g.username", "g.domain", 1)).OrderExpr("name")
}

// addGroup adds the address $1@$2 to the group $3, unless inGroup has a row.
func (b *builder) addGroup(inGroup *bun.SelectQuery) *bun.InsertQuery {
	row := b.NewSelect().ColumnExpr("? AS username, ? AS domain, ? AS grp, CURRENT_TIMESTAMP AS last_modified", text(1), text(2), text(3)).
		Where("NOT EXISTS (?)", inGroup)
	q := b.NewInsert().Model((*grpModel)(nil)).Column("username", "domain", "grp", "last_modified").TableExpr("(?) AS v", row)
	b.numberRow(q, "grp", row)
	return q
}

var errNoGroups = errors.New("the table grp is missing: want it where users are to have permissions")

// Groups implements [hermes.Store]. Where the table is missing there are none.
func (s *Store) Groups(ctx context.Context, a sip.Addr) ([]string, error) {
	l, err := s.known(ctx)
	if err != nil || !l.has("grp") {
		return nil, err
	}
	return list(ctx, s, l.groups, scanString, a.User(), a.Domain().String())
}

// SetGroups implements [hermes.Store]. Rows that are right already stay as they are.
func (s *Store) SetGroups(ctx context.Context, a sip.Addr, names []string) error {
	username, domain := key(a)
	err := s.write(ctx, TxOptions{}, nil, func(in *Store) error {
		l, err := in.known(ctx)
		if err == nil && !l.has("grp") && len(names) > 0 {
			l, err = in.look(ctx) // another process may have created it
		}
		switch {
		case err != nil:
			return err
		case !l.has("grp") && len(names) > 0:
			return errNoGroups
		case !l.has("grp"):
			return nil
		case len(names) == 0:
			return in.change(ctx, l.removeGroups, nil, username, domain)
		}
		old, err := in.Groups(ctx, a)
		if err != nil {
			return err
		}
		for _, name := range old {
			if !slices.Contains(names, name) {
				if err := in.change(ctx, l.removeGroup, nil, username, domain, name); err != nil {
					return err
				}
			}
		}
		for _, name := range names {
			if !slices.Contains(old, name) {
				if err := in.change(ctx, l.addGroup, nil, username, domain, name); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return s.tooLong(err, func() []columnText {
		all := []columnText{{"grp.username", username}, {"grp.domain", domain}}
		for _, name := range names {
			all = append(all, columnText{"grp.grp", name})
		}
		return all
	})
}
