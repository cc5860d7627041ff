package hermes

import (
	"context"

	"github.com/hermes-voip/go-hermes/mac"
)

// PhoneResyncRequest names a phone.
type PhoneResyncRequest struct {
	MAC mac.Addr `form:"mac,required" json:"mac"`
}

// Check implements [Request].
func (r PhoneResyncRequest) Check(malformed ...string) error { return needMAC(r.MAC, malformed) }

// PhoneResyncResponse has the URIs of the contacts that were told, without those to which Kamailio
// could not send. There are none if no user of the phone is registered.
type PhoneResyncResponse struct {
	List []string `json:"list"`
}

// PhoneResync makes a phone fetch its configuration again: Kamailio sends NOTIFY with "Event:
// check-sync" to each registered contact of the phone's users, those at other phones included.
// Causes: NotFound (the phone has no users), NotConfigured (Options.Contacts or
// Options.ResyncContact is nil), Busy (Kamailio does not answer).
func (c *Client) PhoneResync(ctx context.Context, req PhoneResyncRequest) (res PhoneResyncResponse, err error) {
	defer wrap(&err, "phone/resync")
	if err = c.precheck(ctx, "phone/resync", req); err != nil {
		return res, err
	}
	lines, err := c.store.PhoneLines(ctx, req.MAC)
	if err != nil {
		return res, err
	}
	if len(lines) == 0 {
		return res, failed(NotFound, "there is no phone %s that has a user", req.MAC)
	}
	if c.opts.ResyncContact == nil {
		return res, errNoKamailio()
	}
	ctx, cancel := context.WithTimeout(ctx, contactsTimeout)
	defer cancel()
	told, fault := []string{}, error(nil)
	for _, line := range lines {
		u, err := c.store.User(ctx, line.User)
		if err == error(NotFound) { // another tool has removed it
			continue
		}
		if err != nil {
			return res, err
		}
		contacts, err := c.contactsOf(ctx, u)
		if err != nil {
			return res, err
		}
		for _, contact := range contacts {
			if err := c.opts.ResyncContact(ctx, u.Address, contact); err != nil {
				fault = errSilentKamailio(err)
				continue
			}
			told = append(told, contact.Contact)
		}
	}
	if len(told) == 0 && fault != nil {
		return res, fault
	}
	return PhoneResyncResponse{List: told}, nil
}
