package hermes

import (
	"context"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/sip"
)

// UserUpdateRequest names a user and the fields to change. An absent field stays as it is, and an
// empty text empties the field. Ports and hosts cannot be emptied. The AuthID of a local user can
// only be the user name or the whole address.
type UserUpdateRequest struct {
	User        sip.Addr        `form:"user*,required" json:"user"`
	AuthID      Opt[string]     `form:"authid" json:"authid,omitzero"`
	Registrar   Opt[sip.Domain] `form:"registrar" bad:"invalid/parameters" scope:"host" json:"registrar,omitzero"`
	RPort       Opt[int]        `form:"r_port" json:"r_port,omitzero"`
	Proxy       Opt[sip.Domain] `form:"proxy" bad:"invalid/parameters" scope:"host" json:"proxy,omitzero"`
	PPort       Opt[int]        `form:"p_port" json:"p_port,omitzero"`
	Dialplan    Opt[string]     `form:"dialplan" json:"dialplan,omitzero"`
	DisplayName Opt[string]     `form:"displayname" json:"displayname,omitzero"`
	LineText    Opt[string]     `form:"linetext" json:"linetext,omitzero"`

	// Local users only.
	Email          Opt[string] `form:"email" json:"email,omitzero"`
	RPID           Opt[string] `form:"rpid" json:"rpid,omitzero"`
	PermittedCalls Opt[string] `form:"permittedcalls" json:"permittedcalls,omitzero"`
}

// Check implements [Request].
func (r UserUpdateRequest) Check(malformed ...string) error {
	return firstError(needAddr("user", r.User, malformed), checkFields(r.fields()))
}

// UserUpdateResponse names the fields that were changed and those that had their value already.
type UserUpdateResponse struct {
	Updated []string `json:"updated"`
	Skipped []string `json:"skipped"`
}

// UserUpdate changes a user's fields, all or none. A user that only Kamailio's table has is adopted
// before; see [Client.UserAdopt]. Causes: NotFound. With StoreFailed, Error.Fields
// has the fields that were not stored.
func (c *Client) UserUpdate(ctx context.Context, req UserUpdateRequest) (UserUpdateResponse, error) {
	return call(ctx, c, "user/update", req, (*Client).userUpdate)
}

func (c *Client) userUpdate(ctx context.Context, req UserUpdateRequest) (res UserUpdateResponse, err error) {
	fields := req.fields()
	err = c.change(ctx, "user/update", &req, userLocks(req.User), func(s Store) error {
		var err error
		if req.User, err = namedUser(ctx, s, req.User); err != nil {
			return err
		}
		res = UserUpdateResponse{Updated: []string{}, Skipped: []string{}}
		return c.updateUser(ctx, s, req.User, fields, &res)
	})
	return res, err
}

func (r UserUpdateRequest) notStored() (names []string) {
	for _, f := range r.fields() {
		names = append(names, f.name)
	}
	return names
}

// userField is one field of an update.
type userField struct {
	name      string
	localOnly bool
	err       error                      // what is wrong with the new value
	checkFor  func(User) error           // what is wrong with it for that user; may be nil
	store     func(*User) (changed bool) // sets it
}

// fields returns the fields that are present.
func (r UserUpdateRequest) fields() []userField {
	all := []*userField{
		authIDField(r.AuthID),
		hostField("registrar", r.Registrar, func(u *User) *sip.Domain { return &u.Registrar }),
		portField("r_port", r.RPort, func(u *User) *int { return &u.RPort }),
		hostField("proxy", r.Proxy, func(u *User) *sip.Domain { return &u.Proxy }),
		portField("p_port", r.PPort, func(u *User) *int { return &u.PPort }),
		textField("dialplan", r.Dialplan, func(u *User) *string { return &u.Dialplan }),
		textField("displayname", r.DisplayName, func(u *User) *string { return &u.DisplayName }),
		textField("linetext", r.LineText, func(u *User) *string { return &u.LineText }),
		localOnly(newField("email", r.Email, checkEmail(r.Email.Value), func(u *User) *string { return &u.Email })),
		localOnly(textField("rpid", r.RPID, func(u *User) *string { return &u.RPID })),
		localOnly(textField("permittedcalls", r.PermittedCalls, func(u *User) *string { return &u.PermittedCalls })),
	}
	var present []userField
	for _, f := range all {
		if f != nil {
			present = append(present, *f)
		}
	}
	return present
}

func newField[T comparable](name string, v Opt[T], err error, at func(*User) *T) *userField {
	if !v.Set {
		return nil
	}
	return &userField{name: name, err: err, store: func(u *User) bool {
		old := *at(u)
		*at(u) = v.Value
		return old != v.Value
	}}
}

func textField(name string, v Opt[string], at func(*User) *string) *userField {
	return newField(name, v, checkText(name, v.Value, textMax), at)
}

func authIDField(v Opt[string]) *userField {
	f := textField("authid", v, func(u *User) *string { return &u.AuthID })
	if f != nil {
		f.checkFor = func(u User) error {
			if u.Type != Local {
				return nil
			}
			return checkAuthID(v.Value, u.Address)
		}
	}
	return f
}

func hostField(name string, v Opt[sip.Domain], at func(*User) *sip.Domain) *userField {
	return newField(name, v, checkHost(name, v.Value), at)
}

func portField(name string, v Opt[int], at func(*User) *int) *userField {
	return newField(name, v, checkPort(name, v.Value), at)
}

func localOnly(f *userField) *userField {
	if f != nil {
		f.localOnly = true
	}
	return f
}

func checkFields(fields []userField) error {
	if len(fields) == 0 {
		return badParameter("nothing to update: want at least one field")
	}
	for _, f := range fields {
		if f.err != nil {
			return f.err
		}
	}
	return nil
}

func (c *Client) updateUser(ctx context.Context, s Store, a sip.Addr, fields []userField, res *UserUpdateResponse) error {
	found, err := s.User(ctx, a)
	if err != nil {
		return noUser(err, a)
	}
	u := found
	if err := c.provision(ctx, s, &u); err != nil {
		return err
	}
	adopted, permitted := u != found, u.PermittedCalls
	for _, f := range fields {
		if f.localOnly && u.Type != Local {
			return badParameter("%s: %s is a remote user, which has no such field", f.name, a)
		}
		if f.checkFor != nil {
			if err := f.checkFor(u); err != nil {
				return err
			}
		}
		f.store(&u)
		if f.store(&found) {
			res.Updated = append(res.Updated, f.name)
		} else {
			res.Skipped = append(res.Skipped, f.name)
		}
	}
	if len(res.Updated) == 0 && !adopted {
		return nil
	}
	if err := s.SetUser(ctx, u); err != nil {
		return noUser(err, a)
	}
	return updateGroups(ctx, s, a, permitted, u.PermittedCalls)
}

// updateGroups applies a change of permittedcalls to Kamailio's grp table. Names there that were
// not in the old text belong to another tool and stay.
func updateGroups(ctx context.Context, s Store, a sip.Addr, before, after string) error {
	if before == after {
		return nil
	}
	names, err := s.Groups(ctx, a)
	if err != nil {
		return err
	}
	old := groupNames(before)
	names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(old, n) })
	return s.SetGroups(ctx, a, sortedSet(append(names, groupNames(after)...)))
}

// UserPermissionsRequest asks for a local user's permissions, or sets them.
type UserPermissionsRequest struct {
	User sip.Addr `form:"user*,required" json:"user"`
	// Permissions are the new names. If absent, the present ones are returned; if empty, they are
	// cleared. A name has 1 to 64 characters, no comma and no blank. Together, with commas, they have
	// at most 128.
	Permissions Opt[[]string] `form:"permissions" json:"permissions,omitzero"`
}

// Check implements [Request].
func (r UserPermissionsRequest) Check(malformed ...string) error {
	if err := needAddr("user", r.User, malformed); err != nil {
		return err
	}
	names := r.names()
	for _, n := range names {
		if !isGroupName(n) {
			return badParameter("permissions: %q: want names of 1 to %d characters without blanks, separated by commas", n, groupMax)
		}
	}
	return checkText("permissions", strings.Join(names, ","), textMax)
}

func (r UserPermissionsRequest) names() []string { return sortedSet(slices.Clone(r.Permissions.Value)) }

func (r UserPermissionsRequest) needs(Actor) Capability {
	if r.Permissions.Set {
		return CanWrite
	}
	return CanRead
}

// UserPermissionsResponse has the names in order.
type UserPermissionsResponse struct {
	User        sip.Addr `json:"user"`
	Permissions []string `json:"permissions"`
}

// UserPermissions returns the names that Kamailio's group module finds for a local user, those of
// other tools included; or it makes the given names the only ones, there and in PermittedCalls,
// which needs CanWrite. Causes: NotFound.
func (c *Client) UserPermissions(ctx context.Context, req UserPermissionsRequest) (UserPermissionsResponse, error) {
	return call(ctx, c, "user/permissions", req, (*Client).userPermissions)
}

func (c *Client) userPermissions(ctx context.Context, req UserPermissionsRequest) (res UserPermissionsResponse, err error) {
	names := req.names()
	if req.Permissions.Set {
		err = c.change(ctx, "user/permissions", &req, userLocks(req.User), func(s Store) error {
			if req.User, err = namedUser(ctx, s, req.User); err != nil {
				return err
			}
			return c.setPermissions(ctx, s, req.User, names)
		})
	} else if req.User, err = namedUser(ctx, c.store, req.User); err == nil {
		names, err = permissions(ctx, c.store, req.User)
	}
	if err != nil {
		return res, err
	}
	return UserPermissionsResponse{User: req.User, Permissions: append([]string{}, names...)}, nil
}

func permissions(ctx context.Context, s Store, a sip.Addr) ([]string, error) {
	u, err := s.User(ctx, a)
	if err != nil {
		return nil, noUser(err, a)
	}
	if err := needLocal(u); err != nil {
		return nil, err
	}
	return s.Groups(ctx, a)
}

func (c *Client) setPermissions(ctx context.Context, s Store, a sip.Addr, names []string) error {
	_, err := c.changeUser(ctx, s, a, func(u *User) error {
		u.PermittedCalls = strings.Join(names, ",")
		return needLocal(*u)
	})
	if err != nil {
		return err
	}
	return s.SetGroups(ctx, a, names)
}
