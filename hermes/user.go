package hermes

import (
	"context"

	"github.com/hermes-voip/go-hermes/sip"
)

// UserObject is a user as the API shows it. Secrets that the actor may not see are absent,
// and Redacted lists their names.
type UserObject struct {
	Type        UserType    `json:"type"`
	User        sip.Addr    `json:"user"`
	Username    string      `json:"username"`
	Password    Opt[Secret] `json:"password,omitzero"`
	Domain      sip.Domain  `json:"domain"`
	AuthID      string      `json:"authid"`
	Registrar   sip.Domain  `json:"registrar"`
	RPort       int         `json:"r_port"`
	Proxy       sip.Domain  `json:"proxy"`
	PPort       int         `json:"p_port"`
	Dialplan    string      `json:"dialplan"`
	DisplayName string      `json:"displayname"`
	LineText    string      `json:"linetext"`

	// Present for local users.
	Email          Opt[string] `json:"email,omitzero"`
	HA1            Opt[Secret] `json:"ha1,omitzero"`
	HA1B           Opt[Secret] `json:"ha1b,omitzero"`
	RPID           Opt[string] `json:"rpid,omitzero"`
	PermittedCalls Opt[string] `json:"permittedcalls,omitzero"`

	Redacted []string `json:"redacted,omitempty"`
}

// UserGetRequest asks for one user.
type UserGetRequest struct {
	User sip.Addr `form:"user*,required" json:"user"`
}

// UserGetResponse has the user.
type UserGetResponse struct {
	User UserObject `json:"user"`
}

// UserGet returns a user. Causes: NotFound.
func (c *Client) UserGet(ctx context.Context, req UserGetRequest) (res UserGetResponse, err error) {
	defer wrap(&err, "user/get")
	if err = c.allow("user/get"); err != nil {
		return res, err
	}
	if err = needAddr("user", req.User); err != nil {
		return res, err
	}
	u, err := c.store.User(ctx, req.User)
	if err != nil {
		return res, noUser(err, req.User)
	}
	res.User, err = c.object(u)
	return res, err
}

// UserListRequest asks for users.
type UserListRequest struct {
	Search Pattern `form:"search" json:"search,omitzero"` // matches address or display name
	Limit  int     `form:"limit" json:"limit,omitzero"`   // 0: all
	After  string  `form:"after" json:"after,omitzero"`   // List.Next of the page before
}

// UserListResponse has the users in the order of their addresses.
type UserListResponse struct {
	List *List[UserEntry] `json:"list"`
}

// UserList lists users.
func (c *Client) UserList(ctx context.Context, req UserListRequest) (res UserListResponse, err error) {
	defer wrap(&err, "user/list")
	if err = c.allow("user/list"); err != nil {
		return res, err
	}
	if err = checkLimit(req.Limit); err != nil {
		return res, err
	}
	after, err := parsePageToken(req.After, 2)
	if err != nil {
		return res, err
	}
	var from UserEntry
	if after != nil {
		from.User = sip.Unchecked(after[0], after[1])
	}
	res.List, err = newList(ctx, "user/list", req.Limit, from,
		func(ctx context.Context, after UserEntry, n int) ([]UserEntry, error) {
			return c.store.Users(ctx, UserQuery{Match: req.Search, After: after.User, Limit: n})
		},
		func(e UserEntry) string { return addrToken(e.User) })
	return res, err
}

func addrToken(addrs ...sip.Addr) string {
	var fields []string
	for _, a := range addrs {
		fields = append(fields, a.User(), a.Domain().String())
	}
	return pageToken(fields...)
}

// UserAvailRequest asks about an address.
type UserAvailRequest struct {
	User sip.Addr `form:"user*,required" json:"user"`
}

// UserAvailResponse says that the address is free.
type UserAvailResponse struct {
	Cause Cause `json:"cause"` // NotFound
}

// UserAvail tells whether an address is free: no user and no alias has it. Causes: Exists.
func (c *Client) UserAvail(ctx context.Context, req UserAvailRequest) (res UserAvailResponse, err error) {
	defer wrap(&err, "user/avail")
	if err = c.allow("user/avail"); err != nil {
		return res, err
	}
	if err = needAddr("user", req.User); err != nil {
		return res, err
	}
	if err = isFree(ctx, c.store, req.User); err != nil {
		return res, err
	}
	return UserAvailResponse{Cause: NotFound}, nil
}

// isFree returns Exists where a user or an alias has the address: Kamailio would otherwise
// send a user's calls to the alias' destination.
func isFree(ctx context.Context, s Store, a sip.Addr) error {
	holder, err := s.Holder(ctx, a)
	switch {
	case err != nil:
		return err
	case holder == HeldByUser:
		return failed(Exists, "a user has the address %s", a)
	case holder == HeldByAlias:
		return failed(Exists, "an alias has the address %s", a)
	}
	return nil
}

// object shows u to the actor.
func (c *Client) object(u User) (UserObject, error) {
	o := UserObject{
		Type: u.Type, User: u.Address, Username: u.Address.User(), Domain: u.Address.Domain(),
		AuthID: u.AuthID, Registrar: u.Registrar, RPort: u.RPort, Proxy: u.Proxy, PPort: u.PPort,
		Dialplan: u.Dialplan, DisplayName: u.DisplayName, LineText: u.LineText,
	}
	local := u.Type == Local
	if local {
		o.Email, o.RPID, o.PermittedCalls = Some(u.Email), Some(u.RPID), Some(u.PermittedCalls)
	}
	if !c.seesSecrets() {
		o.Redacted = secretNames(local)
		return o, nil
	}
	password, err := c.password(u)
	if err != nil {
		return UserObject{}, err
	}
	o.Password = Some(password)
	if local {
		o.HA1, o.HA1B = Some(NewSecret(u.HA1)), Some(NewSecret(u.HA1B))
	}
	return o, nil
}

func secretNames(local bool) []string {
	if local {
		return []string{"password", "ha1", "ha1b"}
	}
	return []string{"password"}
}

// createdObject shows a new user to who made it: the generated password this once, whatever
// the access level.
func (c *Client) createdObject(u User, password Secret) (UserObject, error) {
	o, err := c.object(u)
	if err != nil || !o.Password.IsZero() {
		return o, err
	}
	o.Password = Some(password)
	o.Redacted = o.Redacted[1:]
	return o, nil
}

// password is the clear one: Hermes' own, or that which another tool left in Kamailio's table.
func (c *Client) password(u User) (Secret, error) {
	if u.Sealed == "" {
		return NewSecret(u.Clear), nil
	}
	return c.openPassword(u.Address, u.Sealed)
}

// setPassword gives u a password and everything that is derived from it, so that nothing of an old one is left.
func (c *core) setPassword(u *User, password Secret) error {
	sealed, err := c.sealPassword(u.Address, password)
	if err != nil {
		return err
	}
	u.Sealed = sealed
	if u.Type != Local {
		return nil
	}
	u.HA1, u.HA1B = kamailioHashes(u.Address, password)
	u.Clear = ""
	if c.opts.KamailioPlaintext {
		u.Clear = password.Reveal()
	}
	return nil
}

func needAddr(name string, a sip.Addr) error {
	if a.IsZero() {
		return badParameter("%s: missing; want user@domain", name)
	}
	return nil
}

// needNewAddr also refuses what only other tools write.
func needNewAddr(name string, a sip.Addr) error {
	if err := needAddr(name, a); err != nil {
		return err
	}
	if !a.Valid() {
		return failed(Malformed, "%s %q: want a SIP address, user@domain", name, a)
	}
	return nil
}

func noUser(err error, a sip.Addr) error { return missing(err, "there is no user %s", a) }
