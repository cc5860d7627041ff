package memstore

import (
	"context"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// Serve makes Kamailio serve domains, besides those that it serves already.
func (s *Store) Serve(domains ...sip.Domain) {
	s.write(context.Background(), func(t *tables) error {
		for _, d := range domains {
			t.domains.set(folded(d), none{})
		}
		return nil
	})
}

func folded(d sip.Domain) sip.Domain { return sip.UncheckedDomain(strings.ToLower(d.String())) }

// DomainServed implements hermes.DomainStore.
func (s *Store) DomainServed(ctx context.Context, d sip.Domain) (bool, error) {
	t, err := s.read(ctx)
	return err == nil && t.domains.has(folded(d)), err
}

// Domains implements hermes.DomainStore.
func (s *Store) Domains(ctx context.Context) ([]sip.Domain, error) {
	t, err := s.read(ctx)
	if err != nil {
		return nil, err
	}
	var all []sip.Domain
	for d := range t.domains.all() {
		all = append(all, d)
	}
	return all, nil
}

// Servers implements hermes.DomainStore.
func (s *Store) Servers(ctx context.Context, d sip.Domain) (hermes.Servers, error) {
	t, err := s.read(ctx)
	if err != nil {
		return hermes.Servers{}, err
	}
	servers, ok := t.servers.get(d)
	if !ok {
		return hermes.Servers{}, hermes.NotFound
	}
	return *servers, nil
}

// SetServers implements hermes.DomainStore.
func (s *Store) SetServers(ctx context.Context, servers hermes.Servers) error {
	return s.write(ctx, func(t *tables) error {
		t.servers.set(servers.Domain, &servers)
		return nil
	})
}
