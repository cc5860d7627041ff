package hermes

import (
	"context"
	"time"

	"github.com/hermes-voip/go-hermes/sip"
)

// Contact is where a user is registered.
type Contact struct {
	Contact   string `json:"contact"` // the URI of the phone
	UserAgent string `json:"user_agent"`
	Received  string `json:"received"` // where it really came from, if that is another address
	Expires   int    `json:"expires"`  // in seconds
}

// UserContactsRequest names a user.
type UserContactsRequest struct {
	User sip.Addr `form:"user*,required" json:"user"`
}

// Check implements [Request].
func (r UserContactsRequest) Check(malformed ...string) error {
	return needAddr("user", r.User, malformed)
}

// UserContactsResponse has the contacts, none if the user is not registered.
type UserContactsResponse struct {
	List []Contact `json:"list"`
}

// contactsTimeout is how long the calls to Kamailio of a node may take together. Kamailio answers
// within milliseconds.
const contactsTimeout = 2 * time.Second

// UserContacts returns where a user is registered. Causes: NotFound, NotConfigured
// (Options.Contacts is nil), Busy (it failed: Kamailio does not answer).
func (c *Client) UserContacts(ctx context.Context, req UserContactsRequest) (res UserContactsResponse, err error) {
	defer wrap(&err, "user/contacts")
	if err = c.precheck(ctx, "user/contacts", req); err != nil {
		return res, err
	}
	u, err := c.user(ctx, req.User)
	if err != nil {
		return res, err
	}
	ctx, cancel := context.WithTimeout(ctx, contactsTimeout)
	defer cancel()
	contacts, err := c.contactsOf(ctx, u)
	if err != nil {
		return res, err
	}
	return UserContactsResponse{List: append([]Contact{}, contacts...)}, nil
}

// contactsOf returns where a user is registered, as far as this Kamailio knows. A remote user
// registers with another server.
func (c *Client) contactsOf(ctx context.Context, u User) ([]Contact, error) {
	if c.opts.Contacts == nil {
		return nil, errNoKamailio()
	}
	if u.Type != Local {
		return nil, nil
	}
	contacts, err := c.opts.Contacts(ctx, u.Address)
	if err != nil {
		return nil, errSilentKamailio(err)
	}
	return contacts, nil
}

func errNoKamailio() error {
	return failed(NotConfigured, "this server lacks the setting kamailio-rpc, by which Kamailio tells where users are registered")
}

func errSilentKamailio(err error) error {
	return &Error{Response: Failed, Cause: Busy, Detail: "Kamailio does not answer", Err: err}
}
