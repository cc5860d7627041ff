-- The audit trail: an entry for each change. seal is the number of the seal that covers it; NULL
-- until there is one. Times are microseconds since 1970.
CREATE TABLE hermes_audit (
	id text NOT NULL PRIMARY KEY,
	at integer NOT NULL,
	kind text NOT NULL,
	name text NOT NULL,
	remote text NOT NULL,
	request text NOT NULL,
	node text NOT NULL,
	subject text NOT NULL,
	also text NOT NULL,
	changes text NOT NULL,
	mac blob NOT NULL,
	seal integer
) STRICT, WITHOUT ROWID;
CREATE INDEX hermes_audit_name ON hermes_audit (name, id);
CREATE INDEX hermes_audit_seal ON hermes_audit (seal, id);
-- Everything that an entry is about. area is a domain, + for a number, - for a phone, ! for others.
CREATE TABLE hermes_audit_subjects (
	id text NOT NULL,
	subject text NOT NULL,
	area text NOT NULL,
	PRIMARY KEY (id, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX hermes_audit_subjects_subject ON hermes_audit_subjects (subject, id);
CREATE INDEX hermes_audit_subjects_area ON hermes_audit_subjects (area, id);
-- Each seal authenticates its entries, of which it has the ids and the hashes, and all seals before
-- it. pruned authenticates that the entries of this seal and of those before were removed.
CREATE TABLE hermes_audit_seals (
	number integer NOT NULL PRIMARY KEY,
	at integer NOT NULL,
	count integer NOT NULL,
	entries blob NOT NULL,
	digest blob NOT NULL,
	key_id blob NOT NULL,
	link blob NOT NULL,
	mac blob NOT NULL,
	pruned blob
) STRICT;
CREATE INDEX hermes_audit_seals_pruned ON hermes_audit_seals (number) WHERE pruned IS NOT NULL;
