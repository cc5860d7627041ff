package hermes

import (
	"context"

	"github.com/hermes-voip/go-hermes/sip"
)

// UserAddRequest describes a local user. Fields that are empty get the defaults of API.md:
// AuthID and DisplayName the user name, LineText the display name.
type UserAddRequest struct {
	User           sip.Addr `form:"user*,required" json:"user"`
	DisplayName    string   `form:"displayname" json:"displayname,omitzero"`       // at most 128 characters, as all texts here
	Email          string   `form:"email" json:"email,omitzero"`                   // one plain address
	AuthID         string   `form:"authid" json:"authid,omitzero"`                 //
	Dialplan       string   `form:"dialplan" json:"dialplan,omitzero"`             //
	LineText       string   `form:"linetext" json:"linetext,omitzero"`             //
	RPID           string   `form:"rpid" json:"rpid,omitzero"`                     //
	PermittedCalls string   `form:"permittedcalls" json:"permittedcalls,omitzero"` // see UserPermissions
}

// UserAddResponse has the user, with the generated password.
type UserAddResponse struct {
	User UserObject `json:"user"`
}

// UserAdd makes a local user, with a generated password and the default servers of its domain.
// Causes: Malformed, UnknownDomain, Exists, NoServers.
func (c *Client) UserAdd(ctx context.Context, req UserAddRequest) (res UserAddResponse, err error) {
	defer wrap(&err, "user/add")
	if err = c.allow("user/add"); err != nil {
		return res, err
	}
	u := req.record()
	if err = firstError(needAddr("user", u.Address), checkTexts(&u), needNewAddr("user", u.Address)); err != nil {
		return res, err
	}
	password, err := c.generatePassword()
	if err != nil {
		return res, err
	}
	if err = c.setPassword(&u, password); err != nil {
		return res, err
	}
	if err = c.store.Tx(ctx, func(s Store) error { return c.addLocal(ctx, s, &u) }); err != nil {
		return res, err
	}
	res.User, err = c.createdObject(u, password)
	return res, err
}

func (req UserAddRequest) record() User {
	u := User{
		Address: req.User, Type: Local, Email: req.Email, AuthID: req.AuthID, Dialplan: req.Dialplan,
		DisplayName: req.DisplayName, LineText: req.LineText, RPID: req.RPID, PermittedCalls: req.PermittedCalls,
	}
	u.setNames()
	return u
}

func (u *User) setNames() {
	setDefault(&u.AuthID, u.Address.User())
	setDefault(&u.DisplayName, u.Address.User())
	setDefault(&u.LineText, u.DisplayName)
}

func (c *core) addLocal(ctx context.Context, s Store, u *User) error {
	domain := u.Address.Domain()
	if err := c.needServed(ctx, s, domain); err != nil {
		return err
	}
	if err := isFree(ctx, s, u.Address); err != nil {
		return err
	}
	servers, err := s.Servers(ctx, domain)
	if err == error(NotFound) {
		return failed(NoServers, "no default servers are set for the domain %s; see domain/set_servers", domain)
	}
	if err != nil {
		return err
	}
	u.Registrar, u.RPort, u.Proxy, u.PPort = servers.Registrar, servers.RPort, servers.Proxy, servers.PPort
	if err := s.AddUser(ctx, *u); err != nil {
		return taken(err, "a user has the address %s", u.Address)
	}
	// Groups that another tool left behind under this address are not the new user's.
	return s.SetGroups(ctx, u.Address, groupNames(u.PermittedCalls))
}

func (c *core) needServed(ctx context.Context, s Store, d sip.Domain) error {
	served, err := c.serves(ctx, s, d)
	if err == nil && !served {
		return failed(UnknownDomain, "the domain %s is not one that Kamailio serves", d)
	}
	return err
}

// UserAddRemoteRequest describes an account on somebody else's server. Fields that are empty
// get the defaults of API.md: AuthID and DisplayName the user name, LineText the display name, RPort
// 5060, Proxy the registrar, PPort the RPort.
type UserAddRemoteRequest struct {
	User        sip.Addr   `form:"user*,required" json:"user"`
	Password    Secret     `form:"password,required" json:"password"` // 1 to 64 characters, none of them a control character
	Registrar   sip.Domain `form:"registrar,required" bad:"invalid/parameters" json:"registrar"`
	AuthID      string     `form:"authid" json:"authid,omitzero"`
	RPort       int        `form:"r_port" json:"r_port,omitzero"` // 1 to 65535; 0: the default
	Proxy       sip.Domain `form:"proxy" bad:"invalid/parameters" json:"proxy,omitzero"`
	PPort       int        `form:"p_port" json:"p_port,omitzero"` // 1 to 65535; 0: the default
	DisplayName string     `form:"displayname" json:"displayname,omitzero"`
	LineText    string     `form:"linetext" json:"linetext,omitzero"`
	Dialplan    string     `form:"dialplan" json:"dialplan,omitzero"`
}

// UserAddRemoteResponse has the user.
type UserAddRemoteResponse struct {
	User UserObject `json:"user"`
}

// UserAddRemote keeps an account of another server, so that a desk phone here can use it.
// Causes: Malformed, DomainServed, Exists.
func (c *Client) UserAddRemote(ctx context.Context, req UserAddRemoteRequest) (res UserAddRemoteResponse, err error) {
	defer wrap(&err, "user/add_remote")
	if err = c.allow("user/add_remote"); err != nil {
		return res, err
	}
	u := req.record()
	if err = req.check(&u); err != nil {
		return res, err
	}
	if err = c.setPassword(&u, req.Password); err != nil {
		return res, err
	}
	if err = c.store.Tx(ctx, func(s Store) error { return c.addRemote(ctx, s, u) }); err != nil {
		return res, err
	}
	res.User, err = c.object(u)
	return res, err
}

func (req UserAddRemoteRequest) record() User {
	u := User{
		Address: req.User, Type: Remote, AuthID: req.AuthID, Registrar: req.Registrar, RPort: req.RPort,
		Proxy: req.Proxy, PPort: req.PPort, Dialplan: req.Dialplan, DisplayName: req.DisplayName, LineText: req.LineText,
	}
	u.setNames()
	setDefault(&u.RPort, 5060)
	setDefault(&u.Proxy, u.Registrar)
	setDefault(&u.PPort, u.RPort)
	return u
}

func (req UserAddRemoteRequest) check(u *User) error {
	return firstError(
		needAddr("user", u.Address), checkRemotePassword(req.Password), checkHost("registrar", u.Registrar), checkHost("proxy", u.Proxy),
		checkPort("r_port", u.RPort), checkPort("p_port", u.PPort), checkTexts(u), needNewAddr("user", u.Address),
	)
}

func (c *core) addRemote(ctx context.Context, s Store, u User) error {
	domain := u.Address.Domain()
	served, err := c.serves(ctx, s, domain)
	if err != nil {
		return err
	}
	if served {
		return failed(DomainServed, "the domain %s is one that Kamailio serves; see user/add", domain)
	}
	if err := isFree(ctx, s, u.Address); err != nil {
		return err
	}
	return taken(s.AddUser(ctx, u), "a user has the address %s", u.Address)
}

func checkTexts(u *User) error {
	return firstError(
		checkText("displayname", u.DisplayName, textMax), checkEmail(u.Email), checkText("authid", u.AuthID, textMax),
		checkText("dialplan", u.Dialplan, textMax), checkText("linetext", u.LineText, textMax),
		checkText("rpid", u.RPID, textMax), checkText("permittedcalls", u.PermittedCalls, textMax),
	)
}

func checkHost(name string, d sip.Domain) error {
	if !d.Valid() {
		return badParameter("%s %q: want a host name or an IPv4 address", name, d)
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
