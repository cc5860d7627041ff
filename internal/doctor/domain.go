package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/sip"
)

// domains examines the domains that are served. Their names are the one thing that is kept whole in memory.
func (e *exam) domains(ctx context.Context) {
	servers := newTally(defaultServers)
	e.mixed = newTally(domainCase)
	e.served = map[string]bool{}
	err := pages(ctx, e, bunstore.Inspector.Domains, func(d bunstore.DomainRow) { e.domain(d, servers) }, "domain")
	e.errs.domains, e.unknown = err, err
	err = errors.Join(err, e.settingsDomains(ctx, servers))
	e.anyDomain(err)
	e.finish(servers, err)
}

func (e *exam) domain(d bunstore.DomainRow, servers *tally) {
	e.lowerCase("domain", d.Domain.String(), d.Domain)
	name := strings.ToLower(d.Domain.String())
	if !e.served[name] && !d.Servers {
		servers.add(name)
	}
	e.served[name] = true
}

// settingsDomains adds the domains that the settings name.
func (e *exam) settingsDomains(ctx context.Context, servers *tally) error {
	if e.blind != nil {
		return nil
	}
	for _, d := range e.Domains {
		if e.served[d.String()] {
			continue
		}
		e.served[d.String()] = true
		err := e.Database.read(ctx, func(ctx context.Context, s *bunstore.Store) error {
			_, err := s.Servers(ctx, d)
			return err
		})
		if err == error(hermes.NotFound) {
			servers.add(d.String())
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (e *exam) anyDomain(err error) {
	const check = "domains"
	switch {
	case err != nil:
		e.report(unseen(check, err))
	case len(e.served) == 0:
		remedy := "add it to Kamailio's table domain and run its domain.reload, or name it with --domain"
		if e.embedded {
			remedy = "start hermesd with --domain NAME"
		}
		e.report(Finding{Warn, check, "no domain is served: no user can be added", remedy})
	default:
		names := slices.Sorted(func(yield func(string) bool) {
			for name := range e.served {
				if !yield(shown(name)) {
					return
				}
			}
		})
		e.report(Finding{OK, check, "served: " + few(names), ""})
	}
}

// few is the first names of many.
func few(names []string) string {
	if len(names) > maxNames {
		return strings.Join(names[:maxNames], ", ") + ", ..."
	}
	return strings.Join(names, ", ")
}

// serves tells whether a domain is of this Kamailio.
func (e *exam) serves(d sip.Domain) bool { return e.served[strings.ToLower(d.String())] }

// lowerCase notes a domain of a table that is not in lower case.
func (e *exam) lowerCase(table, name string, domains ...sip.Domain) {
	if slices.ContainsFunc(domains, func(d sip.Domain) bool { return d.String() != strings.ToLower(d.String()) }) {
		e.mixed.add(table + " " + name)
	}
}
