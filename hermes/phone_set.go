package hermes

import (
	"context"

	"github.com/hermes-voip/go-hermes/mac"
)

// PhoneSetRequest names a phone, and has at least one thing that is to be known of it. What is
// empty stays as it is.
type PhoneSetRequest struct {
	MAC mac.Addr `form:"mac,required" json:"mac"`
	// Vendor is yealink, snom, poly, grandstream, grandstream2 or fanvil, or AutoVendor.
	Vendor string `form:"vendor" json:"vendor,omitzero"`
	Note   string `form:"note" json:"note,omitzero"` // at most 128 characters
}

// Check implements [Request].
func (r PhoneSetRequest) Check(malformed ...string) error {
	if err := needMAC(r.MAC, malformed); err != nil {
		return err
	}
	if r.Vendor == "" && r.Note == "" {
		return badParameter("want vendor or note")
	}
	return firstError(checkVendor(r.Vendor), checkText("note", r.Note, textMax))
}

// checkVendor accepts the name of a vendor, AutoVendor and an empty text.
func checkVendor(vendor string) error {
	if vendor == "" || vendor == AutoVendor || MaxVendorLines(vendor) > 0 {
		return nil
	}
	return badParameter("vendor %.40q: want yealink, snom, poly, grandstream, grandstream2, fanvil or auto", vendor)
}

// PhoneSetResponse has what is known of the phone now, as [Client.PhoneShow] returns it.
type PhoneSetResponse PhoneShowResponse

// PhoneSet says what a phone is. Causes: NotFound.
func (c *Client) PhoneSet(ctx context.Context, req PhoneSetRequest) (PhoneSetResponse, error) {
	return call(ctx, c, "phone/set", req, (*Client).phoneSet)
}

func (c *Client) phoneSet(ctx context.Context, req PhoneSetRequest) (res PhoneSetResponse, err error) {
	err = c.changeDevice(ctx, "phone/set", &req, req.MAC, func(p *Provisioning) error {
		switch req.Vendor {
		case "":
		case AutoVendor:
			p.Device.Vendor = ""
		default:
			p.Device.Vendor = req.Vendor
		}
		if req.Note != "" {
			p.Device.Note = req.Note
		}
		shown, err := c.shownPhone(req.MAC, *p)
		res = PhoneSetResponse(shown)
		return err
	})
	if err != nil {
		return PhoneSetResponse{}, err
	}
	return res, nil
}
