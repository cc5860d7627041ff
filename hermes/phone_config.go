package hermes

import (
	"context"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// PhoneConfigRequest names a phone.
type PhoneConfigRequest struct {
	MAC    mac.Addr `form:"mac,required" json:"mac"`
	File   string   `form:"file" json:"file,omitzero"`     // if empty, the one with secrets
	Vendor string   `form:"vendor" json:"vendor,omitzero"` // if empty or AutoVendor, the phone's
}

// Check implements [Request].
func (r PhoneConfigRequest) Check(malformed ...string) error {
	return firstError(needMAC(r.MAC, malformed), checkText("file", r.File, textMax), checkVendor(r.Vendor))
}

// PhoneConfigResponse has the file. The HTTP API answers it as plain text.
type PhoneConfigResponse struct {
	Config Secret `json:"config" wire:"text"`
}

// PhoneConfig returns the file that a phone gets by its own key. Causes: NotFound, NotConfigured
// (Options.PhoneFiles is nil), Rejected (no vendor is known, the vendor's phones have no such file,
// or a value cannot be in it).
func (c *Client) PhoneConfig(ctx context.Context, req PhoneConfigRequest) (res PhoneConfigResponse, err error) {
	defer wrap(&err, "phone/config")
	if err = c.precheck(ctx, "phone/config", req); err != nil {
		return res, err
	}
	p, err := c.phone(ctx, c.store, req.MAC)
	if err != nil {
		return res, err
	}
	files := c.opts.PhoneFiles
	if files == nil {
		return res, failed(NotConfigured, "this server makes no files for desk phones: it lacks Options.PhoneFiles")
	}
	vendor := req.Vendor
	if vendor == "" || vendor == AutoVendor {
		vendor = c.vendorOf(req.MAC, p.Device)
	}
	if vendor == "" {
		return res, failed(Rejected, "no vendor of the phone %s is known: want phone/set, or the parameter vendor", req.MAC)
	}
	setDefault(&req.File, files.File(vendor, req.MAC))
	content, err := c.phoneFile(req.MAC, p, sip.Domain{})
	if err != nil {
		return res, err
	}
	text, err := files.Render(vendor, req.File, content)
	if err != nil {
		return res, failed(Rejected, "%s", err)
	}
	return PhoneConfigResponse{Config: NewSecret(string(text))}, nil
}
