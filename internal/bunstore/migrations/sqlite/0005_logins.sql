-- A nonce of a key pair is stored when it has been used, so that it cannot be used again. It proves
-- by itself which key it was made for, and when it expires.
DELETE FROM hermes_nonces;
ALTER TABLE hermes_nonces DROP COLUMN key_id;
-- The networks from which principals have logged in: failures elsewhere do not stop them there.
CREATE TABLE hermes_logins (
	kind text NOT NULL,
	name text NOT NULL,
	network text NOT NULL,
	expires integer NOT NULL,
	PRIMARY KEY (kind, name, network)
);
CREATE INDEX hermes_logins_expires ON hermes_logins (expires);
