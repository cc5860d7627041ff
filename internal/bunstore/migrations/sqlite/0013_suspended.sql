-- What a suspended account had in Kamailio's table, sealed; empty where the account is not
-- suspended.
ALTER TABLE hermes_users ADD COLUMN suspended blob NOT NULL DEFAULT x'';
ALTER TABLE hermes_users ADD COLUMN suspended_reason text NOT NULL DEFAULT '';
