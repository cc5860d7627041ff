-- Desk phones that get their files from Hermes, and the keys in the addresses of these files: of
-- each key its SHA-256 and, sealed, itself. Both are empty where there is no key.
CREATE TABLE hermes_devices (
	mac text NOT NULL PRIMARY KEY,
	vendor text NOT NULL,
	note text NOT NULL,
	domain text NOT NULL,
	open_until integer,
	key_hash blob NOT NULL,
	key_sealed blob NOT NULL,
	next_hash blob NOT NULL,
	next_sealed blob NOT NULL,
	said_vendor text NOT NULL,
	said_model text NOT NULL,
	said_firmware text NOT NULL,
	last_seen integer,
	last_address text NOT NULL
);
CREATE UNIQUE INDEX hermes_devices_key ON hermes_devices (key_hash) WHERE key_hash <> x'';
CREATE UNIQUE INDEX hermes_devices_next ON hermes_devices (next_hash) WHERE next_hash <> x'';
CREATE TABLE hermes_domain_keys (
	domain text NOT NULL PRIMARY KEY,
	current_hash blob NOT NULL,
	current_sealed blob NOT NULL,
	before_hash blob NOT NULL,
	before_sealed blob NOT NULL
);
CREATE UNIQUE INDEX hermes_domain_keys_current ON hermes_domain_keys (current_hash) WHERE current_hash <> x'';
CREATE UNIQUE INDEX hermes_domain_keys_before ON hermes_domain_keys (before_hash) WHERE before_hash <> x'';
