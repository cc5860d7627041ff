-- The index for searches for parts of names. It needs the extension pg_trgm, which some roles may not create:
-- searches then read the whole table. This may run again and again.
DO $hermes$
DECLARE home name;
BEGIN
	IF to_regclass('hermes.users_search') IS NOT NULL THEN RETURN; END IF;
	CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA hermes;
	SELECT n.nspname INTO home FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
	EXECUTE format('CREATE INDEX users_search ON hermes.users USING gin (lower((username || ''@'' || domain) COLLATE "C") %I.gin_trgm_ops, folded %I.gin_trgm_ops)', home, home);
EXCEPTION WHEN insufficient_privilege OR feature_not_supported OR undefined_file THEN
	RAISE NOTICE 'no trigram index on hermes.users: %', SQLERRM;
END $hermes$;
