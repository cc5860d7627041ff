package hermes

import (
	"context"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// PhoneGetRequest names a phone or a user, exactly one of them.
type PhoneGetRequest struct {
	MAC  mac.Addr `form:"mac" json:"mac,omitzero"`
	User sip.Addr `form:"user*" json:"user,omitzero"`
}

// PhoneGetResponse has the addresses of the phone's users, or the MACs of the user's phones.
type PhoneGetResponse struct {
	List []string `json:"list"`
}

// PhoneGet returns what a phone or a user is associated with. Causes: NotFound where that is nothing.
func (c *Client) PhoneGet(ctx context.Context, req PhoneGetRequest) (res PhoneGetResponse, err error) {
	defer wrap(&err, "phone/get")
	if err = c.allow("phone/get"); err != nil {
		return res, err
	}
	if req.MAC.IsZero() == req.User.IsZero() {
		return res, badParameter("want either mac or user")
	}
	if req.User.IsZero() {
		res.List, err = texts(c.store.PhoneUsers(ctx, req.MAC))
	} else {
		res.List, err = texts(c.store.UserPhones(ctx, req.User))
	}
	if err == nil && len(res.List) == 0 {
		err = failed(NotFound, "no phone is associated with that")
	}
	return res, err
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
	Limit  int     `form:"limit" json:"limit,omitzero"`   // 0: all
	After  string  `form:"after" json:"after,omitzero"`   // List.Next of the page before
}

// PhoneListResponse has the MACs, each once, in order.
type PhoneListResponse struct {
	List *List[mac.Addr] `json:"list"`
}

// PhoneList lists the phones that have users.
func (c *Client) PhoneList(ctx context.Context, req PhoneListRequest) (res PhoneListResponse, err error) {
	defer wrap(&err, "phone/list")
	if err = c.allow("phone/list"); err != nil {
		return res, err
	}
	if err = checkLimit(req.Limit); err != nil {
		return res, err
	}
	from, err := tokenValue(req.After, mac.Parse)
	if err != nil {
		return res, err
	}
	res.List, err = newList(ctx, "phone/list", req.Limit, from,
		func(ctx context.Context, after mac.Addr, n int) ([]mac.Addr, error) {
			return c.store.Phones(ctx, PhoneQuery{Match: req.Search, After: after, Limit: n})
		},
		func(m mac.Addr) string { return pageToken(m.String()) })
	return res, err
}

// tokenValue reads a page token of one field with that field's own parser; "" is the zero value.
func tokenValue[T any](token string, parse func(string) (T, error)) (T, error) {
	var zero T
	fields, err := parsePageToken(token, 1)
	if err != nil || fields == nil {
		return zero, err
	}
	v, err := parse(fields[0])
	if err != nil {
		return zero, badParameter("after: want the value of next from the page before")
	}
	return v, nil
}

// PhoneAddRequest names a phone and a user.
type PhoneAddRequest struct {
	MAC  mac.Addr `form:"mac,required" json:"mac"`
	User sip.Addr `form:"user*,required" json:"user"`
}

// PhoneAddResponse has both.
type PhoneAddResponse struct {
	MAC      mac.Addr   `json:"mac"`
	Username string     `json:"username"`
	Domain   sip.Domain `json:"domain"`
}

// PhoneAdd associates a phone with a user. Causes: NotFound (no such user), Exists.
func (c *Client) PhoneAdd(ctx context.Context, req PhoneAddRequest) (res PhoneAddResponse, err error) {
	defer wrap(&err, "phone/add")
	if err = c.allow("phone/add"); err != nil {
		return res, err
	}
	if err = needPhone(req.MAC, req.User); err != nil {
		return res, err
	}
	err = c.store.Tx(ctx, func(s Store) error {
		if _, err := s.User(ctx, req.User); err != nil {
			return noUser(err, req.User)
		}
		return taken(s.AddPhone(ctx, Phone(req)), "the phone %s is associated with %s already", req.MAC, req.User)
	})
	return PhoneAddResponse{req.MAC, req.User.User(), req.User.Domain()}, err
}

func needPhone(m mac.Addr, a sip.Addr) error {
	if m.IsZero() {
		return badParameter("mac: missing; want a MAC address")
	}
	return needAddr("user", a)
}

// PhoneRemoveRequest names a phone and a user.
type PhoneRemoveRequest struct {
	MAC  mac.Addr `form:"mac,required" json:"mac"`
	User sip.Addr `form:"user*,required" json:"user"`
}

// PhoneRemoveResponse has both.
type PhoneRemoveResponse struct {
	MAC      mac.Addr   `json:"mac"`
	Username string     `json:"username"`
	Domain   sip.Domain `json:"domain"`
}

// PhoneRemove ends the association of a phone with a user. Causes: NotFound.
func (c *Client) PhoneRemove(ctx context.Context, req PhoneRemoveRequest) (res PhoneRemoveResponse, err error) {
	defer wrap(&err, "phone/remove")
	if err = c.allow("phone/remove"); err != nil {
		return res, err
	}
	if err = needPhone(req.MAC, req.User); err != nil {
		return res, err
	}
	err = missing(c.store.RemovePhone(ctx, Phone(req)), "the phone %s is not associated with %s", req.MAC, req.User)
	return PhoneRemoveResponse{req.MAC, req.User.User(), req.User.Domain()}, err
}
