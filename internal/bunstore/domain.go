package bunstore

import (
	"context"
	"database/sql"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/sip"
	"github.com/uptrace/bun"
)

type domainStatements struct {
	domainServed, domains, serveDomain statement
	servers, setServers                statement
}

func (b *builder) domainStatements() domainStatements {
	domain, servers := (*domainModel)(nil), (*serversModel)(nil)
	named := func() *bun.SelectQuery {
		return b.NewSelect().Model(domain).ColumnExpr("1").Where("lower(d.domain ?C) = ?", text(1))
	}
	return domainStatements{
		domainServed: b.read(Data, b.NewSelect().ColumnExpr("EXISTS (?)", named().Where("d.domain <> ''"))),
		domains: b.read(Data, b.NewSelect().Model(domain).Distinct().ColumnExpr("lower(d.domain ?C) AS name").
			Where("d.domain <> ''").OrderExpr("name")),
		serveDomain: b.write(Data, b.NewInsert().Model(domain).Column("domain", "did", "last_modified").
			TableExpr("(SELECT ?0 AS domain, ?0 AS did, CURRENT_TIMESTAMP AS last_modified WHERE NOT EXISTS (?1)) AS v",
				text(1), named())),

		servers:    b.read(Data, b.NewSelect().Model(servers).Where("v.domain = ?", text(1))),
		setServers: b.write(Data, b.insert(servers).On("CONFLICT (domain) DO UPDATE")),
	}
}

// DomainServed implements [hermes.Store].
func (s *Store) DomainServed(ctx context.Context, d sip.Domain) (served bool, err error) {
	return served, s.get(ctx, s.sql().domainServed, &served, strings.ToLower(d.String()))
}

// Domains implements [hermes.Store].
func (s *Store) Domains(ctx context.Context) ([]sip.Domain, error) {
	return list(ctx, s, s.sql().domains, func(rows *sql.Rows) (sip.Domain, error) {
		var name string
		err := rows.Scan(&name)
		return sip.UncheckedDomain(name), err
	})
}

// ServeDomains adds to Kamailio's table the domains that it lacks, in any case. It is meant for a
// database that belongs to Hermes. A running Kamailio sees them after domain.reload.
func (s *Store) ServeDomains(ctx context.Context, domains []sip.Domain) error {
	return s.write(ctx, TxOptions{}, func(in *Store) error {
		for _, d := range domains {
			if err := in.change(ctx, in.sql().serveDomain, nil, strings.ToLower(d.String())); err != nil {
				return err
			}
		}
		return nil
	})
}

// Servers implements [hermes.Store].
func (s *Store) Servers(ctx context.Context, d sip.Domain) (hermes.Servers, error) {
	var m serversModel
	if err := s.get(ctx, s.sql().servers, &m, d.String()); err != nil {
		return hermes.Servers{}, err
	}
	return m.servers(d), nil
}

// SetServers implements [hermes.Store].
func (s *Store) SetServers(ctx context.Context, v hermes.Servers) error {
	return s.change(ctx, s.sql().setServers, nil, s.args(newServers(v))...)
}
