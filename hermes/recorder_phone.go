package hermes

import (
	"context"
	"strconv"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// AddPhone implements [Store].
func (r *recorder) AddPhone(ctx context.Context, p Phone) (Phone, error) {
	added, err := r.Store.AddPhone(ctx, p)
	if err == nil {
		r.notePhone(nil, phoneFields, added)
	}
	return added, err
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

// SetDevice implements [Store]. It notes that a key has changed, and not what it is. A key that is
// sealed anew stays the same.
func (r *recorder) SetDevice(ctx context.Context, d Device) error {
	before, found, err := r.devices.old(d.MAC, func() (Device, error) { return r.Store.Device(ctx, d.MAC) })
	if err != nil {
		return err
	}
	if err := r.Store.SetDevice(ctx, d); err != nil {
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
