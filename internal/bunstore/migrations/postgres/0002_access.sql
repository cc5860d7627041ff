-- Who may call the API: passwords, access levels, API keys, nonces and sessions.
-- A time that is NULL stands for none. Sealed and hashed values are bytes.
CREATE TABLE hermes.credentials (
	username text COLLATE "C" NOT NULL PRIMARY KEY,
	hash text NOT NULL
);
CREATE TABLE hermes.authorizations (
	kind text COLLATE "C" NOT NULL,
	name text COLLATE "C" NOT NULL,
	access integer NOT NULL,
	PRIMARY KEY (kind, name)
);
CREATE TABLE hermes.api_keys (
	id text COLLATE "C" NOT NULL PRIMARY KEY,
	hash bytea NOT NULL,
	public_key bytea NOT NULL,
	host text NOT NULL,
	comment text NOT NULL,
	created timestamptz,
	expires timestamptz,
	last_used timestamptz
);
CREATE TABLE hermes.nonces (
	id bytea NOT NULL PRIMARY KEY,
	key_id text NOT NULL,
	expires timestamptz
);
CREATE TABLE hermes.sessions (
	id bytea NOT NULL PRIMARY KEY,
	kind text COLLATE "C" NOT NULL,
	name text COLLATE "C" NOT NULL,
	cookie bytea NOT NULL,
	salt bytea NOT NULL,
	gen bigint NOT NULL,
	created timestamptz,
	rotated timestamptz,
	key_expires timestamptz,
	expires timestamptz,
	last_seen timestamptz
);
CREATE INDEX sessions_principal ON hermes.sessions (kind, name, last_seen, id);
