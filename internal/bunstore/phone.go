package bunstore

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

type phoneStatements struct {
	phoneLines, userPhones statement
	phones, phonesMatching statement
	phonesIn               statement // phones of users of one domain
	phoneSite              statement
	addPhone, removePhone  statement

	// addPhoneOf is for PostgreSQL, where one statement can write several tables.
	addPhoneOf statement // with the device
}

// phonesOf selects the phones of the user $1@$2.
func (b *builder) phonesOf() *bun.SelectQuery {
	return b.NewSelect().Model((*phoneModel)(nil)).ColumnExpr("1").
		Where("p.username = ? AND p.domain = ?", text(1), text(2))
}

func (b *builder) phoneStatements() phoneStatements {
	phone := (*phoneModel)(nil)
	phones := func() *bun.SelectQuery {
		return b.NewSelect().Model(phone).Distinct().Column("mac").Where("p.mac > ?", text(1)).OrderExpr("p.mac")
	}
	matching := func() *bun.SelectQuery { return phones().Where("p.mac LIKE ? ESCAPE '!'", text(2)) }
	st := phoneStatements{
		phoneLines: b.statement(Data, b.NewSelect().Model(phone).Column("username", "domain", "line").
			Where("p.mac = ?", text(1)).OrderExpr("p.line")),
		userPhones: b.statement(Data, b.NewSelect().Model(phone).Column("mac", "line").
			Where("p.username = ? AND p.domain = ?", text(1), text(2)).OrderExpr("p.mac")),
		phones: b.pages(2, "1", func(most schema.QueryAppender) schema.QueryAppender {
			return limitTo(phones(), most)
		}),
		phonesMatching: b.statement(Data, limit(matching(), 3)),
		phonesIn:       b.statement(Data, limit(matching().Where("?", b.inDomain("p.domain", 3)), 4)),

		phoneSite: b.statement(Data, b.phoneSite()),

		addPhone: b.statement(Data, b.addPhone()),
		removePhone: b.statement(Data, b.NewDelete().Model(phone).
			Where("p.mac = ? AND p.username = ? AND p.domain = ?", text(1), text(2), text(3)).Returning("line")),
	}
	st.phonesMatching.planEachTime, st.phonesIn.planEachTime = true, true
	if b.engine.writesInWith {
		st.addPhoneOf = b.statement(Data, b.addPhoneOf())
	}
	return st
}

// phoneSite selects rows of siteOfPhone for the user $1@$2 and the phone $3, one for each line and
// at least one.
func (b *builder) phoneSite() *bun.SelectQuery {
	q := b.NewSelect().TableExpr("(SELECT 1) AS k").
		ColumnExpr("EXISTS (?) OR EXISTS (?) AS is_user", b.userAt(), b.accountAt()).ColumnExpr("p.line, p.username, p.domain").
		Join("LEFT JOIN ?phones AS p").JoinOn("p.mac = ?", text(3)).
		Join("LEFT JOIN ?devices AS dv").JoinOn("dv.mac = ?", text(3)).OrderExpr("p.line")
	return b.deviceColumns(q)
}

func (b *builder) addPhone() *bun.InsertQuery {
	return b.insert((*phoneModel)(nil)).On("CONFLICT DO NOTHING")
}

// addPhoneOf adds the association $1 to $4 as addPhone does, and then sets the device of the phone
// $1, whose other columns are $5 and those after it.
func (b *builder) addPhoneOf() *bun.InsertQuery {
	values := b.NewSelect().TableExpr("added").ColumnExpr("added.mac")
	for i, f := range columns(b.DB, (*deviceModel)(nil))[1:] {
		values.ColumnExpr("?::? AS ?", b.after((*phoneModel)(nil), i), bun.Safe(postgresType(f)), bun.Ident(f.Name))
	}
	set := b.NewInsert().Model((*deviceModel)(nil)).With("added", b.addPhone().Returning("mac")).TableExpr("(?) AS v", values)
	for _, f := range columns(b.DB, (*deviceModel)(nil)) {
		set.Column(f.Name)
	}
	return replaceDevice(set)
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
	switch {
	case q.Scope.Domains == "" && q.Match.IsZero():
		return page(ctx, s, s.sql().phones, q.Limit, scanMAC, q.After.String())
	case q.Scope.Domains == "":
		return page(ctx, s, s.sql().phonesMatching, q.Limit, scanMAC, q.After.String(), like(q.Match))
	}
	return merge(q.Scope.DomainList(), q.After, q.Limit, mac.Addr.Compare, func(d sip.Domain, after mac.Addr, n int) ([]mac.Addr, error) {
		return page(ctx, s, s.sql().phonesIn, n, scanMAC, after.String(), like(q.Match), d.String())
	})
}

// siteOfPhone is a row of the statement phoneSite.
type siteOfPhone struct {
	isUser   bool
	line     int
	username string
	domain   string
	device   deviceModel
}

// PhoneSite implements [hermes.Store].
func (s *Store) PhoneSite(ctx context.Context, p hermes.Phone) (site hermes.PhoneSite, err error) {
	rows, err := list(ctx, s, s.sql().phoneSite, func(rows *sql.Rows) (r siteOfPhone, err error) {
		dest := []any{&r.isUser, orNone{&r.line}, orEmpty{&r.username}, orEmpty{&r.domain}}
		return r, rows.Scan(r.device.dest(dest)...)
	}, p.User.User(), p.User.Domain().String(), p.MAC.String())
	if err != nil {
		return site, err
	}
	for _, r := range rows {
		site.IsUser, site.Device = r.isUser, r.device.device()
		if r.line > 0 {
			site.Lines = append(site.Lines, hermes.Phone{MAC: p.MAC, User: sip.Unchecked(r.username, r.domain), Line: r.line})
		}
	}
	return site, nil
}

// AddPhone implements [hermes.Store].
func (s *Store) AddPhone(ctx context.Context, p hermes.Phone, d hermes.Device) error {
	phone := s.args(newPhone(p))
	if d.MAC.IsZero() {
		return s.change(ctx, s.sql().addPhone, hermes.Exists, phone...)
	}
	device := s.args(newDevice(d))
	if s.engine.writesInWith {
		return s.change(ctx, s.sql().addPhoneOf, hermes.Exists, append(phone, device[1:]...)...)
	}
	return s.write(ctx, TxOptions{}, nil, func(in *Store) error {
		if err := in.change(ctx, in.sql().addPhone, hermes.Exists, phone...); err != nil {
			return err
		}
		return in.change(ctx, in.sql().setDevice, nil, device...)
	})
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
