package hermes

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hermes-voip/go-hermes/sip"
)

// UserAddRequest describes a local user. Texts have at most 128 characters. Empty fields get the
// defaults of the API: AuthID and DisplayName the user name, LineText the display name.
type UserAddRequest struct {
	User        sip.Addr `form:"user*,required" json:"user"`
	DisplayName string   `form:"displayname" json:"displayname,omitzero"`
	Email       string   `form:"email" json:"email,omitzero"`   // one plain address
	AuthID      string   `form:"authid" json:"authid,omitzero"` // the user name or the whole address
	Dialplan    string   `form:"dialplan" json:"dialplan,omitzero"`
	LineText    string   `form:"linetext" json:"linetext,omitzero"`
	RPID        string   `form:"rpid" json:"rpid,omitzero"`
	// PermittedCalls may be group names, separated by commas; see [Client.UserPermissions].
	PermittedCalls string `form:"permittedcalls" json:"permittedcalls,omitzero"`
}

// Check implements [Request].
func (r UserAddRequest) Check(malformed ...string) error {
	u := r.user()
	return firstError(needAddr("user", r.User, malformed), checkTexts(&u), checkAuthID(u.AuthID, u.Address),
		checkNewAddr("user", r.User))
}

// checkAuthID refuses an authid that a local user cannot have, since Kamailio looks for the user
// name in it. It accepts any if the address is zero.
func checkAuthID(authID string, a sip.Addr) error {
	if a.IsZero() || authID == a.User() || authID == a.String() {
		return nil
	}
	return badParameter("authid %q: want the user name or the whole address, since Kamailio refuses any other", authID)
}

func (r UserAddRequest) user() User {
	u := User{
		Address: normalAddr(r.User), Type: Local, Email: r.Email, AuthID: r.AuthID, Dialplan: r.Dialplan,
		DisplayName: r.DisplayName, LineText: r.LineText, RPID: r.RPID, PermittedCalls: r.PermittedCalls,
	}
	u.setDefaultTexts()
	return u
}

func (u *User) setDefaultTexts() {
	setDefault(&u.AuthID, u.Address.User())
	setDefault(&u.DisplayName, u.Address.User())
	setDefault(&u.LineText, u.DisplayName)
}

func checkTexts(u *User) error {
	return firstError(
		checkText("displayname", u.DisplayName, textMax), checkEmail(u.Email), checkText("authid", u.AuthID, textMax),
		checkText("dialplan", u.Dialplan, textMax), checkText("linetext", u.LineText, textMax),
		checkText("rpid", u.RPID, textMax), checkText("permittedcalls", u.PermittedCalls, textMax),
	)
}

// UserAddResponse has the user, with the generated password.
type UserAddResponse struct {
	User UserObject `json:"user"`
}

// UserAdd makes a local user, with a generated password and the default servers of its domain.
// Causes: Malformed, UnknownDomain, Exists, NoServers.
func (c *Client) UserAdd(ctx context.Context, req UserAddRequest) (UserAddResponse, error) {
	return call(ctx, c, "user/add", req, (*Client).userAdd)
}

func (c *Client) userAdd(ctx context.Context, req UserAddRequest) (res UserAddResponse, err error) {
	password, err := c.generatePassword()
	if err != nil {
		return res, err
	}
	u := req.user()
	if err = c.setPassword(&u, password); err != nil {
		return res, err
	}
	err = c.change(ctx, "user/add", &req, userLocks(u.Address), func(s Store) error { return c.addLocal(ctx, s, &u) })
	if err != nil {
		return res, err
	}
	res.User, err = c.userObject(u, password)
	return res, err
}

// addLocal stores u and gives it the default servers of its domain. An error undoes what was
// stored.
func (c *Client) addLocal(ctx context.Context, s Store, u *User) error {
	domain := u.Address.Domain()
	site, err := s.AddLocalUser(ctx, *u)
	if err != nil && err != error(Exists) && err != error(NotFound) {
		return err
	}
	if err := c.needServed(site.Served, domain); err != nil {
		return err
	}
	if err := needNoHolder(site.Holder, u.Address); err != nil {
		return err
	}
	if err != nil {
		return noServers(domain)
	}
	u.Registrar, u.RPort = site.Servers.Registrar, site.Servers.RPort
	u.Proxy, u.PPort = site.Servers.Proxy, site.Servers.PPort
	if names := groupNames(u.PermittedCalls); len(names) > 0 {
		return s.SetGroups(ctx, u.Address, names)
	}
	return nil
}

// needServed returns UnknownDomain unless this Kamailio serves d. inTable says that its table has
// d.
func (c *Client) needServed(inTable bool, d sip.Domain) error {
	if !inTable && !slices.Contains(c.opts.Domains, d) {
		return failed(UnknownDomain, "the domain %s is not one that Kamailio serves", d)
	}
	return nil
}

// groupNames returns the names in a permittedcalls text that Kamailio's group module can hold. The
// field is free text, and older systems kept other things there.
func groupNames(text string) []string {
	if text == "" {
		return nil
	}
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		if isGroupName(name) {
			names = append(names, name)
		}
	}
	return sortedSet(names)
}

// groupMax is the width of Kamailio's column grp.grp, in characters.
const groupMax = 64

func isGroupName(s string) bool {
	return s != "" && utf8.RuneCountInString(s) <= groupMax && CleanText(s) && !strings.ContainsAny(s, ", ")
}

func sortedSet(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// UserAddRemoteRequest describes an account on another server. Texts have at most 128 characters.
// Empty fields get the defaults of the API: AuthID and DisplayName the user name, LineText the
// display name, RPort 5060, Proxy the registrar, PPort the RPort.
type UserAddRemoteRequest struct {
	User sip.Addr `form:"user*,required" json:"user"`
	// Password has 1 to 64 characters except control characters.
	Password    Secret     `form:"password,required" json:"password"`
	Registrar   sip.Domain `form:"registrar,required" bad:"invalid/parameters" scope:"host" json:"registrar"`
	AuthID      string     `form:"authid" json:"authid,omitzero"`
	RPort       int        `form:"r_port" json:"r_port,omitzero"` // 1 to 65535; 0 means the default
	Proxy       sip.Domain `form:"proxy" bad:"invalid/parameters" scope:"host" json:"proxy,omitzero"`
	PPort       int        `form:"p_port" json:"p_port,omitzero"` // 1 to 65535; 0 means the default
	DisplayName string     `form:"displayname" json:"displayname,omitzero"`
	LineText    string     `form:"linetext" json:"linetext,omitzero"`
	Dialplan    string     `form:"dialplan" json:"dialplan,omitzero"`
}

// Check implements [Request].
func (r UserAddRemoteRequest) Check(malformed ...string) error {
	u := r.user()
	return firstError(
		needAddr("user", r.User, malformed), checkRemotePassword(r.Password),
		checkHost("registrar", u.Registrar), checkHost("proxy", u.Proxy),
		checkPort("r_port", u.RPort), checkPort("p_port", u.PPort),
		checkTexts(&u), checkNewAddr("user", r.User),
	)
}

func (r UserAddRemoteRequest) user() User {
	u := User{
		Address: normalAddr(r.User), Type: Remote, AuthID: r.AuthID, Registrar: r.Registrar, RPort: r.RPort,
		Proxy: r.Proxy, PPort: r.PPort, Dialplan: r.Dialplan, DisplayName: r.DisplayName, LineText: r.LineText,
	}
	u.setDefaultTexts()
	setDefault(&u.RPort, 5060)
	setDefault(&u.Proxy, u.Registrar)
	setDefault(&u.PPort, u.RPort)
	return u
}

// UserAddRemoteResponse has the user.
type UserAddRemoteResponse struct {
	User UserObject `json:"user"`
}

// UserAddRemote stores an account of another server, so that a desk phone here can use it. Causes:
// Malformed, DomainServed, Exists.
func (c *Client) UserAddRemote(ctx context.Context, req UserAddRemoteRequest) (UserAddRemoteResponse, error) {
	return call(ctx, c, "user/add_remote", req, (*Client).userAddRemote)
}

func (c *Client) userAddRemote(ctx context.Context, req UserAddRemoteRequest) (res UserAddRemoteResponse, err error) {
	u := req.user()
	if err = c.setPassword(&u, req.Password); err != nil {
		return res, err
	}
	err = c.change(ctx, "user/add_remote", &req, []Lock{LockAddr(u.Address)}, func(s Store) error {
		return c.addRemote(ctx, s, u)
	})
	if err != nil {
		return res, err
	}
	res.User, err = c.userObject(u, Secret{})
	return res, err
}

func (c *Client) addRemote(ctx context.Context, s Store, u User) error {
	domain := u.Address.Domain()
	served, err := c.serves(ctx, s, domain)
	if err != nil {
		return err
	}
	if served {
		return failed(DomainServed, "the domain %s is one that Kamailio serves; see user/add", domain)
	}
	if err := needFree(ctx, s, u.Address); err != nil {
		return err
	}
	return taken(s.AddUser(ctx, u), "a user has the address %s", u.Address)
}

// UserChangePwRequest names a user and its new password.
type UserChangePwRequest struct {
	User sip.Addr `form:"user*,required" json:"user"`
	// Password has 8 to 64 printable ASCII characters for a local user, and 1 to 64 characters
	// except control characters for a remote one. If empty, one is generated.
	Password Secret `form:"password" json:"password,omitzero"`
}

// Check implements [Request].
func (r UserChangePwRequest) Check(malformed ...string) error {
	if err := needAddr("user", r.User, malformed); err != nil || r.Password.IsZero() {
		return err
	}
	return checkRemotePassword(r.Password) // a local user's is checked once it is known to be one
}

// UserChangePwResponse has the password if it was generated.
type UserChangePwResponse struct {
	Detail   string      `json:"detail"`
	Password Opt[Secret] `json:"password,omitzero"`
}

// UserChangePw changes a user's password in Kamailio and in provisioning, together or not at all. A
// user that only Kamailio's table has is adopted; see [Client.UserAdopt]. Of a remote user Hermes'
// own row alone is changed, whatever Kamailio's table has at that address. A suspended user stays
// so, and has the new password when it is resumed. Causes: NotFound.
func (c *Client) UserChangePw(ctx context.Context, req UserChangePwRequest) (UserChangePwResponse, error) {
	return call(ctx, c, "user/change_pw", req, (*Client).userChangePw)
}

func (c *Client) userChangePw(ctx context.Context, req UserChangePwRequest) (res UserChangePwResponse, err error) {
	password := req.Password
	if password.IsZero() {
		if password, err = c.generatePassword(); err != nil {
			return res, err
		}
		res.Password = Some(password)
	}
	var changed User
	err = c.change(ctx, "user/change_pw", &req, userLocks(req.User), func(s Store) (err error) {
		if req.User, err = namedUser(ctx, s, req.User); err != nil {
			return err
		}
		changed, err = c.changeUser(ctx, s, req.User, func(u *User) error {
			if u.Type == Local {
				if err := checkSIPPassword(password); err != nil {
					return err
				}
			}
			return c.changePassword(u, password)
		})
		return err
	})
	if err != nil {
		return UserChangePwResponse{}, err
	}
	res.Detail = "password changed for " + req.User.String()
	if changed.Type == Local && !changed.HasServers() {
		res.Detail += "; its domain has no default servers for phones: domain/set_servers, then user/adopt"
	}
	return res, nil
}

// UserChangeEmailRequest names a local user and its new mail address.
type UserChangeEmailRequest struct {
	User  sip.Addr `form:"user*,required" json:"user"`
	Email string   `form:"email,required" json:"email"` // one plain address of at most 128 characters
}

// Check implements [Request].
func (r UserChangeEmailRequest) Check(malformed ...string) error {
	if err := needAddr("user", r.User, malformed); err != nil {
		return err
	}
	if r.Email == "" {
		return badParameter("email: missing; user/update empties it")
	}
	return checkEmail(r.Email)
}

// UserChangeEmailResponse has both as they are now.
type UserChangeEmailResponse struct {
	User  sip.Addr `json:"user"`
	Email string   `json:"email"`
}

// UserChangeEmail changes a local user's mail address. Causes: NotFound, also for a remote user.
func (c *Client) UserChangeEmail(ctx context.Context, req UserChangeEmailRequest) (UserChangeEmailResponse, error) {
	return call(ctx, c, "user/change_email", req, (*Client).userChangeEmail)
}

func (c *Client) userChangeEmail(ctx context.Context, req UserChangeEmailRequest) (res UserChangeEmailResponse, err error) {
	err = c.change(ctx, "user/change_email", &req, userLocks(req.User), func(s Store) error {
		var err error
		if req.User, err = namedUser(ctx, s, req.User); err != nil {
			return err
		}
		_, err = c.changeUser(ctx, s, req.User, func(u *User) error {
			u.Email = req.Email
			return needLocal(*u)
		})
		return err
	})
	return UserChangeEmailResponse(req), err
}

func needLocal(u User) error {
	if u.Type != Local {
		return failed(NotFound, "%s is a remote user: there is no such local user", u.Address)
	}
	return nil
}
