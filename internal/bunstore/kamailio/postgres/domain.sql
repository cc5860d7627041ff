-- Kamailio's table domain, in the schema that psql's variable names: psql -v schema=public -f domain.sql
CREATE TABLE :"schema".domain (
	id SERIAL PRIMARY KEY NOT NULL,
	domain VARCHAR(64) NOT NULL,
	did VARCHAR(64) DEFAULT NULL,
	last_modified TIMESTAMP WITHOUT TIME ZONE DEFAULT '2000-01-01 00:00:01' NOT NULL,
	CONSTRAINT domain_domain_idx UNIQUE (domain)
);
