package bunstore

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hermes-voip/go-hermes/hermes"
)

// SerializableLockTable is a table that serializable transactions on PostgreSQL lock, so that one
// that keeps failing because of others can run alone. Nothing else locks it or writes to it, except
// migrations.
const SerializableLockTable = "hermes.migrations"

// postgresEngine returns what PostgreSQL needs. It plans most statements without their values: then
// it takes a time with one bound for so common that it would read all of a table, and one with two
// bounds for rare. OFFSET keeps it from reading the numbers in their order instead.
func postgresEngine(schema string) engine {
	return engine{
		folder:        "postgres",
		schema:        schema,
		words:         map[string]string{"C": `COLLATE pg_catalog."C"`, "theirs": `COLLATE pg_catalog."default"`, "T": "::pg_catalog.text"},
		stamp:         postgresStamp,
		lockCalls:     postgresLockCalls,
		keepsPlans:    true,
		writesInWith:  true,
		ownID:         "(-1 - pg_catalog.floor(pg_catalog.random() * 2147483647))::pg_catalog.int4",
		locksRows:     true,
		noBytes:       "''::pg_catalog.bytea",
		same:          "?0 ?T = ?1",
		folds:         "lower(? ?T ?C)",
		accountsAfter: "(s.username ?B, s.domain ?B) > (?0, ?1)",
		accountsOrder: "s.username ?B, s.domain ?B",
		accountsIn:    "(s.username ?B, s.domain ?B) > (?0, ?1) AND s.username ?B >= ?2 AND s.username ?B < ?3",
		aliasesAfter:  "(a.alias_username ?B, a.alias_domain ?B, a.username ?B, a.domain ?B) > (?0, ?1, ?2, ?3)",
		aliasesOrder:  "au, ad, du, dd",
		holds:         postgresHolds,
		folded:        postgresFolded,
		foldedArgs:    postgresFoldedArgs,
		properties:    postgresProperties,
		columns:       postgresColumns,
		// The time is in a query of its own, so that PostgreSQL does not know it when it makes a plan. It
		// would take a plan for the one value for so much better that it made one for every run.
		over:             "SELECT r.number FROM ?reserved_numbers AS r WHERE r.until > '-infinity' AND r.until <= (SELECT ?0::pg_catalog.timestamptz) OFFSET 0",
		reservedByTime:   "?reserved_numbers AS n",
		isOver:           "n.until > '-infinity' AND n.until <= ?",
		addNumbers:       postgresAddNumbers,
		possibleTime:     "CASE WHEN ?0 >= '1970-01-01 00:00:00+00' AND ?0 < '9999-01-01 00:00:00+00' THEN ?0 END",
		jsonTexts:        "(SELECT value FROM pg_catalog.jsonb_array_elements_text(?::pg_catalog.jsonb))",
		beforeAddNumbers: "SET LOCAL enable_nestloop = off",
		afterAddNumbers:  "SET LOCAL enable_nestloop TO DEFAULT",
		analyzeNumbers:   "ANALYZE ?numbers",
		pinPath:          "SET LOCAL search_path = pg_catalog;\n",
		ownTables:        postgresOwnTables,
		lockMigrations:   postgresLockMigrations,
		migrated:         postgresMigrated,
		search:           mustRead("migrations/postgres/search.sql"),
		hasTable:         postgresHasTable,
		server:           postgresServer,
		stockColumns:     postgresStockColumns,
		triggers:         postgresTriggers,
		isNumber:         `?::pg_catalog.text ~ '^\+[1-9][0-9]{1,14}$'`,
		isInteger:        `?::pg_catalog.text ~ '^[-+]{0,1}[0-9]+$'`,
	}
}

// postgresHolds reports whether s is UTF-8 without NUL.
func postgresHolds(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// postgresLockCalls writes the ids as literals, so that the calls can be in one text with BEGIN.
func postgresLockCalls(locks []hermes.Lock) string {
	locks = slices.SortedFunc(slices.Values(locks), func(a, b hermes.Lock) int { return cmp.Compare(a.ID, b.ID) })
	var calls []string
	for _, l := range locks {
		mode := ""
		if l.Shared {
			mode = "_shared"
		}
		calls = append(calls, fmt.Sprintf("pg_catalog.pg_advisory_xact_lock%s(%d)", mode, l.ID))
	}
	return strings.Join(calls, ", ")
}

func postgresStamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}

// postgresProperties asks for the provider of the collation by way of JSON, since PostgreSQL 14
// has no such column.
const postgresProperties = `SELECT coalesce(pg_catalog.to_json(d) OPERATOR(pg_catalog.->>) 'datlocprovider', 'c') = 'c'
		AND pg_catalog.lower(d.datcollate::pg_catalog.text) IN ('c', 'posix', 'c.utf-8', 'c.utf8') AS bytewise,
	pg_catalog.current_setting('standard_conforming_strings') = 'on'
		AND pg_catalog.current_setting('server_encoding') = 'UTF8' AS strings,
	pg_catalog.array_to_string(pg_catalog.current_schemas(true), ',') AS path
	FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database()`

// postgresColumns passes over columns on which the role has no right.
const postgresColumns = `SELECT c.relname::pg_catalog.text, a.attname::pg_catalog.text,
		CASE WHEN o.collname <> 'default' THEN o.collname::pg_catalog.text ELSE '' END,
		coalesce(b.typname, t.typname)::pg_catalog.text, coalesce(o.collisdeterministic, true),
		CASE WHEN coalesce(b.typname, t.typname) IN ('varchar', 'bpchar') AND m.typmod >= 4 THEN m.typmod - 4 ELSE 0 END
	FROM pg_catalog.pg_class AS c
	JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum::integer > 0 AND NOT a.attisdropped
	JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
	LEFT JOIN pg_catalog.pg_type AS b ON b.oid = t.typbasetype
	LEFT JOIN pg_catalog.pg_collation AS o ON o.oid = a.attcollation
	CROSS JOIN LATERAL (SELECT greatest(a.atttypmod, t.typtypmod) AS typmod) AS m
	WHERE n.nspname = ?schema AND c.relname IN ('subscriber', 'dbaliases', 'domain', 'grp')
		AND c.relkind IN ('r', 'v', 'm', 'f', 'p') AND (pg_catalog.pg_has_role(c.relowner, 'USAGE')
			OR pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT, INSERT, UPDATE, REFERENCES'))`

// postgresAddNumbers leaves out with NOT EXISTS most of what ON CONFLICT would have to try. Without
// nested loops, stale statistics cannot make it compare every number of the range with every number
// of the pool. The order is that of all ranges, so that two of them that have numbers in common
// wait for each other only once.
const postgresAddNumbers = `INSERT INTO ?numbers (number)
	SELECT r.number FROM (SELECT '+' || g AS number FROM generate_series($1::bigint, $2::bigint) AS g) AS r
	WHERE NOT EXISTS (SELECT 1 FROM ?numbers AS n
		WHERE n.number = r.number AND n.number BETWEEN '+' || $1::bigint AND '+' || $2::bigint)
	AND NOT EXISTS (SELECT 1 FROM ?reserved_numbers AS n
		WHERE n.number = r.number AND n.number BETWEEN '+' || $1::bigint AND '+' || $2::bigint)
	AND NOT EXISTS (SELECT 1 FROM ?dbaliases AS a
		WHERE a.alias_username = r.number AND a.alias_username ?B BETWEEN '+' || $1::bigint AND '+' || $2::bigint)
	ORDER BY r.number ?C ON CONFLICT DO NOTHING`

const postgresOwnTables = `SELECT pg_catalog.to_regnamespace('hermes') IS NOT NULL AS has_schema,
	pg_catalog.to_regclass('hermes.migrations') IS NOT NULL AS has_migrations`

// postgresLockMigrations locks the number that the bytes of "hermes" are.
const postgresLockMigrations = "SET LOCAL lock_timeout = '2s'; SELECT pg_catalog.pg_advisory_xact_lock(114784920757619)"

const postgresMigrated = "SET LOCAL lock_timeout TO DEFAULT"

const postgresHasTable = `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class AS c
	JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = ?schema AND c.relname = $1)`

const postgresServer = `SELECT current_setting('server_version') AS version,
	CAST(current_setting('server_version_num') AS integer) AS number, CAST(current_user AS text) AS role`

// postgresStockColumns asks the catalog: information_schema leaves out the tables on which the
// role has no right.
const postgresStockColumns = `SELECT CAST(c.relname AS text), CAST(a.attname AS text),
		a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
	FROM pg_catalog.pg_class AS c
	JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE n.nspname = ?schema AND c.relkind IN ('r', 'v', 'm', 'f', 'p')
		AND c.relname IN ('version', 'subscriber', 'dbaliases', 'domain', 'domain_attrs', 'grp')`

// postgresSearchable reports whether there is the index that serves searches for parts of names.
const postgresSearchable = `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class AS c
	JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = 'hermes' AND c.relname = 'users_search')`

// The postgresLacking… texts list rights that the role lacks, such as "INSERT on
// public.subscriber".

const postgresLackingOnSchemas = `SELECT 'USAGE on schema ' || n.nspname FROM pg_catalog.pg_namespace AS n
	WHERE n.nspname IN (?schema, 'hermes') AND NOT has_schema_privilege(n.oid, 'USAGE')`

// postgresLackingToMigrate is about the schema of Hermes' own tables and, where it does not
// exist, the database.
const postgresLackingToMigrate = `SELECT 'CREATE on schema hermes' FROM pg_catalog.pg_namespace AS n
		WHERE n.nspname = 'hermes' AND NOT has_schema_privilege(n.oid, 'CREATE')`

const postgresLackingToCreate = `SELECT 'CREATE on database ' || current_database()
	WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'hermes')
	AND NOT has_database_privilege(current_database(), 'CREATE')`

const postgresLackingOnTables = `SELECT w.privilege || ' on ' || n.nspname || '.' || c.relname
	FROM (VALUES
		(0, 'subscriber', 'SELECT'), (1, 'subscriber', 'INSERT'), (2, 'subscriber', 'UPDATE'), (3, 'subscriber', 'DELETE'),
		(4, 'dbaliases', 'SELECT'), (5, 'dbaliases', 'INSERT'), (6, 'dbaliases', 'UPDATE'), (7, 'dbaliases', 'DELETE'),
		(8, 'grp', 'SELECT'), (9, 'grp', 'INSERT'), (10, 'grp', 'UPDATE'), (11, 'grp', 'DELETE'),
		(12, 'domain', 'SELECT'), (13, 'version', 'SELECT'), (14, 'domain_attrs', 'SELECT')) AS w (place, name, privilege)
	JOIN pg_catalog.pg_class AS c ON c.relname = w.name
	JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = ?schema AND NOT has_table_privilege(c.oid, w.privilege) ORDER BY w.place`

const postgresLackingOnSequences = `SELECT DISTINCT 'USAGE on sequence ' || n.nspname || '.' || s.relname AS lacking
	FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS k ON k.oid = c.relnamespace
	JOIN pg_catalog.pg_attrdef AS a ON a.adrelid = c.oid
	JOIN pg_catalog.pg_depend AS d ON d.classid = CAST('pg_catalog.pg_attrdef' AS regclass) AND d.objid = a.oid
		AND d.refclassid = CAST('pg_catalog.pg_class' AS regclass)
	JOIN pg_catalog.pg_class AS s ON s.oid = d.refobjid
	JOIN pg_catalog.pg_namespace AS n ON n.oid = s.relnamespace
	WHERE k.nspname = ?schema AND c.relname IN ('subscriber', 'dbaliases', 'grp')
		AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE, UPDATE') END
	ORDER BY lacking`

const postgresLackingOnOwnTables = `SELECT w.privilege || ' on hermes.' || c.relname
	FROM (VALUES (0, 'SELECT'), (1, 'INSERT'), (2, 'UPDATE'), (3, 'DELETE')) AS w (place, privilege)
	CROSS JOIN pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	WHERE n.nspname = 'hermes' AND c.relname IN (?) AND NOT has_table_privilege(c.oid, w.privilege)
	ORDER BY c.relname, w.place`
