-- What a suspended account had in Kamailio's table, sealed; empty where the account is not
-- suspended.
ALTER TABLE hermes.users ADD COLUMN suspended bytea NOT NULL DEFAULT '';
ALTER TABLE hermes.users ADD COLUMN suspended_reason text NOT NULL DEFAULT '';
