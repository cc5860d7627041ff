package bunstore

import (
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

var _, _ inspectEngine = pgEngine{}, sqliteEngine{}

func (e pgEngine) serverQuery() schema.QueryAppender {
	return raw(`SELECT current_setting('server_version') AS version, CAST(current_setting('server_version_num') AS integer) AS number,
		CAST(current_user AS text) AS role`)
}

// columnsQuery asks the catalog: information_schema leaves out the tables on which the role has no right.
func (e pgEngine) columnsQuery(tables commaList) schema.QueryAppender {
	return raw(`SELECT CAST(c.relname AS text), CAST(a.attname AS text), a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
		FROM pg_catalog.pg_class AS c
		JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
		JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		WHERE n.nspname = ?0 AND c.relname IN (?1) AND c.relkind IN ('r', 'v', 'm', 'f', 'p')`, e.kamailio, tables)
}

func (e pgEngine) theirs() schema.QueryAppender { return bun.Safe(`COLLATE "default"`) }

func (e pgEngine) isNumber(column string) schema.QueryAppender {
	return bun.Safe(column + ` ~ '^\+[1-9][0-9]{1,14}$'`)
}

func (e pgEngine) isInteger(column string) schema.QueryAppender {
	return bun.Safe(column + ` ~ '^[-+]{0,1}[0-9]+$'`)
}

func (e sqliteEngine) serverQuery() schema.QueryAppender {
	return raw(`SELECT sqlite_version() AS version, 0 AS number, '' AS role`)
}

func (e sqliteEngine) columnsQuery(tables commaList) schema.QueryAppender {
	return raw(`SELECT m.name, c.name, c."notnull" AND c.dflt_value IS NULL AND c.pk = 0
		FROM sqlite_master AS m, pragma_table_info(m.name) AS c
		WHERE m.type IN ('table', 'view') AND m.name IN (?)`, tables)
}

func (e sqliteEngine) theirs() schema.QueryAppender { return bun.Safe("") }

func (e sqliteEngine) isNumber(column string) schema.QueryAppender {
	return bun.Safe("(length(" + column + ") BETWEEN 3 AND 16 AND " + column + " GLOB '+[1-9]*' AND substr(" + column + ", 2) NOT GLOB '*[^0-9]*')")
}

func (e sqliteEngine) isInteger(column string) schema.QueryAppender {
	return bun.Safe("(ltrim(" + column + ", '-+') <> '' AND ltrim(" + column + ", '-+') NOT GLOB '*[^0-9]*')")
}
