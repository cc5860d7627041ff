package bunstore

import (
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"
)

// migrationLock is "hermes" as a number.
const migrationLock = 0x6865726d6573

func (e pgEngine) lockMigrations() schema.QueryAppender {
	return raw(`SELECT CAST(pg_advisory_xact_lock(?) AS text)`, migrationLock)
}

func (e pgEngine) own() schema.QueryAppender {
	return raw(`SELECT to_regnamespace('hermes') IS NOT NULL AS schema, to_regclass('hermes.migrations') IS NOT NULL AS migrations`)
}

func (e pgEngine) ddl(statement string) string { return pgDDL.Replace(statement) }

func (e pgEngine) createSchema() string { return `CREATE SCHEMA hermes` }

// search makes an index of trigrams. Where the extension is not installed, or may not be created by
// this user, searches read the table instead.
func (e pgEngine) search() string {
	return `DO $hermes$
DECLARE home name;
BEGIN
	IF to_regclass('hermes.users_search') IS NOT NULL THEN RETURN; END IF;
	CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA hermes;
	SELECT n.nspname INTO home FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
	EXECUTE format('CREATE INDEX users_search ON hermes.users USING gin (lower((username || ''@'' || domain) COLLATE "C") %I.gin_trgm_ops, folded %I.gin_trgm_ops)', home, home);
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_file THEN
	RAISE NOTICE 'no trigram index on hermes.users: %', SQLERRM;
END $hermes$`
}

func (e pgEngine) there(table string) schema.QueryAppender {
	return raw(`SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname = ? AND c.relname = ?)`, e.kamailio, table)
}

func (e pgEngine) kamailioWords() (prefix, id string) {
	quoted, _ := bun.Name(e.kamailio).AppendQuery(schema.NewQueryGen(e.dialect), nil)
	return string(quoted) + ".", "id SERIAL PRIMARY KEY NOT NULL"
}

// lockMigrations is nil: a transaction begins by being the only one.
func (e sqliteEngine) lockMigrations() schema.QueryAppender { return nil }

func (e sqliteEngine) own() schema.QueryAppender {
	return raw(`SELECT 1 AS schema, EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'hermes_migrations') AS migrations`)
}

func (e sqliteEngine) ddl(statement string) string { return sqliteDDL.Replace(statement) }

func (e sqliteEngine) createSchema() string { return "" }

func (e sqliteEngine) search() string { return "" }

func (e sqliteEngine) there(table string) schema.QueryAppender {
	return raw(`SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = ?)`, table)
}

func (e sqliteEngine) kamailioWords() (prefix, id string) {
	return "", "id INTEGER PRIMARY KEY NOT NULL"
}
