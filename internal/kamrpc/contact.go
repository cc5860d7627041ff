package kamrpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Contact is where an address of record is registered.
type Contact struct {
	Contact   string // the URI of the phone
	UserAgent string // empty if the phone did not say
	Received  string // where it really came from; empty if that is the Contact itself
	Expires   int    // in seconds; 0 if it has expired or does not expire
}

// lookup is the result of ul.lookup.
type lookup struct {
	Contacts []struct {
		Contact struct {
			Address   string
			Expires   json.RawMessage // a number, or a word such as "expired"
			UserAgent string          `json:"User-Agent"`
			Received  string
		}
	}
}

// Contacts returns the contacts that are registered under an address of record (user@domain), in
// the order of Kamailio. There may be none.
func (c *Client) Contacts(ctx context.Context, address string) ([]Contact, error) {
	result, err := c.Call(ctx, "ul.lookup", "location", address)
	if f, ok := errors.AsType[*Fault](err); ok && f.isNotFound() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found lookup
	if err := json.Unmarshal(result, &found); err != nil {
		return nil, fmt.Errorf("ul.lookup: %w: %.80q", err, result)
	}
	var contacts []Contact
	for _, entry := range found.Contacts {
		k := entry.Contact
		expires := 0
		_ = json.Unmarshal(k.Expires, &expires) // a word leaves it 0
		contacts = append(contacts, Contact{
			Contact: k.Address, UserAgent: unlessUnset(k.UserAgent), Received: unlessUnset(k.Received), Expires: expires,
		})
	}
	return contacts, nil
}

// Resync makes Kamailio send NOTIFY with "Event: check-sync" to a contact of an address of record:
// phones then fetch their configuration again. It does not wait for the answer of the phone.
func (c *Client) Resync(ctx context.Context, address string, to Contact) error {
	hop := to.Received
	if hop == "" {
		hop = "." // which stands for none: Kamailio sends to the URI
	}
	headers := "From: <sip:" + address + ">\r\nTo: <sip:" + address + ">\r\n" +
		"Event: check-sync\r\nSubscription-State: terminated\r\n"
	// The socket is chosen by Kamailio, and there is no body.
	_, err := c.Call(ctx, "tm.t_uac_start", "NOTIFY", to.Contact, hop, ".", headers, "")
	return err
}

// unlessUnset returns a text of Kamailio's, or "" if it stands for none.
func unlessUnset(text string) string {
	if text == "[not set]" {
		return ""
	}
	return text
}
