package doctor

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
	"github.com/hermes-voip/go-hermes/sip"
)

var defaultServersCheck = check{
	name:   "default-servers",
	level:  Warn,
	ok:     "every domain that is served has default servers",
	fault:  "domains without default servers, to which no user can be added",
	remedy: "domain/set_servers",
}

var domainCaseCheck = check{
	name:  "domain-case",
	level: Warn,
	ok:    "every domain in Kamailio's tables is in lower case",
	fault: "rows whose domain is not in lower case, though users and aliases are looked up in lower case",
	remedy: "UPDATE the domain to lower case, then user/change_pw for users, whose ha1 and ha1b depend on it; " +
		"Kamailio's domain.reload for the table domain",
}

var malformedDomainsCheck = check{
	name:   "malformed-domains",
	level:  Warn,
	ok:     "every domain in Kamailio's table domain is well-formed",
	fault:  "domains that are malformed: Hermes adds no users to them and sets no default servers for them",
	remedy: "correct the name, or DELETE the row from the table domain, and run Kamailio's domain.reload",
}

// domains examines the domains that are served, and sets e.served. Domains are assumed to be few:
// unlike other rows, all of them are kept in memory.
func (e *examiner) domains(ctx context.Context) {
	servers, malformed := newTally(defaultServersCheck), newTally(malformedDomainsCheck)
	e.mixedCase = newTally(domainCaseCheck)
	e.served = map[string]bool{}
	e.domainsErr = readRows(ctx, e, bunstore.Inspector.Domains, func(d bunstore.DomainRow) {
		mixed := e.checkCase("domain", d.Domain.String(), e.lowerDomains("domain", d.ID, "domain", "did"), d.Domain)
		name := strings.ToLower(d.Domain.String())
		wellFormed := sip.UncheckedDomain(name).Valid()
		malformed.addRowIf(!wellFormed, name, fmt.Sprintf("DELETE FROM %s WHERE id = %d", e.table("domain"), d.ID))
		servers.addIf(!mixed && !e.served[name] && !d.Servers && wellFormed, name)
		e.served[name] = true
	}, "domain")
	e.loadedDomains(ctx)
	err := errors.Join(e.domainsErr, e.settingsDomains(ctx, servers))
	e.anyDomain(err)
	e.reportTally(servers, err)
	e.reportTally(malformed, e.domainsErr)
}

// loadedDomains compares the domains of the table, which are all that e.served has, with those that
// the running Kamailio has loaded.
func (e *examiner) loadedDomains(ctx context.Context) {
	if e.LoadedDomains == nil {
		return
	}
	const name = "loaded-domains"
	err := e.domainsErr
	var loaded []string
	if err == nil {
		loaded, err = e.LoadedDomains(ctx)
	}
	if err != nil {
		e.reportNotChecked(name, err)
		return
	}
	t := newTally(check{
		name:   name,
		level:  Warn,
		ok:     "the running Kamailio has loaded the domains of its table",
		fault:  "domains that the running Kamailio and its table do not both have",
		remedy: "kamcmd domain.reload",
	})
	has := map[string]bool{}
	for _, d := range loaded {
		has[strings.ToLower(d)] = true
	}
	for _, d := range slices.Sorted(maps.Keys(e.served)) {
		t.addIf(!has[d], d+" is not loaded: Kamailio refuses its users")
	}
	for _, d := range slices.Sorted(maps.Keys(has)) {
		t.addIf(!e.served[d], d+" is loaded, but no longer in the table")
	}
	e.reportTally(t)
}

// settingsDomains adds the domains of the settings to e.served, and those without default servers
// to the tally.
func (e *examiner) settingsDomains(ctx context.Context, servers *tally) error {
	if e.schemaErr != nil {
		return nil // already the error of the domains in the table
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
		if errors.Is(err, hermes.NotFound) {
			servers.add(d.String())
		} else if err != nil {
			return err
		}
	}
	return nil
}

// anyDomain checks that there is a domain. err is the reason why not all domains were read, or nil.
func (e *examiner) anyDomain(err error) {
	const name = "domains"
	if err != nil {
		e.reportNotChecked(name, err)
		return
	}
	if len(e.served) == 0 {
		remedy := "add it to Kamailio's table domain and run its domain.reload, or name it with --domain"
		if e.isSQLite {
			remedy = "start hermesd with --domain NAME"
		}
		e.reportProblem(Warn, name, "no domain is served: no user can be added", remedy)
		return
	}
	var domains []string
	for d := range e.served {
		domains = append(domains, printable(d))
	}
	slices.Sort(domains)
	e.reportOK(name, "served: "+firstNames(domains))
}

// serves reports whether a domain is served.
func (e *examiner) serves(d sip.Domain) bool { return e.served[strings.ToLower(d.String())] }

// unserved reports whether a domain is known not to be served.
func (e *examiner) unserved(d sip.Domain) bool { return e.domainsErr == nil && !e.serves(d) }

func isMixedCase(d sip.Domain) bool { return d.String() != strings.ToLower(d.String()) }

// checkCase adds a row of a table to e.mixedCase if one of its domains is not in lower case, and
// reports whether it did. The statement is the remedy.
func (e *examiner) checkCase(table, name, statement string, domains ...sip.Domain) bool {
	mixed := slices.ContainsFunc(domains, isMixedCase)
	e.mixedCase.addRowIf(mixed, table+" "+name, statement)
	return mixed
}
