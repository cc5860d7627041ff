package memstore

import (
	"context"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// Serve adds domains to those that Kamailio serves. Case does not matter.
func (s *Store) Serve(domains ...sip.Domain) {
	_ = s.write(context.Background(), func(r *records) error {
		for _, d := range domains {
			r.domains.set(lowerCase(d), present{})
		}
		return nil
	})
}

func lowerCase(d sip.Domain) sip.Domain { return sip.UncheckedDomain(strings.ToLower(d.String())) }

// DomainServed implements [hermes.DomainStore].
func (s *Store) DomainServed(ctx context.Context, d sip.Domain) (bool, error) {
	r, err := s.read(ctx)
	return err == nil && r.domains.has(lowerCase(d)), err
}

// Domains implements [hermes.DomainStore].
func (s *Store) Domains(ctx context.Context) ([]sip.Domain, error) {
	r, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var all []sip.Domain
	for d := range r.domains.all() {
		all = append(all, d)
	}
	return all, nil
}

// Servers implements [hermes.DomainStore].
func (s *Store) Servers(ctx context.Context, d sip.Domain) (hermes.Servers, error) {
	r, err := s.read(ctx)
	if err != nil {
		return hermes.Servers{}, err
	}
	servers, ok := r.servers.get(d)
	if !ok {
		return hermes.Servers{}, hermes.NotFound
	}
	return *servers, nil
}

// SetServers implements [hermes.DomainStore].
func (s *Store) SetServers(ctx context.Context, servers hermes.Servers) error {
	return s.write(ctx, func(r *records) error {
		r.servers.set(servers.Domain, &servers)
		return nil
	})
}
