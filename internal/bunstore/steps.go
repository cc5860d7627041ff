package bunstore

import "strings"

// A step is a change of Hermes' own tables that ships under its name and is never altered after that.
type step struct {
	name string
	sql  []string // with the words of ddlWords
}

// steps bring an empty schema to this version, in this order.
//
// Text that is a key or is ordered by is compared byte-wise. Times may be NULL for "none". What a
// Client has sealed or hashed is bytes.
var steps = []step{
	{"0001_provisioning", []string{
		`CREATE TABLE HERMES.users (
	username KEY NOT NULL,
	domain KEY NOT NULL,
	type text NOT NULL CHECK (type IN ('local', 'remote')),
	sealed BYTES NOT NULL,
	authid text NOT NULL,
	registrar text NOT NULL,
	r_port integer NOT NULL,
	proxy text NOT NULL,
	p_port integer NOT NULL,
	dialplan text NOT NULL,
	displayname text NOT NULL,
	folded KEY NOT NULL,
	linetext text NOT NULL,
	email text NOT NULL,
	rpid text NOT NULL,
	permittedcalls text NOT NULL,
	PRIMARY KEY (username, domain)
)`,
		`CREATE TABLE HERMES.phones (
	mac KEY NOT NULL,
	username KEY NOT NULL,
	domain KEY NOT NULL,
	PRIMARY KEY (mac, username, domain)
) COMPACT`,
		`CREATE INDEX PREFIXphones_user ON HERMES.phones (username, domain, mac)`,
		`CREATE TABLE HERMES.numbers (
	number KEY NOT NULL PRIMARY KEY
) COMPACT`,
		`CREATE TABLE HERMES.servers (
	domain KEY NOT NULL PRIMARY KEY,
	registrar text NOT NULL,
	r_port integer NOT NULL,
	proxy text NOT NULL,
	p_port integer NOT NULL,
	prov_url text NOT NULL
)`,
	}},
	{"0002_access", []string{
		`CREATE TABLE HERMES.credentials (
	username KEY NOT NULL PRIMARY KEY,
	hash text NOT NULL
)`,
		`CREATE TABLE HERMES.authorizations (
	kind KEY NOT NULL,
	name KEY NOT NULL,
	access integer NOT NULL,
	PRIMARY KEY (kind, name)
)`,
		`CREATE TABLE HERMES.api_keys (
	id KEY NOT NULL PRIMARY KEY,
	hash BYTES NOT NULL,
	public_key BYTES NOT NULL,
	host text NOT NULL,
	comment text NOT NULL,
	created TIME,
	expires TIME,
	last_used TIME
)`,
		`CREATE TABLE HERMES.nonces (
	id BYTES NOT NULL PRIMARY KEY,
	key_id text NOT NULL,
	expires TIME
)`,
		`CREATE TABLE HERMES.sessions (
	id BYTES NOT NULL PRIMARY KEY,
	kind KEY NOT NULL,
	name KEY NOT NULL,
	cookie BYTES NOT NULL,
	salt BYTES NOT NULL,
	gen bigint NOT NULL,
	created TIME,
	rotated TIME,
	key_expires TIME,
	expires TIME,
	last_seen TIME
)`,
		`CREATE INDEX PREFIXsessions_principal ON HERMES.sessions (kind, name, last_seen, id)`,
	}},
}

const migrationsTable = `CREATE TABLE HERMES.migrations (
	name KEY NOT NULL PRIMARY KEY,
	applied timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
)`

var (
	pgDDL = strings.NewReplacer("HERMES.", "hermes.", "PREFIX", "", " KEY NOT NULL", ` text COLLATE "C" NOT NULL`,
		" BYTES", " bytea", " TIME", " timestamptz", " COMPACT", "")
	sqliteDDL = strings.NewReplacer("HERMES.", "hermes_", "PREFIX", "hermes_", " KEY NOT NULL", " text NOT NULL",
		" BYTES", " blob", " TIME", " integer", " COMPACT", " WITHOUT ROWID")
)
