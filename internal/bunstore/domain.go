package bunstore

import (
	"context"
	"database/sql"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
)

// DomainServed implements hermes.Store.
func (s *Store) DomainServed(ctx context.Context, d sip.Domain) (served bool, err error) {
	err = s.one(ctx, raw(`SELECT EXISTS (SELECT 1 FROM ?domain AS d WHERE lower(d.domain ?C) = ?0 AND d.domain <> '')`,
		strings.ToLower(d.String())), &served)
	return served, err
}

// Domains implements hermes.Store.
func (s *Store) Domains(ctx context.Context) ([]sip.Domain, error) {
	return list(ctx, s, 0, raw(`SELECT DISTINCT lower(d.domain ?C) AS name FROM ?domain AS d WHERE d.domain <> '' ORDER BY name`),
		func(rows *sql.Rows) (sip.Domain, error) {
			var name string
			err := rows.Scan(&name)
			return sip.UncheckedDomain(name), err
		})
}

// ServeDomains adds to Kamailio's table the domains that it lacks, in any case. It is for a
// database that belongs to Hermes; a running Kamailio sees them after domain.reload.
func (s *Store) ServeDomains(ctx context.Context, domains []sip.Domain) error {
	return s.change(ctx, func(in *Store) error {
		for _, d := range domains {
			_, err := in.exec(ctx, raw(`INSERT INTO ?domain (domain, did, last_modified) SELECT ?0, ?0, CURRENT_TIMESTAMP
				WHERE NOT EXISTS (SELECT 1 FROM ?domain AS d WHERE lower(d.domain ?C) = ?0)`, strings.ToLower(d.String())))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

type serversRow struct {
	Registrar string `bun:"registrar"`
	RPort     int    `bun:"r_port"`
	Proxy     string `bun:"proxy"`
	PPort     int    `bun:"p_port"`
	ProvURL   string `bun:"prov_url"`
}

// Servers implements hermes.Store.
func (s *Store) Servers(ctx context.Context, d sip.Domain) (hermes.Servers, error) {
	var r serversRow
	err := s.one(ctx, raw(`SELECT registrar, r_port, proxy, p_port, prov_url FROM ?servers WHERE domain = ?`, d.String()), &r)
	if err != nil {
		return hermes.Servers{}, err
	}
	return hermes.Servers{Domain: d, Registrar: sip.UncheckedDomain(r.Registrar), RPort: r.RPort,
		Proxy: sip.UncheckedDomain(r.Proxy), PPort: r.PPort, ProvURL: r.ProvURL}, nil
}

// SetServers implements hermes.Store.
func (s *Store) SetServers(ctx context.Context, v hermes.Servers) error {
	row := assigns{{"registrar", v.Registrar.String()}, {"r_port", v.RPort}, {"proxy", v.Proxy.String()}, {"p_port", v.PPort}, {"prov_url", v.ProvURL}}
	return s.put(ctx, raw(`INSERT INTO ?servers (domain, ?0) VALUES (?1, ?2) ON CONFLICT (domain) DO UPDATE SET ?3`,
		row.columns(), v.Domain.String(), row.values(), row.sets()))
}
