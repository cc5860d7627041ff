package bunstore

import (
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// sqliteEngine has one writer at a time, which replaces the locks that PostgreSQL needs.
func sqliteEngine() engine {
	return engine{
		folder:    "sqlite",
		words:     map[string]string{"C": "", "theirs": "", "T": ""},
		stamp:     sqliteStamp,
		lockCalls: func([]hermes.Lock) string { return "" },

		stopsInFirstStep: true,

		noBytes: "x''",

		same: "(?0 = ?1 OR ?0 = CAST(?1 AS blob))",
		// Without the || SQLite would take the index for other statements, too, which look for one user,
		// and read all of the domain.
		folds: "lower(? || '')",

		accountsAfter: "s.username >= ?0 AND s.username < x'' AND (s.username, CAST(s.domain AS text)) > (?0, ?1)",
		accountsOrder: "s.username, CAST(s.domain AS text)",
		// SQLite takes one upper bound, and has no statistics to choose: this has no other one.
		accountsIn: "s.username >= ?2 AND s.username < ?3 AND (s.username, CAST(s.domain AS text)) > (?0, ?1)",

		blobAccountsAfter: "s.username >= x'' AND (CAST(s.username AS text), CAST(s.domain AS text)) > (?0, ?1)",
		blobAccountsOrder: "CAST(s.username AS text), CAST(s.domain AS text)",

		aliasesAfter: "a.alias_username >= ?0 AND a.alias_username < x'' AND (a.alias_username, " + sqliteAliasRest,
		aliasesOrder: "a.alias_username, ad, du, dd",

		blobAliasesAfter: "a.alias_username >= x'' AND (CAST(a.alias_username AS text), " + sqliteAliasRest,
		blobAliasesOrder: "au, ad, du, dd",

		folded:     sqliteFolded,
		foldedArgs: sqliteFoldedArgs,
		properties: "SELECT 1 AS bytewise, 1 AS strings, '' AS path",
		columns:    sqliteColumns,

		comparesExactly: sqliteComparesExactly,

		over:           "SELECT r.number FROM ?reserved_numbers AS r INDEXED BY hermes_reserved_numbers_until WHERE r.until <= ?0",
		reservedByTime: "?reserved_numbers AS n INDEXED BY hermes_reserved_numbers_until",
		isOver:         "n.until <= ?",

		addNumbers:   sqliteAddNumbers,
		possibleTime: "CASE WHEN ?0 >= 0 AND ?0 < 253370764800000000 THEN ?0 END",
		jsonTexts:    "json_each(?)",
		ownTables:    sqliteOwnTables,
		hasTable:     "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = ?1)",
		server:       "SELECT sqlite_version() AS version, 0 AS number, '' AS role",
		stockColumns: sqliteStockColumns,
		triggers:     sqliteTriggers,
		isNumber:     "(length(?0) BETWEEN 3 AND 16 AND ?0 GLOB '+[1-9]*' AND substr(?0, 2) NOT GLOB '*[^0-9]*')",
		isInteger:    "(ltrim(?0, '-+') <> '' AND ltrim(?0, '-+') NOT GLOB '*[^0-9]*')",
	}
}

const sqliteAliasRest = "CAST(a.alias_domain AS text), CAST(a.username AS text), CAST(a.domain AS text)) > (?0, ?1, ?2, ?3)"

func sqliteStamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

const sqliteColumns = `SELECT m.name, c.name, '', '', true, 0 FROM sqlite_master AS m, pragma_table_info(m.name) AS c
	WHERE m.type IN ('table', 'view') AND m.name IN ('subscriber', 'dbaliases', 'domain', 'grp')`

// sqliteComparesExactly has a column of values that gets its collation from the column. A column of
// the collation NOCASE or RTRIM finds one of them.
const sqliteComparesExactly = `SELECT NOT EXISTS (SELECT 1 FROM (SELECT ?1 AS v FROM ?0 WHERE false UNION ALL SELECT 'a') AS k
	WHERE k.v IN ('A') OR k.v = 'a ')`

// sqliteAddNumbers counts in blocks of a thousand, since a step of a recursive query costs as much
// as the insert. It looks for an alias of each number only if the range has any: as both ends have
// the same number of digits, the order of the texts is that of the numbers.
const sqliteAddNumbers = `WITH RECURSIVE
	k(i) AS MATERIALIZED (SELECT 0 UNION ALL SELECT i + 1 FROM k WHERE i < 999),
	b(first) AS (SELECT ?1 UNION ALL SELECT first + 1000 FROM b WHERE first + 1000 <= ?2),
	r(v) AS (SELECT b.first + k.i FROM b CROSS JOIN k WHERE b.first + k.i <= ?2)
	INSERT INTO ?numbers (number) SELECT '+' || v FROM r
	WHERE NOT (
		EXISTS (SELECT 1 FROM ?dbaliases AS a WHERE a.alias_username BETWEEN '+' || ?1 AND '+' || ?2)
		AND EXISTS (SELECT 1 FROM ?dbaliases AS a WHERE a.alias_username = '+' || v))
	AND NOT EXISTS (SELECT 1 FROM ?reserved_numbers AS n WHERE n.number = '+' || v)
	ON CONFLICT DO NOTHING`

const sqliteTriggers = `SELECT 'trigger ' || m.name || ' on ' || m.tbl_name AS found FROM sqlite_master AS m
	WHERE m.type = 'trigger' AND m.tbl_name IN ('subscriber', 'dbaliases', 'domain', 'grp') ORDER BY found`

const sqliteOwnTables = `SELECT 1 AS has_schema,
	EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'hermes_migrations') AS has_migrations`

const sqliteStockColumns = `SELECT m.name, c.name, c."notnull" AND c.dflt_value IS NULL AND c.pk = 0
	FROM sqlite_master AS m, pragma_table_info(m.name) AS c
	WHERE m.type IN ('table', 'view')
		AND m.name IN ('version', 'subscriber', 'dbaliases', 'domain', 'domain_attrs', 'grp')`
