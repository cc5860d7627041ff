package hermes

import (
	"context"
	"time"

	"github.com/hermes-voip/go-hermes/mac"
)

const (
	defaultEnrolment = 24 * time.Hour
	longestEnrolment = 30 * day
)

// PhoneEnrolRequest names a phone.
type PhoneEnrolRequest struct {
	MAC mac.Addr `form:"mac,required" json:"mac"`
	TTL Duration `form:"ttl" json:"ttl,omitzero"` // up to 30 days; zero means 24 hours
}

// Check implements [Request].
func (r PhoneEnrolRequest) Check(malformed ...string) error {
	if err := needMAC(r.MAC, malformed); err != nil {
		return err
	}
	if time.Duration(r.TTL) > longestEnrolment || r.TTL < 0 {
		return badParameter("ttl %s: want at most 30d", time.Duration(r.TTL))
	}
	return nil
}

// PhoneEnrolResponse says until when the keys of domains open the phone's file.
type PhoneEnrolResponse struct {
	MAC       mac.Addr  `json:"mac"`
	OpenUntil time.Time `json:"open_until"`
}

// PhoneEnrol lets the keys of its users' domains open the file of a phone for a while, such as that
// of one that was reset or replaced. The file then tells the phone a new key of its own; the old
// one serves until the phone has used the new one. Causes: NotFound.
func (c *Client) PhoneEnrol(ctx context.Context, req PhoneEnrolRequest) (PhoneEnrolResponse, error) {
	return call(ctx, c, "phone/enrol", req, (*Client).phoneEnrol)
}

func (c *Client) phoneEnrol(ctx context.Context, req PhoneEnrolRequest) (res PhoneEnrolResponse, err error) {
	setDefault(&req.TTL, Duration(defaultEnrolment))
	err = c.changeDevice(ctx, "phone/enrol", &req, req.MAC, func(p *Provisioning) (err error) {
		if p.Device.Next, err = c.newProvKey(req.MAC.String()); err != nil {
			return err
		}
		p.Device.OpenUntil = c.now().Add(time.Duration(req.TTL)).Truncate(time.Microsecond)
		res = PhoneEnrolResponse{MAC: req.MAC, OpenUntil: p.Device.OpenUntil}
		return nil
	})
	if err != nil {
		return PhoneEnrolResponse{}, err
	}
	return res, nil
}
