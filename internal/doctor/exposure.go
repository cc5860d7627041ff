package doctor

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/internal/bunstore"
)

var tableRightsCheck = check{
	name:  "table-rights",
	level: Fail,
	ok:    "no role but superusers and Hermes' own can make triggers on Kamailio's tables",
	fault: "rights of roles by which these can make triggers on Kamailio's tables, " +
		"whose functions then run with the rights of Hermes' role",
	remedy: "as a superuser, REVOKE TRIGGER, REFERENCES on subscriber, dbaliases, domain and grp from the role, " +
		"as kamdbctl grants them; ALTER TABLE ... OWNER TO a superuser where it owns a table",
}

var triggersCheck = check{
	name:   "triggers",
	level:  Fail,
	ok:     "Kamailio's tables have no triggers, rules or policies",
	fault:  "triggers, rules and policies on Kamailio's tables, whose functions run with the rights of Hermes' role",
	remedy: "DROP those that you did not make, and find out who made them",
}

// triggers examines which functions run, or can be made to run, when hermesd uses Kamailio's
// tables.
func (e *examiner) triggers(ctx context.Context) {
	if !e.isSQLite {
		e.reportNames(ctx, tableRightsCheck, bunstore.Inspector.TableRights)
	}
	e.reportNames(ctx, triggersCheck, bunstore.Inspector.Triggers)
}

// reportNames reports the check of a query that returns the names of what has the fault.
func (e *examiner) reportNames(ctx context.Context, c check, query func(bunstore.Inspector, context.Context) ([]string, error)) {
	t := newTally(c)
	names, err := ask(ctx, e, query)
	for _, name := range names {
		t.add(name)
	}
	e.reportTally(t, err)
}

var keyHostsCheck = check{
	name:   "key-hosts",
	level:  Warn,
	ok:     "no API key is bound to ranges that have every address",
	fault:  "API keys that are bound to every address, and so to none",
	remedy: "auth/new_key with the addresses that use it, and auth/remove_key of the old one",
}

// keyHosts examines the hosts to which API keys are bound.
func (e *examiner) keyHosts(ctx context.Context) {
	t := newTally(keyHostsCheck)
	var keys []hermes.Key
	err := e.schemaErr
	if err == nil {
		err = e.Database.read(ctx, func(ctx context.Context, s *bunstore.Store) (err error) {
			keys, err = s.Keys(ctx)
			return err
		})
	}
	for _, k := range keys {
		t.addIf(isEverywhere(k), fmt.Sprintf("%s bound to %s", k.ID, k.Host))
	}
	e.reportTally(t, err)
}

// isEverywhere reports whether a key's host is a list of ranges of which one has every address.
func isEverywhere(k hermes.Key) bool {
	return slices.ContainsFunc(strings.Split(k.Host, ","), func(text string) bool {
		p, err := netip.ParsePrefix(text)
		return err == nil && p.Bits() == 0
	})
}
