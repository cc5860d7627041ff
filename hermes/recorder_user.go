package hermes

import (
	"context"
	"slices"

	"github.com/hermes-voip/go-hermes/sip"
)

// User implements [Store].
func (r *recorder) User(ctx context.Context, a sip.Addr) (User, error) {
	return r.users.read(a, func() (User, error) { return r.Store.User(ctx, a) })
}

// AddUser implements [Store].
func (r *recorder) AddUser(ctx context.Context, u User) error {
	err := r.Store.AddUser(ctx, u)
	if err == nil {
		r.noteUser(User{}, u)
	}
	return err
}

// AddLocalUser implements [Store].
func (r *recorder) AddLocalUser(ctx context.Context, u User) (UserSite, error) {
	site, err := r.Store.AddLocalUser(ctx, u)
	if err == nil {
		u.Registrar, u.RPort = site.Servers.Registrar, site.Servers.RPort
		u.Proxy, u.PPort = site.Servers.Proxy, site.Servers.PPort
		r.noteUser(User{}, u)
		r.groups.set(u.Address, nil)
	}
	return site, err
}

// SetUser implements [Store].
func (r *recorder) SetUser(ctx context.Context, u User) error {
	return r.setUser(ctx, u, r.Store.SetUser)
}

// SetProvisioning implements [Store].
func (r *recorder) SetProvisioning(ctx context.Context, u User) error {
	return r.setUser(ctx, u, r.Store.SetProvisioning)
}

func (r *recorder) setUser(ctx context.Context, u User, set func(context.Context, User) error) error {
	before, _, err := r.users.old(u.Address, func() (User, error) { return r.Store.User(ctx, u.Address) })
	if err != nil {
		return err
	}
	if err := set(ctx, u); err != nil {
		return err
	}
	r.noteUser(before, u)
	return nil
}

// RemoveUser implements [Store].
func (r *recorder) RemoveUser(ctx context.Context, a sip.Addr) (Removed, error) {
	removed, err := r.Store.RemoveUser(ctx, a)
	if err != nil {
		return removed, err
	}
	r.noteUser(removed.User, User{})
	r.noteGroups(a, removed.Groups, nil)
	r.users.forget(a)
	r.groups.forget(a)
	return removed, nil
}

// RenameUser implements [Store]. The password is the same, though its hashes are not.
func (r *recorder) RenameUser(ctx context.Context, from sip.Addr, u User) (Moved, error) {
	before, _, err := r.users.old(from, func() (User, error) { return r.Store.User(ctx, from) })
	if err != nil {
		return Moved{}, err
	}
	moved, err := r.Store.RenameUser(ctx, from, u)
	if err != nil {
		return moved, err
	}
	r.log.note(userRecord, addrText(from), userFields(before), userFields(u), addrText(u.Address))
	for _, p := range moved.Phones {
		r.notePhone(phoneFields, nil, Phone{MAC: p.MAC, User: from, Line: p.Line})
		r.notePhone(nil, phoneFields, p)
	}
	for _, a := range moved.Aliases {
		r.noteAlias(aliasFields, nil, Alias{Alias: a, Destination: from})
		r.noteAlias(nil, aliasFields, Alias{Alias: a, Destination: u.Address})
	}
	for _, a := range []sip.Addr{from, u.Address} {
		r.users.forget(a)
		r.groups.forget(a)
	}
	return moved, nil
}

// noteUser notes that a user was before, and is after; the zero User is none.
func (r *recorder) noteUser(before, after User) {
	u := after
	if u.Address.IsZero() {
		u = before
	}
	name := addrText(u.Address)
	r.log.note(userRecord, name,
		fieldsIf(!before.Address.IsZero(), userFields(before)), fieldsIf(!after.Address.IsZero(), userFields(after)))
	if !r.samePassword(before, after) {
		r.log.noteField(userRecord, name, "password", "", secretChanged)
	}
	r.users.set(u.Address, after)
}

// userFields returns the fields of a user that are no secrets.
func userFields(u User) []field {
	return []field{
		{"user", addrText(u.Address)}, {"type", string(u.Type)}, {"authid", u.AuthID},
		{"registrar", domainText(u.Registrar)}, {"r_port", portText(u.RPort)},
		{"proxy", domainText(u.Proxy)}, {"p_port", portText(u.PPort)},
		{"dialplan", u.Dialplan}, {"displayname", u.DisplayName}, {"linetext", u.LineText},
		{"email", u.Email}, {"rpid", u.RPID}, {"permittedcalls", u.PermittedCalls},
		{"suspended", suspendedText(u)}, {"suspended_reason", u.SuspendedReason},
	}
}

func suspendedText(u User) string {
	if u.Suspended == "" {
		return ""
	}
	return "true"
}

// samePassword reports whether two states of a user have the same password, in Kamailio's table and
// in Hermes' own. A password that is sealed anew stays the same; one that no key opens is taken for
// another one. A user that is suspended or resumed keeps the password.
func (c *Client) samePassword(before, after User) bool {
	before, err := c.active(before)
	if err != nil {
		return false
	}
	if after, err = c.active(after); err != nil {
		return false
	}
	if before.HA1 != after.HA1 || before.HA1B != after.HA1B || before.Clear != after.Clear {
		return false
	}
	if before.Sealed == after.Sealed {
		return true
	}
	was, opened := c.keys.open(before.Sealed, before.Address.String())
	is, reopened := c.keys.open(after.Sealed, after.Address.String())
	return opened && reopened && was == is
}

// Groups implements [Store]. The caller may change the names that it returns.
func (r *recorder) Groups(ctx context.Context, a sip.Addr) ([]string, error) {
	names, err := r.groups.read(a, func() ([]string, error) { return r.Store.Groups(ctx, a) })
	return slices.Clone(names), err
}

// SetGroups implements [Store].
func (r *recorder) SetGroups(ctx context.Context, a sip.Addr, names []string) error {
	before, _, err := r.groups.old(a, func() ([]string, error) { return r.Store.Groups(ctx, a) })
	if err != nil {
		return err
	}
	if err := r.Store.SetGroups(ctx, a, names); err != nil {
		return err
	}
	r.noteGroups(a, before, names)
	r.groups.set(a, slices.Clone(names))
	return nil
}

func (r *recorder) noteGroups(a sip.Addr, before, after []string) {
	r.log.noteField(userRecord, addrText(a), "permissions", listText(before), listText(after))
}
