package hermes

import (
	"context"
	"time"

	"github.com/hermes-voip/go-hermes/mac"
)

// phone returns what is known of a phone, if the actor may see that.
func (c *Client) phone(ctx context.Context, s Store, m mac.Addr) (Provisioning, error) {
	p, err := s.Provisioning(ctx, Hash{}, m)
	if err != nil {
		return p, err
	}
	if !p.isKnown() {
		return p, failed(NotFound, "there is no phone %s", m)
	}
	for _, l := range p.Lines {
		if !c.actor.Scope.HasDomain(l.User.Address.Domain()) {
			return p, foreignPhone(m)
		}
	}
	// What is known of a phone without users is its last owner's.
	if len(p.Lines) == 0 && !c.actor.Scope.HasDomain(p.Device.Domain) {
		return p, foreignPhone(m)
	}
	return p, nil
}

// isKnown reports whether there is such a phone.
func (p Provisioning) isKnown() bool { return !p.Device.MAC.IsZero() || len(p.Lines) > 0 }

// isOpen reports whether the key of a domain opens the file of the phone.
func (d Device) isOpen(now time.Time) bool { return now.Before(d.OpenUntil) }

// vendorOf returns the vendor of a phone, or "" if it is not known.
func (c *Client) vendorOf(m mac.Addr, d Device) string {
	vendor := d.Vendor
	setDefault(&vendor, d.Said.Vendor)
	if vendor == "" && c.opts.PhoneFiles != nil {
		vendor = c.opts.PhoneFiles.VendorOf(m)
	}
	return vendor
}

// MaxVendorLines returns how many lines the files of a vendor's phones can have, or 0 if there is
// no vendor of that name.
func MaxVendorLines(vendor string) int {
	switch vendor {
	case "yealink", "poly", "grandstream2", "fanvil":
		return MaxLines
	case "snom":
		return 12
	case "grandstream":
		return 6
	}
	return 0
}

// phoneURL returns the address where a phone is to get its files from now on, or zero if it has no
// key, or none of its lines is of a domain with servers.
func (c *Client) phoneURL(p Provisioning) (Secret, error) {
	own := p.Device.Next
	setDefault(&own, p.Device.Key)
	if own.IsZero() {
		return Secret{}, nil
	}
	for _, l := range p.Lines {
		if l.Servers.ProvURL != "" {
			key, err := c.openProvKey(p.Device.MAC.String(), own)
			return provURL(l.Servers.ProvURL, key), err
		}
	}
	return Secret{}, nil
}

// changeDevice changes what is kept of a phone that the actor may change. f gets what is known of
// the phone and changes its Device. A phone from before devices were kept gets one.
func (c *Client) changeDevice(ctx context.Context, node string, req any, m mac.Addr, f func(p *Provisioning) error) error {
	return c.change(ctx, node, req, []Lock{LockPhone(m)}, func(s Store) error {
		p, err := c.phone(ctx, s, m)
		if err != nil {
			return err
		}
		if p.Device.MAC.IsZero() {
			p.Device = Device{MAC: m, Domain: lowerCase(p.Lines[len(p.Lines)-1].User.Address.Domain())}
		}
		if err := f(&p); err != nil {
			return err
		}
		return s.SetDevice(ctx, p.Device)
	})
}

// deviceWith returns what is to be kept of a phone that gets the user of p, or the zero Device if
// that stays as it is.
//
// A phone that is new, or that comes from users in another domain, gets a key of its own with its
// next file, and its window opens for a while. So a key that the former owner may know does not
// open the new one's passwords.
func (c *Client) deviceWith(site PhoneSite, p Phone) (d Device, err error) {
	d = site.Device
	domain := lowerCase(p.User.Domain())
	if d.MAC.IsZero() || len(site.Lines) == 0 && d.Domain != domain {
		d = Device{MAC: p.MAC, Vendor: d.Vendor, OpenUntil: c.windowEnd()}
		if d.Next, err = c.newProvKey(p.MAC.String()); err != nil {
			return d, err
		}
	}
	if d.Domain = domain; d == site.Device {
		return Device{}, nil
	}
	return d, nil
}

// windowEnd returns when the window of a new phone ends that opens now, or the zero time if it does
// not open.
func (c *Client) windowEnd() time.Time {
	if c.opts.ProvisioningWindow < 0 {
		return time.Time{}
	}
	return c.now().Add(c.opts.ProvisioningWindow).Truncate(time.Microsecond)
}
