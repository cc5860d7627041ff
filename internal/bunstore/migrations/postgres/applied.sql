-- The names of the steps that were applied. The table is left out where it exists.
CREATE TABLE hermes.migrations (
	name text COLLATE "C" NOT NULL PRIMARY KEY,
	applied timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
