-- Users, their phones, the pool of free numbers, and the default servers of domains.
-- Columns that are keys or are sorted by compare byte-wise.
CREATE TABLE hermes.users (
	username text COLLATE "C" NOT NULL,
	domain text COLLATE "C" NOT NULL,
	type text NOT NULL CHECK (type IN ('local', 'remote')),
	sealed bytea NOT NULL,
	authid text NOT NULL,
	registrar text NOT NULL,
	r_port integer NOT NULL,
	proxy text NOT NULL,
	p_port integer NOT NULL,
	dialplan text NOT NULL,
	displayname text NOT NULL,
	folded text COLLATE "C" NOT NULL,
	linetext text NOT NULL,
	email text NOT NULL,
	rpid text NOT NULL,
	permittedcalls text NOT NULL,
	PRIMARY KEY (username, domain)
);
CREATE TABLE hermes.phones (
	mac text COLLATE "C" NOT NULL,
	username text COLLATE "C" NOT NULL,
	domain text COLLATE "C" NOT NULL,
	PRIMARY KEY (mac, username, domain)
);
CREATE INDEX phones_user ON hermes.phones (username, domain, mac);
CREATE TABLE hermes.numbers (
	number text COLLATE "C" NOT NULL PRIMARY KEY
);
CREATE TABLE hermes.servers (
	domain text COLLATE "C" NOT NULL PRIMARY KEY,
	registrar text NOT NULL,
	r_port integer NOT NULL,
	proxy text NOT NULL,
	p_port integer NOT NULL,
	prov_url text NOT NULL
);
