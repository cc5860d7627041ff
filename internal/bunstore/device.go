package bunstore

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

type deviceStatements struct {
	device, setDevice, seePhone statement
	domainKeys, setDomainKeys   statement
	provisioning                statement
}

func (b *builder) deviceStatements() deviceStatements {
	device, keys := (*deviceModel)(nil), (*domainKeysModel)(nil)
	return deviceStatements{
		device:    b.statement(Data, b.NewSelect().Model(device).Where("dv.mac = ?", text(1))),
		setDevice: b.statement(Data, replaceDevice(b.insert(device))),
		seePhone: b.statement(Data, b.NewUpdate().Model(device).
			Set("said_vendor = ?", place(1)).Set("said_model = ?", place(2)).Set("said_firmware = ?", place(3)).
			Set("last_seen = ?", place(4)).Set("last_address = ?", place(5)).
			Where("dv.mac = ?", text(6)).Where("dv.last_seen IS NULL OR dv.last_seen < ?", place(4))),

		domainKeys:    b.statement(Data, b.NewSelect().Model(keys).Where("dk.domain = ?", text(1))),
		setDomainKeys: b.statement(Data, b.insert(keys).On("CONFLICT (domain) DO UPDATE")),

		provisioning: b.statement(Data, b.provisioning()),
	}
}

// replaceDevice makes an INSERT of devices replace those that there are, but for what SeePhones
// sets.
func replaceDevice(insert *bun.InsertQuery) *bun.InsertQuery {
	insert.On("CONFLICT (mac) DO UPDATE")
	for _, name := range []string{"vendor", "note", "domain", "open_until", "key_hash", "key_sealed", "next_hash", "next_sealed"} {
		insert.Set("?0 = EXCLUDED.?0", bun.Ident(name))
	}
	return insert
}

// deviceColumns adds the columns of the device dv to a query.
func (b *builder) deviceColumns(q *bun.SelectQuery) *bun.SelectQuery {
	for _, f := range columns(b.DB, (*deviceModel)(nil)) {
		q.ColumnExpr("dv.?", bun.Ident(f.Name))
	}
	return q
}

// dest appends to a list what the columns of deviceColumns are read into.
func (m *deviceModel) dest(list []any) []any {
	return append(list,
		&m.MAC, orEmpty{&m.Vendor}, orEmpty{&m.Note}, orEmpty{&m.Domain}, &m.OpenUntil,
		&m.KeyHash, &m.KeySealed, &m.NextHash, &m.NextSealed,
		orEmpty{&m.SaidVendor}, orEmpty{&m.SaidModel}, orEmpty{&m.SaidFirmware}, &m.LastSeen, orEmpty{&m.LastAddress})
}

// provisioning selects rows of provRow for the key with the hash $1 and the phone $2, one for each
// line and at least one. The conditions that a hash is not empty let the indexes serve, which do
// not have the empty ones.
func (b *builder) provisioning() *bun.SelectQuery {
	owner := func(model any, owner, hash string) *bun.SelectQuery {
		return b.NewSelect().Model(model).Column(owner).
			Where("?TableAlias.?0 = ?1 AND ?TableAlias.?0 <> ?2", bun.Ident(hash), place(1), bun.Safe(b.engine.noBytes))
	}
	device, keys := (*deviceModel)(nil), (*domainKeysModel)(nil)
	q := b.NewSelect().Model((*userModel)(nil)).ModelTableExpr("(SELECT 1) AS k").
		ColumnExpr("coalesce((?), (?)) AS key_domain", owner(keys, "domain", "current_hash"), owner(keys, "domain", "before_hash")).
		ColumnExpr("coalesce((?), (?)) AS key_phone", owner(device, "mac", "key_hash"), owner(device, "mac", "next_hash"))
	b.deviceColumns(q).ColumnExpr("p.line, p.username, p.domain").
		ColumnExpr("s.username IS NOT NULL OR h.username IS NOT NULL AS found").
		ColumnExpr("v.domain, v.registrar, v.r_port, v.proxy, v.p_port, v.prov_url").
		Column(userColumns...).ColumnExpr("s.password, s.ha1, s.ha1b").
		Join("LEFT JOIN ?devices AS dv").JoinOn("dv.mac = ?", text(2)).
		Join("LEFT JOIN ?phones AS p").JoinOn("p.mac = ?", text(2)).
		Join("LEFT JOIN ?users AS h").JoinOn("h.username = p.username AND h.domain = p.domain").
		Join("LEFT JOIN ?subscriber AS s").JoinOn("? AND ?",
		b.same("s.username", bun.SafeQuery("p.username ?theirs")), b.same("s.domain", bun.SafeQuery("p.domain ?theirs"))).
		Join("LEFT JOIN ?servers AS v").JoinOn("v.domain = lower(p.domain)").
		OrderExpr("p.line")
	for _, e := range b.layout.extras() {
		q.ColumnExpr("s.? AS ?", bun.Ident(e.theirs), bun.Ident("account_"+e.ours))
	}
	return q
}

// provRow is a row of the statement provisioning.
type provRow struct {
	keyDomain string
	keyPhone  mac.Addr
	device    deviceModel
	line      int
	username  string
	domain    string
	found     bool // the line's user exists
	servers   serversModel
	user      userRow
}

func (r *provRow) scan(rows *sql.Rows, extras []extra) error {
	v := &r.servers
	dest := r.device.dest([]any{orEmpty{&r.keyDomain}, &r.keyPhone})
	dest = append(dest, orNone{&r.line}, orEmpty{&r.username}, orEmpty{&r.domain}, &r.found,
		orEmpty{&v.Domain}, orEmpty{&v.Registrar}, orNone{&v.RPort}, orEmpty{&v.Proxy}, orNone{&v.PPort}, orEmpty{&v.ProvURL})
	return rows.Scan(r.user.dest(dest, extras)...)
}

// phoneLine returns the line of the row, which has one.
func (r *provRow) phoneLine() hermes.PhoneLine {
	a := sip.Unchecked(r.username, r.domain)
	l := hermes.PhoneLine{Line: r.line, User: hermes.User{Address: a}}
	if r.found {
		l.User = r.user.user(a)
	}
	if r.servers.Domain != "" {
		l.Servers = r.servers.servers(sip.UncheckedDomain(r.servers.Domain))
	}
	return l
}

// Provisioning implements [hermes.Store].
func (s *Store) Provisioning(ctx context.Context, key hermes.Hash, m mac.Addr) (p hermes.Provisioning, err error) {
	l, err := s.known(ctx)
	if err != nil {
		return p, err
	}
	rows, err := list(ctx, s, l.provisioning, func(rows *sql.Rows) (r provRow, err error) {
		return r, r.scan(rows, l.added)
	}, hashBytes(key), m.String())
	if err != nil {
		return p, err
	}
	for _, r := range rows {
		p.KeyDomain, p.KeyPhone = sip.UncheckedDomain(r.keyDomain), r.keyPhone
		p.Device = r.device.device()
		if r.line > 0 {
			p.Lines = append(p.Lines, r.phoneLine())
		}
	}
	return p, nil
}

// Device implements [hermes.Store].
func (s *Store) Device(ctx context.Context, m mac.Addr) (hermes.Device, error) {
	var row deviceModel
	if err := s.get(ctx, s.sql().device, &row, m.String()); err != nil {
		return hermes.Device{}, err
	}
	return row.device(), nil
}

// SetDevice implements [hermes.Store].
func (s *Store) SetDevice(ctx context.Context, d hermes.Device) error {
	return s.change(ctx, s.sql().setDevice, nil, s.args(newDevice(d))...)
}

// SeePhones implements [hermes.Store]. Outside a transaction it returns at once, as Touch does.
func (s *Store) SeePhones(ctx context.Context, seen []hermes.PhoneSeen) error {
	if s.tx != nil || s.single {
		return s.seePhones(ctx, slices.Clone(seen))
	}
	return s.phonesSeen.add(ctx, seen)
}

// newPhonesSeen returns a batch of what SeePhones gathers.
func (s *Store) newPhonesSeen() *seenBatch[mac.Addr, hermes.PhoneSeen] {
	return &seenBatch[mac.Addr, hermes.PhoneSeen]{
		key:   func(v hermes.PhoneSeen) mac.Addr { return v.MAC },
		at:    func(v hermes.PhoneSeen) time.Time { return v.At },
		write: s.seePhones,
	}
}

// seePhones writes in one transaction, in an order that is the same for all processes.
func (s *Store) seePhones(ctx context.Context, seen []hermes.PhoneSeen) error {
	slices.SortFunc(seen, func(a, b hermes.PhoneSeen) int { return cmp.Or(a.MAC.Compare(b.MAC), a.At.Compare(b.At)) })
	return s.write(ctx, TxOptions{}, nil, func(in *Store) error {
		for _, v := range seen {
			if err := in.change(ctx, in.sql().seePhone, nil,
				v.Said.Vendor, v.Said.Model, v.Said.Firmware, stamp(v.At), v.Address, v.MAC.String()); err != nil {
				return err
			}
		}
		return nil
	})
}

// DomainKeys implements [hermes.Store].
func (s *Store) DomainKeys(ctx context.Context, d sip.Domain) (hermes.DomainKeys, error) {
	var row domainKeysModel
	if err := s.get(ctx, s.sql().domainKeys, &row, d.String()); err != nil {
		return hermes.DomainKeys{}, err
	}
	return row.keys(d), nil
}

// SetDomainKeys implements [hermes.Store].
func (s *Store) SetDomainKeys(ctx context.Context, k hermes.DomainKeys) error {
	return s.change(ctx, s.sql().setDomainKeys, nil, s.args(newDomainKeys(k))...)
}
