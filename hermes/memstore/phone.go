package memstore

import (
	"cmp"
	"context"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
	"github.com/hermes-voip/go-hermes/sip"
)

// phoneLine is a line of a phone.
type phoneLine struct {
	mac  mac.Addr
	line int
}

// userPhone is a phone of a user.
type userPhone struct {
	user sip.Addr
	mac  mac.Addr
}

func comparePhoneLines(p, q phoneLine) int {
	return cmp.Or(p.mac.Compare(q.mac), cmp.Compare(p.line, q.line))
}

func compareUserPhones(p, q userPhone) int {
	return cmp.Or(p.user.Compare(q.user), p.mac.Compare(q.mac))
}

// PhoneLines implements [hermes.PhoneStore].
func (s *Store) PhoneLines(ctx context.Context, m mac.Addr) ([]hermes.Phone, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	return r.phoneLines(m), nil
}

func (r *records) phoneLines(m mac.Addr) (lines []hermes.Phone) {
	for l, user := range r.phones.from(phoneLine{mac: m}) {
		if l.mac != m {
			break
		}
		lines = append(lines, hermes.Phone{MAC: m, User: user, Line: l.line})
	}
	return lines
}

// UserPhones implements [hermes.PhoneStore].
func (s *Store) UserPhones(ctx context.Context, a sip.Addr) ([]hermes.Phone, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	return r.phonesOf(a), nil
}

// phonesOf returns the associations of a user.
func (r *records) phonesOf(a sip.Addr) (phones []hermes.Phone) {
	for p, line := range r.userPhones.from(userPhone{user: a}) {
		if p.user != a {
			break
		}
		phones = append(phones, hermes.Phone{MAC: p.mac, User: a, Line: line})
	}
	return phones
}

// Phones implements [hermes.PhoneStore].
func (s *Store) Phones(ctx context.Context, q hermes.PhoneQuery) ([]mac.Addr, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	prefix := literalPrefix(q.Match)
	start, ok := firstMAC(prefix)
	if !ok {
		return nil, nil
	}
	if start.Compare(q.After) < 0 {
		start = q.After
	}
	var page []mac.Addr
	last := q.After
	for p, user := range r.phones.from(phoneLine{mac: start}) {
		if len(page) >= q.Limit {
			break
		}
		if p.mac == last || !q.Scope.HasDomain(user.Domain()) {
			continue
		}
		last = p.mac
		if !q.Match.IsZero() {
			text := p.mac.String()
			if !strings.HasPrefix(text, prefix) {
				break
			}
			if !q.Match.Match(text) {
				continue
			}
		}
		page = append(page, p.mac)
	}
	return page, nil
}

// PhoneSite implements [hermes.PhoneStore].
func (s *Store) PhoneSite(ctx context.Context, p hermes.Phone) (hermes.PhoneSite, error) {
	r, err := s.read(ctx)
	if err != nil {
		return hermes.PhoneSite{}, err
	}
	site := hermes.PhoneSite{IsUser: r.users.get(p.User) != nil, Lines: r.phoneLines(p.MAC)}
	if d, ok := r.devices.get(p.MAC); ok {
		site.Device = *d
	}
	return site, nil
}

// AddPhone implements [hermes.PhoneStore].
func (s *Store) AddPhone(ctx context.Context, p hermes.Phone, d hermes.Device) error {
	return s.write(ctx, func(r *records) error {
		if r.userPhones.has(userPhone{user: p.User, mac: p.MAC}) || r.phones.has(phoneLine{mac: p.MAC, line: p.Line}) {
			return hermes.Exists
		}
		if !d.MAC.IsZero() {
			if err := r.setDevice(d); err != nil {
				return err
			}
		}
		r.setPhone(p)
		return nil
	})
}

func (r *records) setPhone(p hermes.Phone) {
	r.phones.set(phoneLine{mac: p.MAC, line: p.Line}, p.User)
	r.userPhones.set(userPhone{user: p.User, mac: p.MAC}, p.Line)
}

// removePhone removes the association of p.MAC with p.User, and returns it, if there is one.
func (r *records) removePhone(p hermes.Phone) (hermes.Phone, bool) {
	key := userPhone{user: p.User, mac: p.MAC}
	line, ok := r.userPhones.get(key)
	if !ok {
		return hermes.Phone{}, false
	}
	p.Line = line
	r.userPhones.remove(key)
	r.phones.remove(phoneLine{mac: p.MAC, line: line})
	return p, true
}

// movePhones gives the phones of a user to another one, and returns them.
func (r *records) movePhones(from, to sip.Addr) []hermes.Phone {
	phones := r.phonesOf(from)
	for i := range phones {
		r.removePhone(phones[i])
		phones[i].User = to
		r.removePhone(phones[i]) // an association that was left under the new address
		r.setPhone(phones[i])
	}
	return phones
}

// RemovePhone implements [hermes.PhoneStore].
func (s *Store) RemovePhone(ctx context.Context, p hermes.Phone) (removed hermes.Phone, err error) {
	err = s.write(ctx, func(r *records) error {
		var ok bool
		if removed, ok = r.removePhone(p); !ok {
			return hermes.NotFound
		}
		return nil
	})
	return removed, err
}
