-- Kamailio's table dbaliases, in the schema that psql's variable names: psql -v schema=public -f dbaliases.sql
CREATE TABLE :"schema".dbaliases (
	id SERIAL PRIMARY KEY NOT NULL,
	alias_username VARCHAR(64) DEFAULT '' NOT NULL,
	alias_domain VARCHAR(64) DEFAULT '' NOT NULL,
	username VARCHAR(64) DEFAULT '' NOT NULL,
	domain VARCHAR(64) DEFAULT '' NOT NULL
);
CREATE INDEX dbaliases_alias_user_idx ON :"schema".dbaliases (alias_username);
CREATE INDEX dbaliases_alias_idx ON :"schema".dbaliases (alias_username, alias_domain);
CREATE INDEX dbaliases_target_idx ON :"schema".dbaliases (username, domain);
