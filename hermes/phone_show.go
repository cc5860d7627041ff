package hermes

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// AutoVendor is what PhoneSetRequest.Vendor says of a phone whose vendor is to be known by what the
// phone says of itself, and PhoneShowResponse.Vendor of one whose vendor is not known.
const AutoVendor = "auto"

// Enrolment says whether the key of a domain opens the file of a phone.
type Enrolment string

const (
	EnrolmentOpen   Enrolment = "open"   // that of each of its users' domains does
	EnrolmentClosed Enrolment = "closed" // only the phone's own key does
)

// PhoneShowRequest names a phone.
type PhoneShowRequest struct {
	MAC mac.Addr `form:"mac,required" json:"mac"`
}

// Check implements [Request].
func (r PhoneShowRequest) Check(malformed ...string) error { return needMAC(r.MAC, malformed) }

// ShownLine is a line of a phone.
type ShownLine struct {
	Line        int      `json:"line"`
	User        sip.Addr `json:"user"`
	DisplayName string   `json:"displayname"`
}

// PhoneShowResponse has what is known of a phone.
type PhoneShowResponse struct {
	MAC mac.Addr `json:"mac"`
	// Vendor is the one that was set with PhoneSet or, without that, what the phone said of itself or,
	// before that, what the MAC address says. It is AutoVendor if none of them is known.
	Vendor string `json:"vendor"`
	// Model and Firmware are as the phone said of itself. They are empty if it has not got a file yet.
	Model     string      `json:"model"`
	Firmware  string      `json:"firmware"`
	Lines     []ShownLine `json:"lines"`
	Enrolment Enrolment   `json:"enrolment"`
	OpenUntil time.Time   `json:"open_until,omitzero"` // zero unless it is open
	Note      string      `json:"note"`
	// LastSeen and LastAddress are of the last delivery of secrets.
	LastSeen    time.Time `json:"last_seen,omitzero"` // zero if there was none
	LastAddress string    `json:"last_address"`
	// URL is the address where the phone gets its files. It is absent if the phone has no key of its
	// own, or none of its lines is of a domain with servers.
	URL Opt[Secret] `json:"url,omitzero"`
	// Detail names the lines that the files of the vendor cannot have. It is empty if there are none.
	Detail   string   `json:"detail,omitempty"`
	Redacted []string `json:"redacted,omitempty"` // secrets that the actor may not see
}

// PhoneShow returns what is known of a phone. Causes: NotFound.
func (c *Client) PhoneShow(ctx context.Context, req PhoneShowRequest) (res PhoneShowResponse, err error) {
	defer wrap(&err, "phone/show")
	if err = c.precheck(ctx, "phone/show", req); err != nil {
		return res, err
	}
	p, err := c.phone(ctx, c.store, req.MAC)
	if err != nil {
		return res, err
	}
	return c.shownPhone(req.MAC, p)
}

// shownPhone returns p as the actor may see it.
func (c *Client) shownPhone(m mac.Addr, p Provisioning) (PhoneShowResponse, error) {
	d := p.Device
	res := PhoneShowResponse{
		MAC: m, Vendor: c.vendorOf(m, d), Model: d.Said.Model, Firmware: d.Said.Firmware, Lines: []ShownLine{},
		Enrolment: EnrolmentClosed, Note: d.Note, LastSeen: d.LastSeen, LastAddress: d.LastAddress,
	}
	for _, l := range p.Lines {
		res.Lines = append(res.Lines, ShownLine{Line: l.Line, User: l.User.Address, DisplayName: l.User.DisplayName})
	}
	res.Detail = linesLeftOut(res.Vendor, p.Lines)
	setDefault(&res.Vendor, AutoVendor)
	if d.isOpen(c.now()) {
		res.Enrolment, res.OpenUntil = EnrolmentOpen, d.OpenUntil
	}
	url, err := c.phoneURL(p)
	if err != nil || url.IsZero() {
		return res, err
	}
	if !c.actor.Access.Allows(CanSeeSecrets) {
		res.Redacted = []string{"url"}
		return res, nil
	}
	res.URL = Some(url)
	return res, nil
}

// linesLeftOut says which lines the files of a vendor cannot have, or returns "". Of a vendor that
// is not known it takes the most that any vendor has.
func linesLeftOut(vendor string, lines []PhoneLine) string {
	most := MaxVendorLines(vendor)
	setDefault(&most, MaxLines)
	var out []string
	for _, l := range lines {
		if l.Line > most {
			out = append(out, strconv.Itoa(l.Line))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return fmt.Sprintf("the phone does not get the lines above %d, which its file cannot have: %s", most, strings.Join(out, ", "))
}
