package bunstore

import (
	"context"

	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// userRow is what the join of subscriber and Hermes' own table gives.
type userRow struct {
	InKamailio bool   `bun:"in_kamailio"`
	InHermes   bool   `bun:"in_hermes"`
	Clear      string `bun:"clear"`
	HA1        string `bun:"ha1"`
	HA1B       string `bun:"ha1b"`
	Type       string `bun:"type"`
	Sealed     []byte `bun:"sealed"`

	AuthID      string `bun:"authid"`
	Registrar   string `bun:"registrar"`
	RPort       int    `bun:"r_port"`
	Proxy       string `bun:"proxy"`
	PPort       int    `bun:"p_port"`
	Dialplan    string `bun:"dialplan"`
	DisplayName string `bun:"displayname"`
	LineText    string `bun:"linetext"`

	Email          string `bun:"email"`
	RPID           string `bun:"rpid"`
	PermittedCalls string `bun:"permittedcalls"`
}

// User implements hermes.Store. Where both rows are there Hermes' own is asked for what both have.
func (s *Store) User(ctx context.Context, a sip.Addr) (hermes.User, error) {
	l, err := s.known(ctx)
	if err != nil {
		return hermes.User{}, err
	}
	var row userRow
	if err := s.one(ctx, userQuery(l, a), &row); err != nil {
		return hermes.User{}, err
	}
	return row.user(a), nil
}

func userQuery(l *layout, a sip.Addr) schema.QueryAppender {
	username, domain := key(a)
	return raw(`SELECT s.username IS NOT NULL AS in_kamailio, h.username IS NOT NULL AS in_hermes,
			s.password AS clear, s.ha1, s.ha1b, h.type, h.sealed,
			h.authid, h.registrar, h.r_port, h.proxy, h.p_port, h.dialplan, h.displayname, h.linetext,
			coalesce(h.email, ?2) AS email, coalesce(h.rpid, ?3) AS rpid, coalesce(h.permittedcalls, ?4) AS permittedcalls
		FROM (SELECT 1 AS one) AS k
		LEFT JOIN ?subscriber AS s ON s.username = ?0 AND s.domain = ?1
		LEFT JOIN ?users AS h ON h.username = ?0 AND h.domain = ?1
		WHERE s.username IS NOT NULL OR h.username IS NOT NULL`,
		username, domain, l.extra(extras[0].theirs), l.extra(extras[1].theirs), l.extra(extras[2].theirs))
}

// user is the record. A remote user's subscriber row, which another tool made, is not looked at.
func (r userRow) user(a sip.Addr) hermes.User {
	u := hermes.User{
		Address: a, Type: hermes.Local, Sealed: string(r.Sealed), HA1: r.HA1, HA1B: r.HA1B, Clear: r.Clear,
		AuthID: r.AuthID, Registrar: sip.UncheckedDomain(r.Registrar), RPort: r.RPort, Proxy: sip.UncheckedDomain(r.Proxy), PPort: r.PPort,
		Dialplan: r.Dialplan, DisplayName: r.DisplayName, LineText: r.LineText,
		Email: r.Email, RPID: r.RPID, PermittedCalls: r.PermittedCalls,
	}
	if r.InHermes && r.Type == string(hermes.Remote) {
		u.Type, u.HA1, u.HA1B, u.Clear = hermes.Remote, "", "", ""
	}
	return u
}

// provisioning is Hermes' own row without its key.
func provisioning(u hermes.User) assigns {
	return assigns{
		{"type", string(u.Type)}, {"sealed", binary(u.Sealed)},
		{"authid", u.AuthID}, {"registrar", u.Registrar.String()}, {"r_port", u.RPort}, {"proxy", u.Proxy.String()}, {"p_port", u.PPort},
		{"dialplan", u.Dialplan}, {"displayname", u.DisplayName}, {"folded", hermes.Fold(u.DisplayName)}, {"linetext", u.LineText},
		{"email", u.Email}, {"rpid", u.RPID}, {"permittedcalls", u.PermittedCalls},
	}
}

// account is Kamailio's row without its key. The hashes, with which a phone could log in, and the clear password are bound
// values: databases log the text of statements that fail.
func (l *layout) account(u hermes.User) (row assigns, bound []any) {
	row = assigns{{"ha1", param(1)}, {"ha1b", param(2)}, {"password", param(3)}}
	for i, value := range []string{u.Email, u.RPID, u.PermittedCalls} {
		if l.hasColumn(extras[i].theirs) {
			row = append(row, assign{extras[i].theirs, value})
		}
	}
	return row, []any{u.HA1, u.HA1B, u.Clear}
}

func withKey(a sip.Addr, row assigns) assigns {
	username, domain := key(a)
	return append(assigns{{"username", username}, {"domain", domain}}, row...)
}

// Holder implements hermes.Store.
func (s *Store) Holder(ctx context.Context, a sip.Addr) (h hermes.Holder, err error) {
	username, domain := key(a)
	err = s.one(ctx, raw(`SELECT CASE
		WHEN EXISTS (SELECT 1 FROM ?users AS h WHERE h.username = ?0 AND h.domain = ?1)
			OR EXISTS (SELECT 1 FROM ?subscriber AS s WHERE s.username = ?0 AND s.domain = ?1) THEN ?2
		WHEN EXISTS (SELECT 1 FROM ?dbaliases AS a WHERE a.alias_username = ?0 AND a.alias_domain = ?1) THEN ?3
		ELSE ?4 END`, username, domain, int(hermes.HeldByUser), int(hermes.HeldByAlias), int(hermes.HeldByNone)), &h)
	return h, err
}
