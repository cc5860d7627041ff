package bunstore

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun/schema"
)

// rights are what the role needs on Kamailio's tables.
var rights = []struct {
	table      string
	privileges []string
}{
	{"subscriber", []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
	{"dbaliases", []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
	{"grp", []string{"SELECT", "INSERT", "UPDATE", "DELETE"}},
	{"domain", []string{"SELECT"}},
}

// LackingRights returns, such as "INSERT on public.subscriber", what PostgreSQL's role may not and hermesd must. migrating
// asks for the right to make Hermes' own tables, too. Tables that are not there are passed over.
func (i Inspector) LackingRights(ctx context.Context, migrating bool) ([]string, error) {
	e, ok := i.s.engine.(pgEngine)
	if !ok {
		return nil, nil
	}
	var lacks []string
	for _, q := range e.rightsQueries(migrating) {
		some, err := list(ctx, i.s, 0, q, func(rows *sql.Rows) (right string, err error) { return right, rows.Scan(&right) })
		if err != nil {
			return nil, err
		}
		lacks = append(lacks, some...)
	}
	return lacks, nil
}

// wantedRights are rows of a VALUES list: place, table, privilege.
func wantedRights() (rows commaList) {
	for _, t := range rights {
		for _, privilege := range t.privileges {
			rows = append(rows, raw("(?, ?, ?)", len(rows), t.table, privilege))
		}
	}
	return rows
}

func ownNames() (names commaList) {
	for _, t := range ownTables {
		names = append(names, raw("?", t))
	}
	return names
}

// rightsQueries list what is lacking: on the schemas, on Kamailio's tables, on the sequences of their columns and on Hermes' own tables.
func (e pgEngine) rightsQueries(migrating bool) []schema.QueryAppender {
	return []schema.QueryAppender{
		e.schemaRights(migrating),
		raw(`SELECT w.privilege || ' on ' || n.nspname || '.' || c.relname
			FROM (VALUES ?0) AS w (place, name, privilege)
			JOIN pg_catalog.pg_class AS c ON c.relname = w.name JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
			WHERE n.nspname = ?1 AND NOT has_table_privilege(c.oid, w.privilege) ORDER BY w.place`, wantedRights(), e.kamailio),
		raw(`SELECT DISTINCT 'USAGE on sequence ' || n.nspname || '.' || s.relname AS lacking
			FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS k ON k.oid = c.relnamespace
			JOIN pg_catalog.pg_attrdef AS a ON a.adrelid = c.oid
			JOIN pg_catalog.pg_depend AS d ON d.classid = CAST('pg_catalog.pg_attrdef' AS regclass) AND d.objid = a.oid
				AND d.refclassid = CAST('pg_catalog.pg_class' AS regclass)
			JOIN pg_catalog.pg_class AS s ON s.oid = d.refobjid
			JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
			WHERE k.nspname = ? AND c.relname IN ('subscriber', 'dbaliases', 'grp') 
				AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE, UPDATE') END
			ORDER BY lacking`, e.kamailio),
		raw(`SELECT w.privilege || ' on hermes.' || c.relname
			FROM (VALUES (0, 'SELECT'), (1, 'INSERT'), (2, 'UPDATE'), (3, 'DELETE')) AS w (place, privilege)
			CROSS JOIN pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
			WHERE n.nspname = 'hermes' AND c.relname IN (?) AND NOT has_table_privilege(c.oid, w.privilege)
			ORDER BY c.relname, w.place`, ownNames()),
	}
}

// schemaRights asks for USAGE of both schemas, and where Hermes' own tables are to be made for CREATE where that is.
func (e pgEngine) schemaRights(migrating bool) schema.QueryAppender {
	return raw(`SELECT 'USAGE on schema ' || n.nspname FROM pg_catalog.pg_namespace AS n
			WHERE n.nspname IN (?0, 'hermes') AND NOT has_schema_privilege(n.oid, 'USAGE')
		UNION ALL SELECT 'CREATE on schema hermes' FROM pg_catalog.pg_namespace AS n
			WHERE n.nspname = 'hermes' AND ?1 AND NOT has_schema_privilege(n.oid, 'CREATE')
		UNION ALL SELECT 'CREATE on database ' || current_database()
			WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'hermes')
			AND NOT has_database_privilege(current_database(), 'CREATE')`, e.kamailio, migrating)
}
