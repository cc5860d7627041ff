-- For lists that are narrowed to the domains of a scope. Domains are compared in lower case.
CREATE INDEX users_scope ON hermes.users (lower(domain COLLATE "C"), username, domain);
CREATE INDEX phones_scope ON hermes.phones (lower(domain COLLATE "C"), mac);
