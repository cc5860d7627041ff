package hermes

import (
	"context"

	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// PhoneStore keeps the associations of desk phones with users. No two users have the same line of a
// phone.
type PhoneStore interface {
	// PhoneLines returns the associations of a phone, in the order of lines. Having none is not an
	// error.
	PhoneLines(ctx context.Context, m mac.Addr) ([]Phone, error)
	// UserPhones returns the associations of a user, in the order of MAC addresses. Having none is not
	// an error.
	UserPhones(ctx context.Context, a sip.Addr) ([]Phone, error)
	// Phones returns a page of the MAC addresses that have users, in order, each once.
	Phones(ctx context.Context, q PhoneQuery) ([]mac.Addr, error)
	// PhoneSite reads by one statement what decides about the new association p, whatever p.Line is.
	PhoneSite(ctx context.Context, p Phone) (PhoneSite, error)
	// AddPhone stores an association, and unless d is zero the device, as SetDevice does. It does not
	// check that the user exists. Returns Exists, and stores neither, if the user has the phone
	// already or p.Line is taken. Of concurrent calls for one line exactly one returns nil.
	AddPhone(ctx context.Context, p Phone, d Device) error
	// RemovePhone removes the association of p.MAC with p.User, whatever p.Line is, and returns it.
	// The other lines of the phone stay as they are. Returns NotFound.
	RemovePhone(ctx context.Context, p Phone) (Phone, error)
}

// DeviceStore keeps desk phones as devices, which get their files from Hermes, and the keys in the
// addresses of these files.
type DeviceStore interface {
	// Device returns a device. Returns NotFound.
	Device(ctx context.Context, m mac.Addr) (Device, error)
	// SetDevice stores or replaces a device, but for Said, LastSeen and LastAddress: those of a new
	// one are zero, and others keep what SeePhones has set. It is a fault if another device has the
	// same Key or the same Next.
	SetDevice(ctx context.Context, d Device) error
	// SeePhones sets Said, LastSeen and LastAddress of devices, unless what is stored is later. It is
	// not an error if one does not exist. As with [SessionStore.Touch], the values may be written some
	// time after the call.
	SeePhones(ctx context.Context, seen []PhoneSeen) error
	// DomainKeys returns the keys of a domain. Returns NotFound.
	DomainKeys(ctx context.Context, d sip.Domain) (DomainKeys, error)
	// SetDomainKeys stores or replaces the keys of a domain. It is a fault if another domain has the
	// same Current or the same Before.
	SetDomainKeys(ctx context.Context, k DomainKeys) error
	// Provisioning reads by one statement what decides about a request with a key, of which the hash
	// is given, for the file of the phone m, which may be zero.
	Provisioning(ctx context.Context, key Hash, m mac.Addr) (Provisioning, error)
	// SealedDevices returns the first n devices after one, in the order of MAC addresses, that have a
	// key. The zero address is before all others.
	SealedDevices(ctx context.Context, after mac.Addr, n int) ([]mac.Addr, error)
	// SealedDomains returns the first n domains after one, in order, that have keys.
	SealedDomains(ctx context.Context, after sip.Domain, n int) ([]sip.Domain, error)
}
