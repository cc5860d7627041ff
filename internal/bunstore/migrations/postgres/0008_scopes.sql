-- The part of the world that an access level is for: comma-separated lists, empty where it is not
-- narrowed.
ALTER TABLE hermes.authorizations ADD COLUMN domains text NOT NULL DEFAULT '';
ALTER TABLE hermes.authorizations ADD COLUMN numbers text NOT NULL DEFAULT '';
ALTER TABLE hermes.authorizations ADD COLUMN nodes text NOT NULL DEFAULT '';
