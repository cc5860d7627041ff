-- A nonce of a key pair is stored when it has been used, so that it cannot be used again. It proves
-- by itself which key it was made for, and when it expires.
DELETE FROM hermes.nonces;
ALTER TABLE hermes.nonces DROP COLUMN key_id;
-- The networks from which principals have logged in: failures elsewhere do not stop them there.
CREATE TABLE hermes.logins (
	kind text COLLATE "C" NOT NULL,
	name text COLLATE "C" NOT NULL,
	network text COLLATE "C" NOT NULL,
	expires timestamptz NOT NULL,
	PRIMARY KEY (kind, name, network)
);
CREATE INDEX logins_expires ON hermes.logins (expires);
