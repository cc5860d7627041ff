package bunstore

import (
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/schema"

	"github.com/hermes-voip/go-hermes/e164"
)

// The statements are one text for both databases wherever they can be. Where they cannot, the
// difference is a word here. Named arguments in every statement:
//
//	?subscriber ?dbaliases ?domain ?grp   Kamailio's tables
//	?users ?phones …                      Hermes' own, see ownTables
//	?C                                    the byte-wise collation, in any case
//	?B                                    the same for a column of Kamailio's, but nothing where its own collation is
//	                                      byte-wise already, so that its index serves
//	?skip ?wait                           how a row to be deleted is locked
//
// lower() of a text that has ?C folds ASCII only in both databases, which is what hermes.Fold has for ASCII.

// ownTables are Hermes' own.
var ownTables = []string{"users", "phones", "numbers", "servers", "credentials", "authorizations", "api_keys", "nonces",
	"sessions", "migrations"}

var kamailioTables = []string{"subscriber", "dbaliases", "domain", "grp"}

// engine is a database's own ways.
type engine interface {
	// layout is that of a database without Kamailio's tables, which compares text byte-wise or not.
	layout(bytewise bool) *layout
	// lookQuery lists Kamailio's tables and columns with their collations.
	lookQuery() schema.QueryAppender
	// propertiesQuery returns one row: whether the database compares text byte-wise, and whether
	// strings are what this package takes them for.
	propertiesQuery() schema.QueryAppender
	// addRange inserts the numbers from first to last, with commands to run before and after that.
	addRange(first, last e164.Number) (before []string, insert schema.QueryAppender, after []string)
	// analyze gathers the planner's figures about the numbers.
	analyze() []string
	// gate is a part of a WITH clause that locks Gate; "" where there is no need.
	gate() string
	// oneStatement tells whether a WITH clause may write.
	oneStatement() bool
	migrationEngine
}

func newEngine(d schema.Dialect, kamailioSchema string) engine {
	if d.Name() == dialect.PG {
		if kamailioSchema == "" {
			kamailioSchema = "public"
		}
		return pgEngine{d, kamailioSchema}
	}
	return sqliteEngine{d}
}

// param is the place of a bound value in a statement, the first being 1.
type param int

// AppendQuery implements schema.QueryAppender. The cast is for PostgreSQL, which would have to
// guess a type.
func (p param) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	if gen.Dialect().Name() == dialect.PG {
		return fmt.Appendf(b, "CAST($%d AS text)", p), nil
	}
	return fmt.Appendf(b, "CAST(?%d AS text)", p), nil
}

// names gives the named arguments to a bun.DB that formats statements.
func names(d schema.Dialect, tables map[string]schema.QueryAppender, words map[string]string) *bun.DB {
	db := bun.NewDB(nil, d)
	for name, table := range tables {
		db = db.WithNamedArg(name, table)
	}
	for name, word := range words {
		db = db.WithNamedArg(name, bun.Safe(word))
	}
	return db
}

// literalDigits is the number without its +, which is an integer in either database.
func literalDigits(n e164.Number) schema.QueryAppender { return bun.Safe(n.String()[1:]) }

// pgEngine is PostgreSQL.
type pgEngine struct {
	dialect  schema.Dialect
	kamailio string // schema
}

func (e pgEngine) layout(bytewise bool) *layout {
	tables := map[string]schema.QueryAppender{}
	for _, t := range kamailioTables {
		tables[t] = raw("?.?", bun.Name(e.kamailio), bun.Name(t))
	}
	for _, t := range ownTables {
		tables[t] = raw("hermes.?", bun.Name(t))
	}
	words := map[string]string{"C": `COLLATE "C"`, "B": `COLLATE "C"`, "skip": "FOR UPDATE SKIP LOCKED", "wait": "FOR UPDATE"}
	if bytewise {
		words["B"] = ""
	}
	return &layout{db: names(e.dialect, tables, words), waits: true}
}

func (e pgEngine) lookQuery() schema.QueryAppender {
	return raw(`SELECT table_name, column_name, coalesce(collation_name, '') FROM information_schema.columns
		WHERE table_schema = ? AND table_name IN ('subscriber', 'dbaliases', 'domain', 'grp')`, e.kamailio)
}

// propertiesQuery asks for the provider by way of JSON, since PostgreSQL 14 has no such column.
func (e pgEngine) propertiesQuery() schema.QueryAppender {
	return raw(`SELECT coalesce(to_json(d) ->> 'datlocprovider', 'c') = 'c'
			AND lower(d.datcollate) IN ('c', 'posix', 'c.utf-8', 'c.utf8') AS bytewise,
		current_setting('standard_conforming_strings') = 'on' AND current_setting('server_encoding') = 'UTF8' AS strings
		FROM pg_catalog.pg_database AS d WHERE d.datname = current_database()`)
}

// addRange leaves out with NOT EXISTS what ON CONFLICT would have to try; the lock makes that safe. Without
// nested loops no stale figure of the planner's can make it a million times a million.
func (e pgEngine) addRange(first, last e164.Number) (before []string, insert schema.QueryAppender, after []string) {
	insert = raw(`INSERT INTO ?numbers (number)
		SELECT r.number FROM (SELECT '+' || g AS number FROM generate_series(CAST(?0 AS bigint), CAST(?1 AS bigint)) AS g) AS r
		WHERE NOT EXISTS (SELECT 1 FROM ?numbers AS n WHERE n.number = r.number AND n.number BETWEEN ?2 AND ?3)
		AND NOT EXISTS (SELECT 1 FROM ?dbaliases AS a WHERE a.alias_username = r.number AND a.alias_username ?B BETWEEN ?2 AND ?3)`,
		literalDigits(first), literalDigits(last), first.String(), last.String())
	return []string{"LOCK TABLE ?numbers IN SHARE ROW EXCLUSIVE MODE", "SET LOCAL enable_nestloop = off"}, insert,
		[]string{"SET LOCAL enable_nestloop TO DEFAULT"}
}

func (e pgEngine) analyze() []string { return []string{"ANALYZE ?numbers"} }

func (e pgEngine) gate() string { return "gate AS (DELETE FROM " + Gate + " WHERE false)" }

func (e pgEngine) oneStatement() bool { return true }

// sqliteEngine is SQLite. Its one writer at a time is what the locks are in PostgreSQL.
type sqliteEngine struct{ dialect schema.Dialect }

func (e sqliteEngine) layout(bool) *layout {
	tables := map[string]schema.QueryAppender{}
	for _, t := range kamailioTables {
		tables[t] = bun.Name(t)
	}
	for _, t := range ownTables {
		tables[t] = bun.Name("hermes_" + t)
	}
	return &layout{db: names(e.dialect, tables, map[string]string{"C": "", "B": "", "skip": "", "wait": ""})}
}

func (e sqliteEngine) lookQuery() schema.QueryAppender {
	return raw(`SELECT m.name, c.name, '' FROM sqlite_master AS m, pragma_table_info(m.name) AS c
		WHERE m.type IN ('table', 'view') AND m.name IN ('subscriber', 'dbaliases', 'domain', 'grp')`)
}

func (e sqliteEngine) propertiesQuery() schema.QueryAppender {
	return raw(`SELECT 1 AS bytewise, 1 AS strings`)
}

func (e sqliteEngine) addRange(first, last e164.Number) (before []string, insert schema.QueryAppender, after []string) {
	return nil, raw(`WITH RECURSIVE r(v) AS (SELECT ?0 UNION ALL SELECT v + 1 FROM r WHERE v < ?1)
		INSERT INTO ?numbers (number) SELECT '+' || v FROM r
		WHERE NOT EXISTS (SELECT 1 FROM ?dbaliases AS a WHERE a.alias_username = '+' || v)
		ON CONFLICT DO NOTHING`, literalDigits(first), literalDigits(last)), nil
}

func (e sqliteEngine) analyze() []string { return nil }

func (e sqliteEngine) gate() string { return "" }

func (e sqliteEngine) oneStatement() bool { return false }
