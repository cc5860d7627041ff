-- For lists that are narrowed to the domains of a scope. Domains are compared in lower case.
CREATE INDEX hermes_users_scope ON hermes_users (lower(domain || ''), username, domain);
CREATE INDEX hermes_phones_scope ON hermes_phones (lower(domain || ''), mac);
