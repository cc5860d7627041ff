package bunstore

import (
	"time"

	"github.com/uptrace/bun"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// models are all tables.
var models = []any{
	(*versionModel)(nil), (*subscriberModel)(nil), (*dbaliasModel)(nil),
	(*domainModel)(nil), (*domainAttrModel)(nil), (*grpModel)(nil),
	(*userModel)(nil), (*phoneModel)(nil), (*deviceModel)(nil), (*domainKeysModel)(nil), (*numberModel)(nil), (*reservedModel)(nil), (*serversModel)(nil),
	(*credentialModel)(nil), (*authorizationModel)(nil), (*keyModel)(nil), (*nonceModel)(nil), (*sessionModel)(nil),
	(*loginModel)(nil), (*answerModel)(nil),
	(*secretCheckModel)(nil), (*markModel)(nil),
	(*auditModel)(nil), (*auditSubjectModel)(nil), (*auditSealModel)(nil),
	(*migrationModel)(nil),
}

// versionModel is Kamailio's table of table versions, which it reads when it starts.
type versionModel struct {
	bun.BaseModel `bun:"table:version,alias:v"`

	ID      int64  `bun:"id,pk,autoincrement"`
	Name    string `bun:"table_name"`
	Version int    `bun:"table_version"`
}

// subscriberModel is Kamailio's table of accounts. Some sites have more columns: see extras.
type subscriberModel struct {
	bun.BaseModel `bun:"table:subscriber,alias:s"`

	ID       int64  `bun:"id,pk,autoincrement"`
	Username string `bun:"username"`
	Domain   string `bun:"domain"`
	Password string `bun:"password"`
	HA1      string `bun:"ha1"`
	HA1B     string `bun:"ha1b"`
}

func newSubscriber(u hermes.User) *subscriberModel {
	m := &subscriberModel{Password: u.Clear, HA1: u.HA1, HA1B: u.HA1B}
	m.Username, m.Domain = key(u.Address)
	return m
}

// extra is a column of subscriber that a stock table does not have, with the column of Hermes'
// own table of users that holds the same.
type extra struct {
	theirs, ours string
	value        func(hermes.User) string
}

// extras are those that some sites have. The first two were Kamailio's up to 5.1.
var extras = []extra{
	{"email_address", "email", func(u hermes.User) string { return u.Email }},
	{"rpid", "rpid", func(u hermes.User) string { return u.RPID }},
	{"permittedcalls", "permittedcalls", func(u hermes.User) string { return u.PermittedCalls }},
}

// dbaliasModel is Kamailio's table of aliases. It has no unique key.
type dbaliasModel struct {
	bun.BaseModel `bun:"table:dbaliases,alias:a"`

	ID            int64  `bun:"id,pk,autoincrement"`
	AliasUsername string `bun:"alias_username"`
	AliasDomain   string `bun:"alias_domain"`
	Username      string `bun:"username"`
	Domain        string `bun:"domain"`
}

func newDBAlias(a hermes.Alias) *dbaliasModel {
	m := &dbaliasModel{}
	m.AliasUsername, m.AliasDomain = key(a.Alias)
	m.Username, m.Domain = key(a.Destination)
	return m
}

func (m *dbaliasModel) alias() hermes.Alias {
	return hermes.Alias{
		Alias:       sip.Unchecked(m.AliasUsername, m.AliasDomain),
		Destination: sip.Unchecked(m.Username, m.Domain),
	}
}

// domainModel is Kamailio's table of the domains that it serves.
type domainModel struct {
	bun.BaseModel `bun:"table:domain,alias:d"`

	ID           int64     `bun:"id,pk,autoincrement"`
	Domain       string    `bun:"domain"`
	DID          string    `bun:"did"`
	LastModified time.Time `bun:"last_modified"`
}

// domainAttrModel is Kamailio's table of attributes of domains, which Hermes does not write.
type domainAttrModel struct {
	bun.BaseModel `bun:"table:domain_attrs,alias:da"`

	ID           int64     `bun:"id,pk,autoincrement"`
	DID          string    `bun:"did"`
	Name         string    `bun:"name"`
	Type         int       `bun:"type"`
	Value        string    `bun:"value"`
	LastModified time.Time `bun:"last_modified"`
}

// grpModel is Kamailio's table of the groups that addresses are in.
type grpModel struct {
	bun.BaseModel `bun:"table:grp,alias:g"`

	ID           int64     `bun:"id,pk,autoincrement"`
	Username     string    `bun:"username"`
	Domain       string    `bun:"domain"`
	Grp          string    `bun:"grp"`
	LastModified time.Time `bun:"last_modified"`
}

// userModel is what Hermes keeps of a user beside the row of subscriber.
type userModel struct {
	bun.BaseModel `bun:"table:hermes.users,alias:h"`

	Username       string `bun:"username,pk"`
	Domain         string `bun:"domain,pk"`
	Type           string `bun:"type"`
	Sealed         []byte `bun:"sealed"`
	Suspended      []byte `bun:"suspended"`
	Reason         string `bun:"suspended_reason"`
	AuthID         string `bun:"authid"`
	Registrar      string `bun:"registrar"`
	RPort          int    `bun:"r_port"`
	Proxy          string `bun:"proxy"`
	PPort          int    `bun:"p_port"`
	Dialplan       string `bun:"dialplan"`
	DisplayName    string `bun:"displayname"`
	Folded         string `bun:"folded"` // the display name, for searches
	LineText       string `bun:"linetext"`
	Email          string `bun:"email"`
	RPID           string `bun:"rpid"`
	PermittedCalls string `bun:"permittedcalls"`
}

func newUser(u hermes.User) *userModel {
	m := &userModel{
		Type: string(u.Type), Sealed: []byte(u.Sealed), Suspended: []byte(u.Suspended), Reason: u.SuspendedReason,
		AuthID: u.AuthID, Registrar: u.Registrar.String(), RPort: u.RPort, Proxy: u.Proxy.String(), PPort: u.PPort,
		Dialplan: u.Dialplan, DisplayName: u.DisplayName, Folded: hermes.Fold(u.DisplayName), LineText: u.LineText,
		Email: u.Email, RPID: u.RPID, PermittedCalls: u.PermittedCalls,
	}
	m.Username, m.Domain = key(u.Address)
	return m
}

// userRow is a user's row of subscriber joined with Hermes' own. The columns of a row that is
// missing are zero.
type userRow struct {
	userModel

	Password              string `bun:"password"`
	HA1                   string `bun:"ha1"`
	HA1B                  string `bun:"ha1b"`
	AccountEmail          string `bun:"account_email"`
	AccountRPID           string `bun:"account_rpid"`
	AccountPermittedCalls string `bun:"account_permittedcalls"`
}

// user returns the record. A column that both rows have is taken from Hermes' own where that
// exists. The subscriber row of a remote user, which another tool made, is ignored.
func (r *userRow) user(a sip.Addr) hermes.User {
	u := hermes.User{
		Address: a, Type: hermes.Local, Sealed: string(r.Sealed), HA1: r.HA1, HA1B: r.HA1B, Clear: r.Password,
		Suspended: string(r.Suspended), SuspendedReason: r.Reason, AuthID: r.AuthID, Registrar: sip.UncheckedDomain(r.Registrar), RPort: r.RPort,
		Proxy: sip.UncheckedDomain(r.Proxy), PPort: r.PPort,
		Dialplan: r.Dialplan, DisplayName: r.DisplayName, LineText: r.LineText,
		Email: r.Email, RPID: r.RPID, PermittedCalls: r.PermittedCalls,
	}
	switch r.Type {
	case "":
		u.Email, u.RPID, u.PermittedCalls = r.AccountEmail, r.AccountRPID, r.AccountPermittedCalls
	case string(hermes.Remote):
		u.Type, u.HA1, u.HA1B, u.Clear = hermes.Remote, "", "", ""
	}
	return u
}

// numberModel is a free number of the pool.
type numberModel struct {
	bun.BaseModel `bun:"table:hermes.numbers,alias:n"`

	Number e164.Number `bun:"number,pk"`
}

// reservedModel is a number of the pool that is held or cooling, or has been. It is free when Until
// has passed, whether it is still here or not.
type reservedModel struct {
	bun.BaseModel `bun:"table:hermes.reserved_numbers,alias:r"`

	Number     e164.Number `bun:"number,pk"`
	Until      stamp       `bun:"until"`
	HolderKind string      `bun:"holder_kind"` // empty if the number cools down
	HolderName string      `bun:"holder_name"`
}

// serversModel is the default servers of a domain.
type serversModel struct {
	bun.BaseModel `bun:"table:hermes.servers,alias:v"`

	Domain    string `bun:"domain,pk"`
	Registrar string `bun:"registrar"`
	RPort     int    `bun:"r_port"`
	Proxy     string `bun:"proxy"`
	PPort     int    `bun:"p_port"`
	ProvURL   string `bun:"prov_url"`
}

func newServers(s hermes.Servers) *serversModel {
	return &serversModel{
		Domain: s.Domain.String(), Registrar: s.Registrar.String(), RPort: s.RPort,
		Proxy: s.Proxy.String(), PPort: s.PPort, ProvURL: s.ProvURL,
	}
}

func (m *serversModel) servers(d sip.Domain) hermes.Servers {
	return hermes.Servers{
		Domain: d, Registrar: sip.UncheckedDomain(m.Registrar), RPort: m.RPort,
		Proxy: sip.UncheckedDomain(m.Proxy), PPort: m.PPort, ProvURL: m.ProvURL,
	}
}

// migrationModel is a step that was applied.
type migrationModel struct {
	bun.BaseModel `bun:"table:hermes.migrations,alias:m"`

	Name    string    `bun:"name,pk"`
	Applied time.Time `bun:"applied"`
}

// key returns an address as the values of its two columns.
func key(a sip.Addr) (username, domain string) { return a.User(), a.Domain().String() }
