-- Users, their phones, the pool of free numbers, and the default servers of domains.
CREATE TABLE hermes_users (
	username text NOT NULL,
	domain text NOT NULL,
	type text NOT NULL CHECK (type IN ('local', 'remote')),
	sealed blob NOT NULL,
	authid text NOT NULL,
	registrar text NOT NULL,
	r_port integer NOT NULL,
	proxy text NOT NULL,
	p_port integer NOT NULL,
	dialplan text NOT NULL,
	displayname text NOT NULL,
	folded text NOT NULL,
	linetext text NOT NULL,
	email text NOT NULL,
	rpid text NOT NULL,
	permittedcalls text NOT NULL,
	PRIMARY KEY (username, domain)
);
CREATE TABLE hermes_phones (
	mac text NOT NULL,
	username text NOT NULL,
	domain text NOT NULL,
	PRIMARY KEY (mac, username, domain)
) WITHOUT ROWID;
CREATE INDEX hermes_phones_user ON hermes_phones (username, domain, mac);
CREATE TABLE hermes_numbers (
	number text NOT NULL PRIMARY KEY
) WITHOUT ROWID;
CREATE TABLE hermes_servers (
	domain text NOT NULL PRIMARY KEY,
	registrar text NOT NULL,
	r_port integer NOT NULL,
	proxy text NOT NULL,
	p_port integer NOT NULL,
	prov_url text NOT NULL
);
