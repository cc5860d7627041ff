package hermes

import (
	"context"
	"slices"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// PhoneGetRequest names a phone or a user, exactly one of them.
type PhoneGetRequest struct {
	MAC  mac.Addr `form:"mac" scope:"narrowed" json:"mac,omitzero"`
	User sip.Addr `form:"user*" json:"user,omitzero"`
}

// Check implements [Request].
func (r PhoneGetRequest) Check(malformed ...string) error {
	if given("mac", r.MAC, malformed) == given("user", r.User, malformed) {
		return badParameter("want either mac or user")
	}
	return nil
}

// PhoneGetResponse has the addresses of the phone's users, or the MAC addresses of the user's
// phones.
type PhoneGetResponse struct {
	List []string `json:"list"`
}

// PhoneGet returns the users of a phone that are within the actor's scope, or the phones of a user.
// Causes: NotFound if there are none.
func (c *Client) PhoneGet(ctx context.Context, req PhoneGetRequest) (res PhoneGetResponse, err error) {
	defer wrap(&err, "phone/get")
	if err = c.precheck(ctx, "phone/get", req); err != nil {
		return res, err
	}
	if req.User.IsZero() {
		res.List, err = texts(c.phoneUsers(ctx, req.MAC))
	} else if req.User, err = namedPhoneUser(ctx, c.store, req.User); err == nil {
		res.List, err = texts(c.store.UserPhones(ctx, req.User))
	}
	if err == nil && len(res.List) == 0 {
		err = failed(NotFound, "no phone is associated with that")
	}
	return res, err
}

// phoneUsers returns the users of a phone that are within the actor's scope.
func (c *Client) phoneUsers(ctx context.Context, m mac.Addr) ([]sip.Addr, error) {
	users, err := c.store.PhoneUsers(ctx, m)
	return slices.DeleteFunc(users, func(u sip.Addr) bool { return !c.actor.Scope.HasDomain(u.Domain()) }), err
}

func texts[T interface{ String() string }](values []T, err error) ([]string, error) {
	out := make([]string, 0, len(values))
	for _, v := range values {
		out = append(out, v.String())
	}
	return out, err
}

// PhoneListRequest asks for phones.
type PhoneListRequest struct {
	Search Pattern `form:"search" json:"search,omitzero"` // against the 12 lower-case hex digits
	Limit  int     `form:"limit" json:"limit,omitzero"`   // 0 means all
	After  string  `form:"after" json:"after,omitzero"`   // List.Next of the page before
}

// Check implements [Request].
func (r PhoneListRequest) Check(...string) error {
	_, err := tokenValue(r.After, mac.Parse)
	return firstError(checkLimit(r.Limit), err)
}

// PhoneListResponse has the MAC addresses in order, each once.
type PhoneListResponse struct {
	List *List[mac.Addr] `json:"list"`
}

// PhoneList lists the phones that have users.
func (c *Client) PhoneList(ctx context.Context, req PhoneListRequest) (res PhoneListResponse, err error) {
	defer wrap(&err, "phone/list")
	if err = c.precheck(ctx, "phone/list", req); err != nil {
		return res, err
	}
	start, err := tokenValue(req.After, mac.Parse)
	if err != nil {
		return res, err
	}
	page := func(ctx context.Context, after mac.Addr, n int) ([]mac.Addr, error) {
		return c.store.Phones(ctx, PhoneQuery{Match: req.Search, Scope: c.actor.Scope, After: after, Limit: n})
	}
	res.List, err = newList(ctx, c, "phone/list", req.Limit, start, scanPages(c, req.Search.scans(), page),
		func(m mac.Addr) string { return pageToken(m.String()) },
		func(mac.Addr) int { return 0 })
	return res, err
}

// PhoneAddRequest names a phone and a user.
type PhoneAddRequest struct {
	MAC  mac.Addr `form:"mac,required" json:"mac"`
	User sip.Addr `form:"user*,required" json:"user"`
}

// Check implements [Request].
func (r PhoneAddRequest) Check(malformed ...string) error { return checkPhone(Phone(r), malformed) }

func checkPhone(p Phone, malformed []string) error {
	if !given("mac", p.MAC, malformed) {
		return badParameter("mac: missing; want a MAC address")
	}
	return needAddr("user", p.User, malformed)
}

// PhoneAddResponse has both.
type PhoneAddResponse struct {
	MAC      mac.Addr   `json:"mac"`
	Username string     `json:"username"`
	Domain   sip.Domain `json:"domain"`
}

// PhoneAdd associates a phone with a user. A phone may have several users, and a user several
// phones. Causes: NotFound (no such user), Exists (the phone has this user already), Forbidden
// (also if the phone has a user outside of the actor's scope).
func (c *Client) PhoneAdd(ctx context.Context, req PhoneAddRequest) (PhoneAddResponse, error) {
	return call(ctx, c, "phone/add", req, (*Client).phoneAdd)
}

func (c *Client) phoneAdd(ctx context.Context, req PhoneAddRequest) (res PhoneAddResponse, err error) {
	err = c.change(ctx, "phone/add", &req, []Lock{LockAddr(req.User), LockPhone(req.MAC)}, func(s Store) error {
		var err error
		if req.User, err = namedUser(ctx, s, req.User); err != nil {
			return err
		}
		return c.addPhone(ctx, s, Phone(req))
	})
	return PhoneAddResponse{MAC: req.MAC, Username: sip.Spell(req.User.User()), Domain: req.User.Domain()}, err
}

// addPhone stores an association, in a transaction with [LockPhone] and [LockAddr].
func (c *Client) addPhone(ctx context.Context, s Store, p Phone) error {
	if err := c.needPhoneInScope(ctx, s, p.MAC); err != nil {
		return err
	}
	if _, err := s.User(ctx, p.User); err != nil {
		return noUser(err, p.User)
	}
	return taken(s.AddPhone(ctx, p), "the phone %s is associated with %s already", p.MAC, p.User)
}

// PhoneRemoveRequest names a phone and a user.
type PhoneRemoveRequest struct {
	MAC  mac.Addr `form:"mac,required" json:"mac"`
	User sip.Addr `form:"user*,required" json:"user"`
}

// Check implements [Request].
func (r PhoneRemoveRequest) Check(malformed ...string) error { return checkPhone(Phone(r), malformed) }

// PhoneRemoveResponse has both.
type PhoneRemoveResponse struct {
	MAC      mac.Addr   `json:"mac"`
	Username string     `json:"username"`
	Domain   sip.Domain `json:"domain"`
}

// PhoneRemove ends the association of a phone with a user. Causes: NotFound.
func (c *Client) PhoneRemove(ctx context.Context, req PhoneRemoveRequest) (PhoneRemoveResponse, error) {
	return call(ctx, c, "phone/remove", req, (*Client).phoneRemove)
}

func (c *Client) phoneRemove(ctx context.Context, req PhoneRemoveRequest) (res PhoneRemoveResponse, err error) {
	err = c.changeNamed(ctx, "phone/remove", &req, req.User, func(s Store) error {
		var err error
		if req.User, err = namedPhoneUser(ctx, s, req.User); err != nil {
			return err
		}
		return missing(s.RemovePhone(ctx, Phone(req)), "the phone %s is not associated with %s", req.MAC, req.User)
	})
	return PhoneRemoveResponse{MAC: req.MAC, Username: sip.Spell(req.User.User()), Domain: req.User.Domain()}, err
}
