package bunstore

import (
	"context"
	"database/sql"
	"slices"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

type phoneStatements struct {
	phoneLines, userPhones, phones statement
	phonesIn                       statement // phones of users of one domain
	addPhone, removePhone          statement
}

// phonesOf selects the phones of the user $1@$2.
func (b *builder) phonesOf() *bun.SelectQuery {
	return b.NewSelect().Model((*phoneModel)(nil)).ColumnExpr("1").
		Where("p.username = ? AND p.domain = ?", text(1), text(2))
}

func (b *builder) phoneStatements() phoneStatements {
	phone := (*phoneModel)(nil)
	phones := func() *bun.SelectQuery {
		return b.NewSelect().Model(phone).Distinct().Column("mac").
			Where("p.mac > ? AND p.mac LIKE ? ESCAPE '!'", text(1), text(2)).OrderExpr("p.mac")
	}
	st := phoneStatements{
		phoneLines: b.statement(Data, b.NewSelect().Model(phone).Column("username", "domain", "line").
			Where("p.mac = ?", text(1)).OrderExpr("p.line")),
		userPhones: b.statement(Data, b.NewSelect().Model(phone).Column("mac", "line").
			Where("p.username = ? AND p.domain = ?", text(1), text(2)).OrderExpr("p.mac")),
		phones:   b.statement(Data, limit(phones(), 3)),
		phonesIn: b.statement(Data, limit(phones().Where("?", b.inDomain("p.domain", 3)), 4)),

		addPhone: b.statement(Data, b.insert(phone).On("CONFLICT DO NOTHING")),
		removePhone: b.statement(Data, b.NewDelete().Model(phone).
			Where("p.mac = ? AND p.username = ? AND p.domain = ?", text(1), text(2), text(3)).Returning("line")),
	}
	st.phonesIn.planEachTime = true
	return st
}

// PhoneLines implements [hermes.Store].
func (s *Store) PhoneLines(ctx context.Context, m mac.Addr) ([]hermes.Phone, error) {
	return list(ctx, s, s.sql().phoneLines, func(rows *sql.Rows) (hermes.Phone, error) {
		var username, domain string
		p := hermes.Phone{MAC: m}
		err := rows.Scan(&username, &domain, &p.Line)
		p.User = sip.Unchecked(username, domain)
		return p, err
	}, m.String())
}

func scanAddr(rows *sql.Rows) (sip.Addr, error) {
	var username, domain string
	err := rows.Scan(&username, &domain)
	return sip.Unchecked(username, domain), err
}

// UserPhones implements [hermes.Store].
func (s *Store) UserPhones(ctx context.Context, a sip.Addr) ([]hermes.Phone, error) {
	return list(ctx, s, s.sql().userPhones, scanPhoneOf(a), a.User(), a.Domain().String())
}

// scanPhoneOf returns a function that scans a phone and the line of it that a user has.
func scanPhoneOf(a sip.Addr) func(*sql.Rows) (hermes.Phone, error) {
	return func(rows *sql.Rows) (hermes.Phone, error) {
		p := hermes.Phone{User: a}
		return p, rows.Scan(&p.MAC, &p.Line)
	}
}

func scanMAC(rows *sql.Rows) (m mac.Addr, err error) { return m, rows.Scan(&m) }

// Phones implements [hermes.Store].
func (s *Store) Phones(ctx context.Context, q hermes.PhoneQuery) ([]mac.Addr, error) {
	if q.Scope.Domains == "" {
		return page(ctx, s, s.sql().phones, q.Limit, scanMAC, q.After.String(), like(q.Match))
	}
	return merge(q.Scope.DomainList(), q.After, q.Limit, mac.Addr.Compare, func(d sip.Domain, after mac.Addr, n int) ([]mac.Addr, error) {
		return page(ctx, s, s.sql().phonesIn, n, scanMAC, after.String(), like(q.Match), d.String())
	})
}

// AddPhone implements [hermes.Store].
func (s *Store) AddPhone(ctx context.Context, p hermes.Phone) (added hermes.Phone, err error) {
	err = s.write(ctx, TxOptions{}, []hermes.Lock{hermes.LockPhone(p.MAC)}, func(in *Store) error {
		added = p
		lines, err := in.PhoneLines(ctx, p.MAC)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(lines, func(l hermes.Phone) bool { return l.User == p.User || l.Line == p.Line }) {
			return hermes.Exists
		}
		if added.Line == 0 {
			added.Line = freeLine(lines)
		}
		if added.Line == 0 {
			return hermes.InUse
		}
		return in.change(ctx, in.sql().addPhone, hermes.Exists, in.args(newPhone(added))...)
	})
	if err != nil {
		return hermes.Phone{}, err
	}
	return added, nil
}

// freeLine returns the lowest line that is not among lines, which are in order, or 0 if there is
// none.
func freeLine(lines []hermes.Phone) int {
	free := 1
	for _, p := range lines {
		if p.Line > free {
			break
		}
		free = p.Line + 1
	}
	if free > hermes.MaxLines {
		return 0
	}
	return free
}

// RemovePhone implements [hermes.Store].
func (s *Store) RemovePhone(ctx context.Context, p hermes.Phone) (removed hermes.Phone, err error) {
	err = s.write(ctx, TxOptions{}, nil, func(in *Store) error {
		removed = p
		return in.get(ctx, in.sql().removePhone, &removed.Line, in.args(newPhone(p), "line")...)
	})
	if err != nil {
		return hermes.Phone{}, err
	}
	return removed, nil
}

// like returns a pattern for LIKE; the zero pattern matches everything.
func like(p hermes.Pattern) string {
	if p.IsZero() {
		return "%"
	}
	return p.Like()
}
