-- Who may call the API: passwords, access levels, API keys, nonces and sessions.
-- Times are microseconds since 1970; NULL stands for none. Sealed and hashed values are bytes.
CREATE TABLE hermes_credentials (
	username text NOT NULL PRIMARY KEY,
	hash text NOT NULL
);
CREATE TABLE hermes_authorizations (
	kind text NOT NULL,
	name text NOT NULL,
	access integer NOT NULL,
	PRIMARY KEY (kind, name)
);
CREATE TABLE hermes_api_keys (
	id text NOT NULL PRIMARY KEY,
	hash blob NOT NULL,
	public_key blob NOT NULL,
	host text NOT NULL,
	comment text NOT NULL,
	created integer,
	expires integer,
	last_used integer
);
CREATE TABLE hermes_nonces (
	id blob NOT NULL PRIMARY KEY,
	key_id text NOT NULL,
	expires integer
);
CREATE TABLE hermes_sessions (
	id blob NOT NULL PRIMARY KEY,
	kind text NOT NULL,
	name text NOT NULL,
	cookie blob NOT NULL,
	salt blob NOT NULL,
	gen bigint NOT NULL,
	created integer,
	rotated integer,
	key_expires integer,
	expires integer,
	last_seen integer
);
CREATE INDEX hermes_sessions_principal ON hermes_sessions (kind, name, last_seen, id);
