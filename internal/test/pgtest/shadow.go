package pgtest

import "testing"

// ShadowError is in the error of a statement that runs what [DB.ShadowBuiltins] made.
const ShadowError = "a function of another role ran"

// ShadowBuiltins makes functions and operators in the schema public, as a role of its own that may
// create them there. They have names of PostgreSQL's. With a search_path that has public,
// PostgreSQL prefers them for arguments of exactly their types, such as two of the type varchar, as
// Kamailio's columns are. All of them fail with ShadowError.
func (db *DB) ShadowBuiltins(tb testing.TB) {
	tb.Helper()
	role := "shadow_" + db.name
	db.Exec(tb, "CREATE ROLE "+role+"; GRANT CREATE, USAGE ON SCHEMA public TO "+role)
	tb.Cleanup(func() { db.Exec(tb, "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	db.Exec(tb, "SET ROLE "+role+";"+shadowBuiltins)
}

const shadowBuiltins = `DO $do$
DECLARE
	types text[] := ARRAY['varchar', 'text', 'name', 'integer', 'bigint', 'bytea', 'json', 'timestamptz'];
	l text; r text; o text; f text; result text;
	body text := ' LANGUAGE plpgsql AS $f$BEGIN RAISE EXCEPTION ''` + ShadowError + ` as %'', current_user; END$f$';
BEGIN
	FOREACH l IN ARRAY types LOOP
		FOREACH r IN ARRAY types LOOP
			FOREACH o IN ARRAY ARRAY['=', '<>', '<', '>', '<=', '>=', '~~', '!~~', '~', '||', '%', '+', '*', '->>'] LOOP
				result := CASE WHEN o IN ('||', '->>') THEN 'text' WHEN o IN ('%', '+', '*') THEN 'bigint' ELSE 'boolean' END;
				f := 'shadow_' || result;
				EXECUTE format('CREATE OR REPLACE FUNCTION public.%I(a %s, b %s) RETURNS %s', f, l, r, result) || body;
				EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.%I)', o, l, r, f);
			END LOOP;
			FOREACH f IN ARRAY ARRAY['substr', 'current_setting', 'set_config', 'array_to_string'] LOOP
				EXECUTE format('CREATE FUNCTION public.%I(a %s, b %s) RETURNS text', f, l, r) || body;
			END LOOP;
		END LOOP;
		FOREACH f IN ARRAY ARRAY['lower', 'length', 'to_json', 'quote_ident', 'to_regclass', 'to_regnamespace',
				'pg_advisory_xact_lock', 'pg_advisory_xact_lock_shared', 'pg_try_advisory_xact_lock', 'current_setting',
				'jsonb_array_elements_text', 'pg_terminate_backend', 'pg_xact_status'] LOOP
			EXECUTE format('CREATE FUNCTION public.%I(a %s) RETURNS text', f, l) || body;
		END LOOP;
	END LOOP;
END $do$`
