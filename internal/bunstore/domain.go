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

// domainNamed selects the domain with the name, which is in lower case.
func (b *builder) domainNamed(name text) *bun.SelectQuery {
	return b.NewSelect().Model((*domainModel)(nil)).ColumnExpr("1").Where("lower(d.domain ?T ?C) = lower(? ?C)", name)
}

// domainServed selects whether Kamailio's table has the domain with the name.
func (b *builder) domainServed(name text) *bun.SelectQuery {
	return b.NewSelect().ColumnExpr("EXISTS (?)", b.domainNamed(name).Where("d.domain ?T <> ''"))
}

func (b *builder) domainStatements() domainStatements {
	domain, servers := (*domainModel)(nil), (*serversModel)(nil)
	return domainStatements{
		domainServed: b.statement(Data, b.domainServed(text(1))),
		domains: b.statement(Data, b.NewSelect().Model(domain).Distinct().ColumnExpr("lower(d.domain ?T ?C) AS name").
			Where("d.domain ?T <> ''").OrderExpr("name")),
		serveDomain: b.statement(Data, b.NewInsert().Model(domain).Column("domain", "did", "last_modified").
			TableExpr("(SELECT ?0 AS domain, ?0 AS did, CURRENT_TIMESTAMP AS last_modified WHERE NOT EXISTS (?1)) AS v",
				text(1), b.domainNamed(text(1)))),

		servers:    b.statement(Data, b.NewSelect().Model(servers).Where("v.domain = ?", text(1))),
		setServers: b.statement(Data, b.insert(servers).On("CONFLICT (domain) DO UPDATE")),
	}
}

// DomainServed implements [hermes.Store].
func (s *Store) DomainServed(ctx context.Context, d sip.Domain) (served bool, err error) {
	return served, s.get(ctx, s.sql().domainServed, &served, strings.ToLower(d.String()))
}

// Domains implements [hermes.Store].
func (s *Store) Domains(ctx context.Context) ([]sip.Domain, error) {
	return list(ctx, s, s.sql().domains, scanDomain)
}

func scanDomain(rows *sql.Rows) (sip.Domain, error) {
	var name string
	err := rows.Scan(&name)
	return sip.UncheckedDomain(name), err
}

// ServeDomains adds to Kamailio's table the domains that it lacks, in any case. It is meant for a
// database that belongs to Hermes. A running Kamailio sees them after domain.reload.
func (s *Store) ServeDomains(ctx context.Context, domains []sip.Domain) error {
	return s.write(ctx, TxOptions{}, nil, func(in *Store) error {
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
