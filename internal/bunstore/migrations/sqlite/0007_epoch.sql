-- epoch tells a login that was verified before a change of its principal from one after it.
-- confirmed is when a backend last had the user of a session. marks are facts that outlive their rows.
ALTER TABLE hermes_authorizations ADD COLUMN epoch integer NOT NULL DEFAULT 0;
ALTER TABLE hermes_api_keys ADD COLUMN created_by text NOT NULL DEFAULT '';
ALTER TABLE hermes_sessions ADD COLUMN confirmed integer;
UPDATE hermes_sessions SET confirmed = rotated WHERE kind = 'user';
CREATE TABLE hermes_marks (
	name text NOT NULL PRIMARY KEY
) WITHOUT ROWID;
-- A database that is in use has had an authorization.
INSERT INTO hermes_marks (name) SELECT 'authorized' WHERE EXISTS (SELECT 1 FROM hermes_authorizations)
	OR EXISTS (SELECT 1 FROM hermes_credentials) OR EXISTS (SELECT 1 FROM hermes_api_keys)
	OR EXISTS (SELECT 1 FROM hermes_sessions) OR EXISTS (SELECT 1 FROM hermes_users)
	OR EXISTS (SELECT 1 FROM hermes_numbers) OR EXISTS (SELECT 1 FROM hermes_servers);
