package bunstore

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

type phoneStatements struct {
	phoneUsers, userPhones, phones statement
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
		phoneUsers: b.statement(Data, b.NewSelect().Model(phone).Column("username", "domain").
			Where("p.mac = ?", text(1)).OrderExpr("p.username, p.domain")),
		userPhones: b.statement(Data, b.NewSelect().Model(phone).Column("mac").
			Where("p.username = ? AND p.domain = ?", text(1), text(2)).OrderExpr("p.mac")),
		phones:   b.statement(Data, limit(phones(), 3)),
		phonesIn: b.statement(Data, limit(phones().Where("?", b.inDomain("p.domain", 3)), 4)),

		addPhone: b.statement(Data, b.insert(phone).On("CONFLICT DO NOTHING")),
		removePhone: b.statement(Data, b.NewDelete().Model(phone).
			Where("p.mac = ? AND p.username = ? AND p.domain = ?", text(1), text(2), text(3))),
	}
	st.phonesIn.planEachTime = true
	return st
}

// PhoneUsers implements [hermes.Store].
func (s *Store) PhoneUsers(ctx context.Context, m mac.Addr) ([]sip.Addr, error) {
	return list(ctx, s, s.sql().phoneUsers, scanAddr, m.String())
}

func scanAddr(rows *sql.Rows) (sip.Addr, error) {
	var username, domain string
	err := rows.Scan(&username, &domain)
	return sip.Unchecked(username, domain), err
}

// UserPhones implements [hermes.Store].
func (s *Store) UserPhones(ctx context.Context, a sip.Addr) ([]mac.Addr, error) {
	return list(ctx, s, s.sql().userPhones, scanMAC, a.User(), a.Domain().String())
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
func (s *Store) AddPhone(ctx context.Context, p hermes.Phone) error {
	return s.change(ctx, s.sql().addPhone, hermes.Exists, s.args(newPhone(p))...)
}

// RemovePhone implements [hermes.Store].
func (s *Store) RemovePhone(ctx context.Context, p hermes.Phone) error {
	return s.change(ctx, s.sql().removePhone, hermes.NotFound, s.args(newPhone(p))...)
}

// like returns a pattern for LIKE; the zero pattern matches everything.
func like(p hermes.Pattern) string {
	if p.IsZero() {
		return "%"
	}
	return p.Like()
}
