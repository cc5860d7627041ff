package storetest

import (
	"context"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// PhoneLines implements [hermes.Store].
func (s intercepted) PhoneLines(ctx context.Context, m mac.Addr) ([]hermes.Phone, error) {
	return get(s, "PhoneLines", func() ([]hermes.Phone, error) { return s.store.PhoneLines(ctx, m) })
}

// UserPhones implements [hermes.Store].
func (s intercepted) UserPhones(ctx context.Context, a sip.Addr) ([]hermes.Phone, error) {
	return get(s, "UserPhones", func() ([]hermes.Phone, error) { return s.store.UserPhones(ctx, a) })
}

// Phones implements [hermes.Store].
func (s intercepted) Phones(ctx context.Context, q hermes.PhoneQuery) ([]mac.Addr, error) {
	return get(s, "Phones", func() ([]mac.Addr, error) { return s.store.Phones(ctx, q) })
}

// AddPhone implements [hermes.Store].
func (s intercepted) AddPhone(ctx context.Context, p hermes.Phone, d hermes.Device) error {
	return s.run("AddPhone", func() error { return s.store.AddPhone(ctx, p, d) })
}

// PhoneSite implements [hermes.Store].
func (s intercepted) PhoneSite(ctx context.Context, p hermes.Phone) (hermes.PhoneSite, error) {
	return get(s, "PhoneSite", func() (hermes.PhoneSite, error) { return s.store.PhoneSite(ctx, p) })
}

// RemovePhone implements [hermes.Store].
func (s intercepted) RemovePhone(ctx context.Context, p hermes.Phone) (hermes.Phone, error) {
	return get(s, "RemovePhone", func() (hermes.Phone, error) { return s.store.RemovePhone(ctx, p) })
}

// Device implements [hermes.Store].
func (s intercepted) Device(ctx context.Context, m mac.Addr) (hermes.Device, error) {
	return get(s, "Device", func() (hermes.Device, error) { return s.store.Device(ctx, m) })
}

// SetDevice implements [hermes.Store].
func (s intercepted) SetDevice(ctx context.Context, d hermes.Device) error {
	return s.run("SetDevice", func() error { return s.store.SetDevice(ctx, d) })
}

// SeePhones implements [hermes.Store].
func (s intercepted) SeePhones(ctx context.Context, seen []hermes.PhoneSeen) error {
	return s.run("SeePhones", func() error { return s.store.SeePhones(ctx, seen) })
}

// DomainKeys implements [hermes.Store].
func (s intercepted) DomainKeys(ctx context.Context, d sip.Domain) (hermes.DomainKeys, error) {
	return get(s, "DomainKeys", func() (hermes.DomainKeys, error) { return s.store.DomainKeys(ctx, d) })
}

// SetDomainKeys implements [hermes.Store].
func (s intercepted) SetDomainKeys(ctx context.Context, k hermes.DomainKeys) error {
	return s.run("SetDomainKeys", func() error { return s.store.SetDomainKeys(ctx, k) })
}

// Provisioning implements [hermes.Store].
func (s intercepted) Provisioning(ctx context.Context, key hermes.Hash, m mac.Addr) (hermes.Provisioning, error) {
	return get(s, "Provisioning", func() (hermes.Provisioning, error) { return s.store.Provisioning(ctx, key, m) })
}

// SealedDevices implements [hermes.Store].
func (s intercepted) SealedDevices(ctx context.Context, after mac.Addr, n int) ([]mac.Addr, error) {
	return get(s, "SealedDevices", func() ([]mac.Addr, error) { return s.store.SealedDevices(ctx, after, n) })
}

// SealedDomains implements [hermes.Store].
func (s intercepted) SealedDomains(ctx context.Context, after sip.Domain, n int) ([]sip.Domain, error) {
	return get(s, "SealedDomains", func() ([]sip.Domain, error) { return s.store.SealedDomains(ctx, after, n) })
}
