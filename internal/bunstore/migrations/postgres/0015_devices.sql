-- Desk phones that get their files from Hermes, and the keys in the addresses of these files: of
-- each key its SHA-256 and, sealed, itself. Both are empty where there is no key.
CREATE TABLE hermes.devices (
	mac text COLLATE "C" NOT NULL PRIMARY KEY,
	vendor text NOT NULL,
	note text NOT NULL,
	domain text COLLATE "C" NOT NULL,
	open_until timestamptz,
	key_hash bytea NOT NULL,
	key_sealed bytea NOT NULL,
	next_hash bytea NOT NULL,
	next_sealed bytea NOT NULL,
	said_vendor text NOT NULL,
	said_model text NOT NULL,
	said_firmware text NOT NULL,
	last_seen timestamptz,
	last_address text NOT NULL
);
CREATE UNIQUE INDEX devices_key ON hermes.devices (key_hash) WHERE key_hash <> '';
CREATE UNIQUE INDEX devices_next ON hermes.devices (next_hash) WHERE next_hash <> '';
CREATE TABLE hermes.domain_keys (
	domain text COLLATE "C" NOT NULL PRIMARY KEY,
	current_hash bytea NOT NULL,
	current_sealed bytea NOT NULL,
	before_hash bytea NOT NULL,
	before_sealed bytea NOT NULL
);
CREATE UNIQUE INDEX domain_keys_current ON hermes.domain_keys (current_hash) WHERE current_hash <> '';
CREATE UNIQUE INDEX domain_keys_before ON hermes.domain_keys (before_hash) WHERE before_hash <> '';
