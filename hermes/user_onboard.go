package hermes

import (
	"context"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// UserOnboardRequest describes a local user as [UserAddRequest] does, and what the user gets with
// it.
type UserOnboardRequest struct {
	User           sip.Addr `form:"user*,required" json:"user"`
	DisplayName    string   `form:"displayname" json:"displayname,omitzero"`
	Email          string   `form:"email" json:"email,omitzero"`
	AuthID         string   `form:"authid" json:"authid,omitzero"`
	Dialplan       string   `form:"dialplan" json:"dialplan,omitzero"`
	LineText       string   `form:"linetext" json:"linetext,omitzero"`
	RPID           string   `form:"rpid" json:"rpid,omitzero"`
	PermittedCalls string   `form:"permittedcalls" json:"permittedcalls,omitzero"`

	// MACs are the user's phones. One that is given twice counts once.
	MACs []mac.Addr `form:"macs" json:"macs,omitzero"`
	// Number, Search and Random say which number the user gets, as in [NumberAssignRequest]. If all
	// are zero, the user gets none.
	Number      e164.Number `form:"number" json:"number,omitzero"`
	Search      Pattern     `form:"search" json:"search,omitzero"`
	Random      bool        `form:"random" json:"random,omitzero"`
	AliasDomain sip.Domain  `form:"alias_domain" json:"alias_domain,omitzero"`
	// Permissions are names as in [UserPermissionsRequest]. If there are any, they take the place of
	// PermittedCalls.
	Permissions []string `form:"permissions" json:"permissions,omitzero"`
}

// Check implements [Request].
func (r UserOnboardRequest) Check(malformed ...string) error {
	var domainAlone error
	wanted := given("number", r.Number, malformed) || given("search", r.Search, malformed) || r.Random
	if !wanted && given("alias_domain", r.AliasDomain, malformed) {
		domainAlone = badParameter("alias_domain: want number, search or random with it")
	}
	var badMAC error
	for _, m := range r.MACs {
		if badMAC = firstError(badMAC, checkMAC("macs", m)); badMAC == nil && m.IsZero() {
			badMAC = failed(Malformed, "macs: an entry is empty; want MAC addresses, separated by commas")
		}
	}
	return firstError(badMAC, r.assign().Check(malformed...), r.permissions().Check(malformed...), domainAlone, r.add().Check(malformed...))
}

func (r UserOnboardRequest) scans() bool { return r.Search.scans() }

// add returns the part of the request that is one to add the user.
func (r UserOnboardRequest) add() UserAddRequest {
	add := UserAddRequest{
		User: r.User, DisplayName: r.DisplayName, Email: r.Email, AuthID: r.AuthID, Dialplan: r.Dialplan, LineText: r.LineText,
		RPID: r.RPID, PermittedCalls: r.PermittedCalls,
	}
	if names := r.permissions().names(); len(names) > 0 {
		add.PermittedCalls = strings.Join(names, ",") // of which addLocal makes the groups
	}
	return add
}

func (r UserOnboardRequest) permissions() UserPermissionsRequest {
	return UserPermissionsRequest{User: r.User, Permissions: Some(r.Permissions)}
}

// assign returns the part of the request that is one to assign a number.
func (r UserOnboardRequest) assign() NumberAssignRequest {
	return NumberAssignRequest{
		User: normalAddr(r.User), Number: r.Number, Search: r.Search, Random: r.Random, AliasDomain: r.AliasDomain,
	}
}

func (r UserOnboardRequest) wantsNumber() bool {
	return !r.Number.IsZero() || !r.Search.IsZero() || r.Random
}

// phones returns the associations of the user, in the order of the request.
func (r UserOnboardRequest) phones() (phones []Phone) {
	for _, m := range r.MACs {
		if p := (Phone{MAC: m, User: normalAddr(r.User)}); !slices.Contains(phones, p) {
			phones = append(phones, p)
		}
	}
	return phones
}

func (r UserOnboardRequest) locks() []Lock {
	locks := userLocks(normalAddr(r.User))
	for _, p := range r.phones() {
		locks = append(locks, LockPhone(p.MAC))
	}
	if r.wantsNumber() {
		locks = append(locks, LockPool().AsShared())
	}
	if !r.Number.IsZero() {
		locks = append(locks, LockNumber(r.Number))
	}
	return locks
}

// UserPhone is a phone of a user.
type UserPhone struct {
	MAC  mac.Addr `json:"mac"`
	Line int      `json:"line"` // that the user has
}

// UserOnboardResponse has the user, with the generated password, and what the user got.
type UserOnboardResponse struct {
	User   UserObject  `json:"user"`
	Phones []UserPhone `json:"phones"`
	Number e164.Number `json:"number,omitzero"` // zero if none was asked for
	Alias  sip.Addr    `json:"alias,omitzero"`  // that the number became
}

// UserOnboard makes a local user as [Client.UserAdd] does, associates phones with it as
// [Client.PhoneAdd] does, and assigns it a number as [Client.NumberAssign] does: all of that or
// nothing. Causes: those of these three.
func (c *Client) UserOnboard(ctx context.Context, req UserOnboardRequest) (UserOnboardResponse, error) {
	return call(ctx, c, "user/onboard", req, (*Client).userOnboard)
}

func (c *Client) userOnboard(ctx context.Context, req UserOnboardRequest) (res UserOnboardResponse, err error) {
	password, err := c.generatePassword()
	if err != nil {
		return res, err
	}
	u := req.add().user()
	if err = c.setPassword(&u, password); err != nil {
		return res, err
	}
	err = c.change(ctx, "user/onboard", &req, req.locks(), func(s Store) (err error) {
		res, err = c.onboard(ctx, s, req, &u)
		return err
	})
	if err != nil {
		return UserOnboardResponse{}, err
	}
	res.User, err = c.userObject(u, password)
	return res, err
}

func (c *Client) onboard(ctx context.Context, s Store, req UserOnboardRequest, u *User) (res UserOnboardResponse, err error) {
	if err := c.addLocal(ctx, s, u); err != nil {
		return res, err
	}
	res.Phones = []UserPhone{}
	for _, p := range req.phones() {
		line, err := c.addPhone(ctx, s, p)
		if err != nil {
			return res, err
		}
		res.Phones = append(res.Phones, UserPhone{MAC: p.MAC, Line: line})
	}
	if !req.wantsNumber() {
		return res, nil
	}
	assigned, err := c.assign(ctx, s, req.assign())
	res.Number, res.Alias = assigned.Number, assigned.Alias
	return res, err
}
