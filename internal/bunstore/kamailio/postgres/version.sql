-- Kamailio's table version, in the schema that psql's variable names: psql -v schema=public -f version.sql
CREATE TABLE :"schema".version (
	id SERIAL PRIMARY KEY NOT NULL,
	table_name VARCHAR(32) NOT NULL,
	table_version INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT version_table_name_idx UNIQUE (table_name)
);
