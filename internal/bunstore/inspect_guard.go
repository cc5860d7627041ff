package bunstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// Triggers returns the triggers, rules and policies of Kamailio's tables, such as "trigger t on
// public.subscriber". Their functions run with the rights of whoever reads or writes a row.
func (i Inspector) Triggers(ctx context.Context) ([]string, error) {
	return list(ctx, i.s, i.s.raw(i.s.engine.triggers), scanString)
}

// TableRights returns, such as "kamailio owns public.subscriber", the rights of roles that can make
// triggers on Kamailio's tables. The role of the connection and superusers are left out. There are
// none in SQLite.
func (i Inspector) TableRights(ctx context.Context) ([]string, error) {
	if i.s.engine.schema == "" {
		return nil, nil
	}
	return list(ctx, i.s, i.s.raw(postgresTableRights), scanString)
}

// Warnings returns what is not safe about Kamailio's tables, each as a line for a log.
func (s *Store) Warnings(ctx context.Context) (all []string, err error) {
	i := Inspect(s)
	rights, err := i.TableRights(ctx)
	if err != nil {
		return nil, err
	}
	triggers, err := i.Triggers(ctx)
	if err != nil {
		return nil, err
	}
	for _, right := range rights {
		all = append(all, right+": a trigger that it makes runs with the rights of Hermes' role")
	}
	for _, trigger := range triggers {
		all = append(all, trigger+" runs with the rights of Hermes' role")
	}
	return all, nil
}

// narrow returns, such as "subscriber.email_address has 64, want 128", the columns of Kamailio's
// that are narrower than texts that Hermes writes.
func (l *layout) narrow() (all []string) {
	for _, name := range slices.Sorted(maps.Keys(l.widths)) {
		if width, want := l.widths[name], wantedWidth(name); width > 0 && width < want {
			all = append(all, fmt.Sprintf("%s has %d, want %d", name, width, want))
		}
	}
	return all
}

// wantedWidth returns the most characters that Hermes writes to a column of Kamailio's, or 0 if it
// does not write to it.
func wantedWidth(column string) int {
	switch {
	case column == "domain.domain":
		return 0 // the administrator's
	case slices.Contains(keyColumns, column):
		return 64
	case column == "subscriber.password": // a generated one
		return 20
	case column == "subscriber.ha1", column == "subscriber.ha1b":
		return 32
	case slices.ContainsFunc(extras, func(e extra) bool { return column == "subscriber."+e.theirs }):
		return 128
	}
	return 0
}

const postgresTriggers = `SELECT pg_catalog.format('%s %s on %s.%s', f.kind, f.name, n.nspname, c.relname) AS found
	FROM (
		SELECT 'trigger' AS kind, g.tgname AS name, g.tgrelid AS relid FROM pg_catalog.pg_trigger AS g WHERE NOT g.tgisinternal
		UNION ALL SELECT 'rule', r.rulename, r.ev_class FROM pg_catalog.pg_rewrite AS r
		UNION ALL SELECT 'policy', p.polname, p.polrelid FROM pg_catalog.pg_policy AS p) AS f
	JOIN pg_catalog.pg_class AS c ON c.oid = f.relid
	JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = ?schema AND c.relname IN ('subscriber', 'dbaliases', 'domain', 'grp') ORDER BY found`

const postgresTableRights = `SELECT pg_catalog.format('%s %s %s.%s', r.role, r.may, n.nspname, c.relname) AS found
	FROM pg_catalog.pg_class AS c
	JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	CROSS JOIN LATERAL (
		SELECT o.rolname AS role, 'owns' AS may FROM pg_catalog.pg_roles AS o
		WHERE o.oid = c.relowner AND NOT o.rolsuper AND o.rolname <> current_user
		UNION ALL SELECT coalesce(g.rolname, 'PUBLIC'), 'has TRIGGER on'
		FROM pg_catalog.aclexplode(c.relacl) AS a LEFT JOIN pg_catalog.pg_roles AS g ON g.oid = a.grantee
		WHERE a.privilege_type = 'TRIGGER' AND a.grantee <> c.relowner
			AND coalesce(NOT g.rolsuper AND g.rolname <> current_user, true)) AS r
	WHERE n.nspname = ?schema AND c.relname IN ('subscriber', 'dbaliases', 'domain', 'grp') ORDER BY found`
