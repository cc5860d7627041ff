package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// AddLogin implements [hermes.LoginStore].
func (s *Store) AddLogin(ctx context.Context, l hermes.KnownLogin, n int) error {
	return s.write(ctx, func(r *records) error {
		r.removeLogin(login{principal: l.Principal, network: l.Network})
		r.logins.set(login{principal: l.Principal, network: l.Network}, l.Expires)
		r.loginExpiries.set(l, present{})
		own := r.loginsOf(l.Principal)
		slices.SortFunc(own, compareByExpiry)
		for _, old := range own[min(n, len(own)):] {
			r.removeLogin(login{principal: old.Principal, network: old.Network})
		}
		return nil
	})
}

// Logins implements [hermes.LoginStore].
func (s *Store) Logins(ctx context.Context, after time.Time, n int) ([]hermes.KnownLogin, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var found []hermes.KnownLogin
	for l := range r.loginExpiries.all() {
		if len(found) == n || !l.Expires.After(after) {
			break
		}
		found = append(found, l)
	}
	return found, nil
}

func (r *records) removeLogin(l login) {
	if expires, ok := r.logins.get(l); ok {
		r.logins.remove(l)
		r.loginExpiries.remove(hermes.KnownLogin{Principal: l.principal, Network: l.network, Expires: expires})
	}
}

// loginsOf returns the logins of a principal.
func (r *records) loginsOf(p hermes.Principal) []hermes.KnownLogin {
	var own []hermes.KnownLogin
	for l, expires := range r.logins.from(login{principal: p}) {
		if l.principal != p {
			break
		}
		own = append(own, hermes.KnownLogin{Principal: p, Network: l.network, Expires: expires})
	}
	return own
}

// sweepLogins removes the logins that have expired and returns how many it removed.
func (r *records) sweepLogins(now time.Time) int {
	var swept []login
	for l := range r.loginExpiries.from(hermes.KnownLogin{Expires: now}) {
		swept = append(swept, login{principal: l.Principal, network: l.Network})
	}
	for _, l := range swept {
		r.removeLogin(l)
	}
	return len(swept)
}
