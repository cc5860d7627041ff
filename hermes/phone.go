package hermes

import (
	"context"
	"slices"
	"strings"

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
		var users []sip.Addr
		users, err = c.phoneUsers(ctx, req.MAC)
		res.List = texts(users, func(u sip.Addr) string { return u.String() })
	} else if req.User, err = namedPhoneUser(ctx, c.store, req.User); err == nil {
		var phones []Phone
		phones, err = c.store.UserPhones(ctx, req.User)
		res.List = texts(phones, func(p Phone) string { return p.MAC.String() })
	}
	if err == nil && len(res.List) == 0 {
		err = firstError(checkMAC("mac", req.MAC), failed(NotFound, "no phone is associated with that"))
	}
	return res, err
}

// phoneUsers returns the users of a phone that are within the actor's scope, in the order of lines.
func (c *Client) phoneUsers(ctx context.Context, m mac.Addr) (users []sip.Addr, err error) {
	lines, err := c.store.PhoneLines(ctx, m)
	for _, p := range lines {
		if c.actor.Scope.HasDomain(p.User.Domain()) {
			users = append(users, p.User)
		}
	}
	return users, err
}

// texts returns a text for each of values.
func texts[T any](values []T, text func(T) string) []string {
	all := make([]string, 0, len(values))
	for _, v := range values {
		all = append(all, text(v))
	}
	return all
}

// PhoneListRequest asks for phones.
type PhoneListRequest struct {
	Search Pattern `form:"search" json:"search,omitzero"` // against the 12 lower-case hex digits
	Limit  int     `form:"limit" json:"limit,omitzero"`   // 0 means all
	After  string  `form:"after" json:"after,omitzero"`   // List.Next of the page before
}

// Check implements [Request].
func (r PhoneListRequest) Check(...string) error {
	_, err := tokenValue(r.After, mac.Unchecked)
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
	start, err := tokenValue(req.After, mac.Unchecked)
	if err != nil {
		return res, err
	}
	page := longPages(c, req.Limit, func(s Store) pageFunc[mac.Addr] {
		return func(ctx context.Context, after mac.Addr, n int) ([]mac.Addr, error) {
			return s.Phones(ctx, PhoneQuery{Match: req.Search, Scope: c.actor.Scope, After: after, Limit: n})
		}
	})
	res.List, err = newList(ctx, c, "phone/list", req.Limit, start, scanPages(c, req.Search.scans(), page),
		func(m mac.Addr) string { return pageToken(m.String()) },
		func(mac.Addr) int { return 0 })
	return res, err
}

// PhoneAddRequest names a phone and a user.
type PhoneAddRequest struct {
	MAC  mac.Addr `form:"mac,required" json:"mac"`
	User sip.Addr `form:"user*,required" json:"user"`
	// Line is the line of the phone that the user gets, from 1 to MaxLines. If absent, it is the
	// lowest free one.
	Line Opt[int] `form:"line" json:"line,omitzero"`
}

// Check implements [Request].
func (r PhoneAddRequest) Check(malformed ...string) error {
	return firstError(needMAC(r.MAC, malformed), needAddr("user", r.User, malformed), checkLine(r.Line))
}

// needMAC wants the address of a phone, and of no group.
func needMAC(m mac.Addr, malformed []string) error {
	return firstError(needStoredMAC(m, malformed), checkMAC("mac", m))
}

// needStoredMAC wants what may be the address of a phone that was added before those of groups were
// refused.
func needStoredMAC(m mac.Addr, malformed []string) error {
	if !given("mac", m, malformed) {
		return badParameter("mac: missing; want a MAC address")
	}
	return nil
}

// checkMAC refuses an address that no device has, with the error of [mac.Parse]. It accepts the
// zero address.
func checkMAC(name string, m mac.Addr) error {
	if m.IsZero() || m.Valid() {
		return nil
	}
	_, err := mac.Parse(m.String())
	return failed(Malformed, "%s: %s", name, strings.TrimPrefix(err.Error(), "mac: "))
}

func checkLine(line Opt[int]) error {
	if line.Set && (line.Value < 1 || line.Value > MaxLines) {
		return badParameter("line %d: want a number from 1 to %d", line.Value, MaxLines)
	}
	return nil
}

// PhoneAddResponse has the association.
type PhoneAddResponse struct {
	MAC      mac.Addr   `json:"mac"`
	Username string     `json:"username"`
	Domain   sip.Domain `json:"domain"`
	Line     int        `json:"line"`
}

// PhoneAdd associates a phone with a user, who gets a line of it. A phone may have several users,
// and a user several phones. Causes: NotFound (no such user), Exists (the phone has this user
// already, or the line is another user's), Rejected (all lines are taken), Forbidden (also if the
// phone has a user outside of the actor's scope).
func (c *Client) PhoneAdd(ctx context.Context, req PhoneAddRequest) (PhoneAddResponse, error) {
	return call(ctx, c, "phone/add", req, (*Client).phoneAdd)
}

func (c *Client) phoneAdd(ctx context.Context, req PhoneAddRequest) (res PhoneAddResponse, err error) {
	err = c.change(ctx, "phone/add", &req, []Lock{LockAddr(req.User), LockPhone(req.MAC)}, func(s Store) error {
		var err error
		if req.User, err = namedUser(ctx, s, req.User); err != nil {
			return err
		}
		res.Line, err = c.addPhone(ctx, s, Phone{MAC: req.MAC, User: req.User, Line: req.Line.Value})
		return err
	})
	res.MAC, res.Username, res.Domain = req.MAC, sip.Spell(req.User.User()), req.User.Domain()
	return res, err
}

// addPhone stores an association, in a transaction with [LockPhone] and [LockAddr], and returns its
// line, which is the lowest free one if p.Line is 0.
func (c *Client) addPhone(ctx context.Context, s Store, p Phone) (line int, err error) {
	site, err := s.PhoneSite(ctx, p)
	if err != nil {
		return 0, err
	}
	if err := c.needLinesInScope(site.Lines); err != nil {
		return 0, err
	}
	if !site.IsUser {
		return 0, noUser(NotFound, p.User)
	}
	if err := needLineFree(site.Lines, p); err != nil {
		return 0, err
	}
	if p.Line == 0 {
		p.Line = freeLine(site.Lines)
	}
	if p.Line == 0 {
		return 0, failed(Rejected, "all %d lines of the phone %s are taken", MaxLines, p.MAC)
	}
	device, err := c.deviceWith(site, p)
	if err != nil {
		return 0, err
	}
	return p.Line, s.AddPhone(ctx, p, device)
}

// needLineFree wants none of the lines of a phone to have the user or the line of a new one.
func needLineFree(lines []Phone, p Phone) error {
	for _, l := range lines {
		if l.User == p.User {
			return failed(Exists, "the phone %s is associated with %s already, on line %d", p.MAC, p.User, l.Line)
		}
	}
	if slices.ContainsFunc(lines, func(l Phone) bool { return l.Line == p.Line }) {
		return failed(Exists, "line %d of the phone %s is taken", p.Line, p.MAC)
	}
	return nil
}

// freeLine returns the lowest line that is not among lines, which are in order, or 0 if there is
// none.
func freeLine(lines []Phone) int {
	free := 1
	for _, p := range lines {
		if p.Line > free {
			break
		}
		free = p.Line + 1
	}
	if free > MaxLines {
		return 0
	}
	return free
}

// PhoneRemoveRequest names a phone and a user.
type PhoneRemoveRequest struct {
	MAC  mac.Addr `form:"mac,required" json:"mac"`
	User sip.Addr `form:"user*,required" json:"user"`
}

// Check implements [Request].
func (r PhoneRemoveRequest) Check(malformed ...string) error {
	return firstError(needStoredMAC(r.MAC, malformed), needAddr("user", r.User, malformed))
}

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
	// phone/add decides by whether the phone has users.
	locks := []Lock{LockPhone(req.MAC)}
	if !req.User.Valid() {
		locks = append(locks, LockAddr(req.User))
	}
	err = c.change(ctx, "phone/remove", &req, locks, func(s Store) error {
		err := c.needPhoneInScope(ctx, s, req.MAC)
		if err != nil {
			return err
		}
		if req.User, err = namedPhoneUser(ctx, s, req.User); err != nil {
			return err
		}
		_, err = s.RemovePhone(ctx, Phone{MAC: req.MAC, User: req.User})
		if err == error(NotFound) {
			err = firstError(checkMAC("mac", req.MAC), err)
		}
		return missing(err, "the phone %s is not associated with %s", req.MAC, req.User)
	})
	return PhoneRemoveResponse{MAC: req.MAC, Username: sip.Spell(req.User.User()), Domain: req.User.Domain()}, err
}
