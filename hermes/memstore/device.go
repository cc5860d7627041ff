package memstore

import (
	"context"
	"errors"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// errSameKey is the fault of a key that another phone or domain has.
var errSameKey = errors.New("memstore: another one has the same key")

// Device implements [hermes.DeviceStore].
func (s *Store) Device(ctx context.Context, m mac.Addr) (hermes.Device, error) {
	r, err := s.read(ctx)
	if err != nil {
		return hermes.Device{}, err
	}
	d, ok := r.devices.get(m)
	if !ok {
		return hermes.Device{}, hermes.NotFound
	}
	return *d, nil
}

// SetDevice implements [hermes.DeviceStore].
func (s *Store) SetDevice(ctx context.Context, d hermes.Device) error {
	return s.write(ctx, func(r *records) error { return r.setDevice(d) })
}

func (r *records) setDevice(d hermes.Device) error {
	old, ok := r.devices.get(d.MAC)
	if !ok {
		old = &hermes.Device{}
	}
	if isTaken(r.deviceKeys, d.Key, d.MAC) || isTaken(r.deviceNexts, d.Next, d.MAC) {
		return errSameKey
	}
	d.Said, d.LastSeen, d.LastAddress = old.Said, old.LastSeen, old.LastAddress
	replaceKey(&r.deviceKeys, old.Key, d.Key, d.MAC)
	replaceKey(&r.deviceNexts, old.Next, d.Next, d.MAC)
	r.devices.set(d.MAC, &d)
	return nil
}

// isTaken reports whether another owner has the key.
func isTaken[K comparable](owners sortedMap[hermes.Hash, K], key hermes.ProvKey, owner K) bool {
	taken, ok := owners.get(key.Hash)
	return ok && taken != owner
}

// replaceKey makes owner that of the key after, and no more that of the key before.
func replaceKey[K comparable](owners *sortedMap[hermes.Hash, K], before, after hermes.ProvKey, owner K) {
	owners.remove(before.Hash)
	if after.Hash != (hermes.Hash{}) {
		owners.set(after.Hash, owner)
	}
}

// SeePhones implements [hermes.DeviceStore].
func (s *Store) SeePhones(ctx context.Context, seen []hermes.PhoneSeen) error {
	return s.write(ctx, func(r *records) error {
		for _, v := range seen {
			if d, ok := r.devices.get(v.MAC); ok && d.LastSeen.Before(v.At) {
				changed := *d
				changed.Said, changed.LastSeen, changed.LastAddress = v.Said, v.At, v.Address
				r.devices.set(v.MAC, &changed)
			}
		}
		return nil
	})
}

// DomainKeys implements [hermes.DeviceStore].
func (s *Store) DomainKeys(ctx context.Context, d sip.Domain) (hermes.DomainKeys, error) {
	r, err := s.read(ctx)
	if err != nil {
		return hermes.DomainKeys{}, err
	}
	keys, ok := r.domainKeys.get(d)
	if !ok {
		return hermes.DomainKeys{}, hermes.NotFound
	}
	return *keys, nil
}

// SetDomainKeys implements [hermes.DeviceStore].
func (s *Store) SetDomainKeys(ctx context.Context, k hermes.DomainKeys) error {
	return s.write(ctx, func(r *records) error {
		old, ok := r.domainKeys.get(k.Domain)
		if !ok {
			old = &hermes.DomainKeys{}
		}
		if isTaken(r.currentKeys, k.Current, k.Domain) || isTaken(r.keysBefore, k.Before, k.Domain) {
			return errSameKey
		}
		replaceKey(&r.currentKeys, old.Current, k.Current, k.Domain)
		replaceKey(&r.keysBefore, old.Before, k.Before, k.Domain)
		r.domainKeys.set(k.Domain, &k)
		return nil
	})
}

// Provisioning implements [hermes.DeviceStore].
func (s *Store) Provisioning(ctx context.Context, key hermes.Hash, m mac.Addr) (p hermes.Provisioning, err error) {
	r, err := s.read(ctx)
	if err != nil {
		return p, err
	}
	p.KeyDomain = ownerOf(key, r.currentKeys, r.keysBefore)
	p.KeyPhone = ownerOf(key, r.deviceKeys, r.deviceNexts)
	if m.IsZero() {
		return p, nil
	}
	if d, ok := r.devices.get(m); ok {
		p.Device = *d
	}
	for _, phone := range r.phoneLines(m) {
		l := hermes.PhoneLine{Line: phone.Line, User: hermes.User{Address: phone.User}}
		if u := r.users.get(phone.User); u != nil {
			l.User = *u
		}
		if servers, ok := r.servers.get(lowerCase(phone.User.Domain())); ok {
			l.Servers = *servers
		}
		p.Lines = append(p.Lines, l)
	}
	return p, nil
}

// ownerOf returns the first owner of a key, or the zero value if there is none.
func ownerOf[K comparable](key hermes.Hash, owners ...sortedMap[hermes.Hash, K]) (owner K) {
	for _, m := range owners {
		if owner, ok := m.get(key); ok {
			return owner
		}
	}
	return owner
}

// SealedDevices implements [hermes.DeviceStore].
func (s *Store) SealedDevices(ctx context.Context, after mac.Addr, n int) (page []mac.Addr, err error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	for m, d := range r.devices.after(after) {
		if len(page) >= n {
			break
		}
		if d.Key.Sealed+d.Next.Sealed != "" {
			page = append(page, m)
		}
	}
	return page, nil
}

// SealedDomains implements [hermes.DeviceStore].
func (s *Store) SealedDomains(ctx context.Context, after sip.Domain, n int) (page []sip.Domain, err error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	for d, k := range r.domainKeys.after(after) {
		if len(page) >= n {
			break
		}
		if k.Current.Sealed+k.Before.Sealed != "" {
			page = append(page, d)
		}
	}
	return page, nil
}
