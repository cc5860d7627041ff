-- The names of the steps that were applied. The table is left out where it exists.
CREATE TABLE hermes_migrations (
	name text NOT NULL PRIMARY KEY,
	applied timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
