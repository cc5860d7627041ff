package hermes

import (
	"context"
	"strconv"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// PhoneSite implements [Store].
func (r *recorder) PhoneSite(ctx context.Context, p Phone) (PhoneSite, error) {
	site, err := r.Store.PhoneSite(ctx, p)
	if err == nil {
		r.knowDevice(p.MAC, site.Device)
	}
	return site, err
}

// Provisioning implements [Store].
func (r *recorder) Provisioning(ctx context.Context, key Hash, m mac.Addr) (Provisioning, error) {
	p, err := r.Store.Provisioning(ctx, key, m)
	if err == nil {
		r.knowDevice(m, p.Device)
	}
	return p, err
}

// knowDevice keeps the device of a phone that was read with something else; it is zero if there is
// none.
func (r *recorder) knowDevice(m mac.Addr, d Device) {
	if d.MAC.IsZero() {
		r.devices.put(m, nil)
		return
	}
	r.devices.set(m, d)
}

// AddPhone implements [Store].
func (r *recorder) AddPhone(ctx context.Context, p Phone, d Device) error {
	add := func() error {
		err := r.Store.AddPhone(ctx, p, d)
		if err == nil {
			r.notePhone(nil, phoneFields, p)
		}
		return err
	}
	if d.MAC.IsZero() {
		return add()
	}
	return r.setDevice(ctx, d, add)
}

// RemovePhone implements [Store].
func (r *recorder) RemovePhone(ctx context.Context, p Phone) (Phone, error) {
	removed, err := r.Store.RemovePhone(ctx, p)
	if err == nil {
		r.notePhone(phoneFields, nil, removed)
	}
	return removed, err
}

// notePhone notes an association that had the fields before, or has them after.
func (r *recorder) notePhone(before, after func(Phone) []field, p Phone) {
	user := addrText(p.User)
	r.log.note(phoneRecord+" of "+user, p.MAC.String(), fieldsOf(before, p), fieldsOf(after, p), user)
}

func phoneFields(p Phone) []field {
	return []field{{"mac", p.MAC.String()}, {"user", addrText(p.User)}, {"line", strconv.Itoa(p.Line)}}
}

// Device implements [Store].
func (r *recorder) Device(ctx context.Context, m mac.Addr) (Device, error) {
	return r.devices.read(m, func() (Device, error) { return r.Store.Device(ctx, m) })
}

// SetDevice implements [Store].
func (r *recorder) SetDevice(ctx context.Context, d Device) error {
	return r.setDevice(ctx, d, func() error { return r.Store.SetDevice(ctx, d) })
}

// setDevice notes what set changes. It notes that a key has changed, and not what it is. A key that
// is sealed anew stays the same.
func (r *recorder) setDevice(ctx context.Context, d Device, set func() error) error {
	before, found, err := r.devices.old(d.MAC, func() (Device, error) { return r.Store.Device(ctx, d.MAC) })
	if err != nil {
		return err
	}
	if err := set(); err != nil {
		return err
	}
	d.Said, d.LastSeen, d.LastAddress = before.Said, before.LastSeen, before.LastAddress
	r.devices.set(d.MAC, d)
	var others []string
	if !d.Domain.IsZero() {
		others = []string{domainText(d.Domain)}
	}
	name := d.MAC.String()
	r.log.note(deviceRecord, name, fieldsIf(found, deviceFields(before)), deviceFields(d), others...)
	if before.Key.Hash != d.Key.Hash || before.Next.Hash != d.Next.Hash {
		r.log.noteField(deviceRecord, name, "key", "", secretChanged)
	}
	return nil
}

func deviceFields(d Device) []field {
	return []field{
		{"mac", d.MAC.String()}, {"vendor", d.Vendor}, {"note", d.Note}, {"open_until", timeText(d.OpenUntil)},
	}
}

// DomainKeys implements [Store].
func (r *recorder) DomainKeys(ctx context.Context, d sip.Domain) (DomainKeys, error) {
	return r.domainKeys.read(d, func() (DomainKeys, error) { return r.Store.DomainKeys(ctx, d) })
}

// SetDomainKeys implements [Store]. It notes that a key has changed, and not what it is. A key that
// is sealed anew stays the same.
func (r *recorder) SetDomainKeys(ctx context.Context, k DomainKeys) error {
	before, found, err := r.domainKeys.old(k.Domain, func() (DomainKeys, error) { return r.Store.DomainKeys(ctx, k.Domain) })
	if err != nil {
		return err
	}
	if err := r.Store.SetDomainKeys(ctx, k); err != nil {
		return err
	}
	r.domainKeys.set(k.Domain, k)
	name := domainText(k.Domain)
	r.log.note(keysRecord, name, fieldsIf(found, domainKeysFields(before)), domainKeysFields(k))
	if before.Current.Hash != k.Current.Hash || before.Before.Hash != k.Before.Hash {
		r.log.noteField(keysRecord, name, "key", "", secretChanged)
	}
	return nil
}

func domainKeysFields(k DomainKeys) []field { return []field{{"domain", domainText(k.Domain)}} }
