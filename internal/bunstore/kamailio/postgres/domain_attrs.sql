-- Kamailio's table domain_attrs, in the schema that psql's variable names: psql -v schema=public -f domain_attrs.sql
CREATE TABLE :"schema".domain_attrs (
	id SERIAL PRIMARY KEY NOT NULL,
	did VARCHAR(64) NOT NULL,
	name VARCHAR(32) NOT NULL,
	type INTEGER NOT NULL,
	value VARCHAR(255) NOT NULL,
	last_modified TIMESTAMP WITHOUT TIME ZONE DEFAULT '2000-01-01 00:00:01' NOT NULL
);
CREATE INDEX domain_attrs_domain_attrs_idx ON :"schema".domain_attrs (did, name);
