package bunstore

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// moveStatements builds the statements by which a user moves from the address $1@$2 to $3@$4.
func (b *builder) moveStatements(st *userStatements) {
	moved := func(model any) *bun.UpdateQuery {
		return b.NewUpdate().Model(model).Set("username = ?", place(3)).Set("domain = ?", place(4))
	}
	phone := (*phoneModel)(nil)
	st.moveUser = b.statement(Data, moved((*userModel)(nil)).Where(userHas, text(1), text(2)))
	st.moveAccount = b.statement(Data, moved((*subscriberModel)(nil)).Where("?", b.account(1)))
	st.moveGroups = b.statement(Data, moved((*grpModel)(nil)).Where("?", b.address("g.username", "g.domain", 1)))
	st.movePhones = b.statement(Data, moved(phone).Where("p.username = ? AND p.domain = ?", text(1), text(2)).Returning("mac, line"))
	st.moveAliases = b.statement(Data, moved((*dbaliasModel)(nil)).Where("?", b.anyCase("a.username", "a.domain", 1)).
		Returning("alias_username ?T AS username, alias_domain ?T AS domain"))
	st.removeSamePhones = b.statement(Data, b.NewDelete().Model(phone).Where("p.username = ? AND p.domain = ?", text(3), text(4)).
		Where("p.mac IN (?)", b.NewSelect().TableExpr("?phones AS q").Column("q.mac").
			Where("q.username = ? AND q.domain = ?", text(1), text(2))))
}

// RenameUser implements [hermes.Store].
func (s *Store) RenameUser(ctx context.Context, from sip.Addr, u hermes.User) (moved hermes.Moved, err error) {
	locks := []hermes.Lock{hermes.LockAddr(from), hermes.LockAddr(u.Address)}
	err = s.write(ctx, TxOptions{}, locks, func(in *Store) error {
		l, err := in.known(ctx)
		if err != nil {
			return err
		}
		for _, a := range []struct {
			addr   sip.Addr
			exists bool
			cause  error
		}{{from, true, hermes.NotFound}, {u.Address, false, hermes.Exists}} {
			exists := false
			if err := in.get(ctx, l.userExists, &exists, a.addr.User(), a.addr.Domain().String()); err != nil {
				return err
			}
			if exists != a.exists {
				return a.cause
			}
		}
		moved, err = in.renameUser(ctx, l, from, u)
		return err
	})
	return moved, s.tooLong(err, func() []columnText { return s.userTexts(u) })
}

// renameUser moves the rows of a user first, so that they keep what only another tool knows, and
// then changes them.
func (s *Store) renameUser(ctx context.Context, l *layout, from sip.Addr, u hermes.User) (moved hermes.Moved, err error) {
	args := []any{from.User(), from.Domain().String(), u.Address.User(), u.Address.Domain().String()}
	moves := []statement{l.moveUser, l.removeSamePhones}
	if u.Type == hermes.Local {
		moves = append(moves, l.moveAccount)
		if l.has("grp") {
			if err := s.SetGroups(ctx, u.Address, nil); err != nil {
				return moved, err
			}
			moves = append(moves, l.moveGroups)
		}
	}
	for _, st := range moves {
		if _, err := s.exec(ctx, st, args...); err != nil {
			return moved, err
		}
	}
	if u.Type == hermes.Local {
		err = s.setLocal(ctx, l, u)
	} else {
		err = s.setProvisioning(ctx, l, u)
	}
	if err != nil {
		return moved, err
	}
	if moved.Phones, err = list(ctx, s, l.movePhones, scanPhoneOf(u.Address), args...); err != nil {
		return moved, err
	}
	aliases, err := list(ctx, s, l.moveAliases, scanAddr, args...)
	if err != nil {
		return moved, err
	}
	slices.SortFunc(moved.Phones, func(p, q hermes.Phone) int { return p.MAC.Compare(q.MAC) })
	moved.Aliases = sortedAddrs(aliases)
	return moved, nil
}
