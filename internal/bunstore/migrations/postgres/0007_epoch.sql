-- epoch tells a login that was verified before a change of its principal from one after it.
-- confirmed is when a backend last had the user of a session. marks are facts that outlive their rows.
ALTER TABLE hermes.authorizations ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
ALTER TABLE hermes.api_keys ADD COLUMN created_by text NOT NULL DEFAULT '';
ALTER TABLE hermes.sessions ADD COLUMN confirmed timestamptz;
UPDATE hermes.sessions SET confirmed = rotated WHERE kind = 'user';
CREATE TABLE hermes.marks (
	name text COLLATE "C" NOT NULL PRIMARY KEY
);
-- A database that is in use has had an authorization.
INSERT INTO hermes.marks (name) SELECT 'authorized' WHERE EXISTS (SELECT 1 FROM hermes.authorizations)
	OR EXISTS (SELECT 1 FROM hermes.credentials) OR EXISTS (SELECT 1 FROM hermes.api_keys)
	OR EXISTS (SELECT 1 FROM hermes.sessions) OR EXISTS (SELECT 1 FROM hermes.users)
	OR EXISTS (SELECT 1 FROM hermes.numbers) OR EXISTS (SELECT 1 FROM hermes.servers);
