-- The audit trail: an entry for each change. seal is the number of the seal that covers it; NULL
-- until there is one.
CREATE TABLE hermes.audit (
	id text COLLATE "C" NOT NULL PRIMARY KEY,
	at timestamptz NOT NULL,
	kind text COLLATE "C" NOT NULL,
	name text COLLATE "C" NOT NULL,
	remote text COLLATE "C" NOT NULL,
	request text COLLATE "C" NOT NULL,
	node text COLLATE "C" NOT NULL,
	subject text COLLATE "C" NOT NULL,
	also text COLLATE "C" NOT NULL,
	changes text COLLATE "C" NOT NULL,
	mac bytea NOT NULL,
	seal bigint
);
CREATE INDEX audit_name ON hermes.audit (name, id);
CREATE INDEX audit_seal ON hermes.audit (seal, id);
-- Everything that an entry is about. area is a domain, + for a number, - for a phone, ! for others.
CREATE TABLE hermes.audit_subjects (
	id text COLLATE "C" NOT NULL,
	subject text COLLATE "C" NOT NULL,
	area text COLLATE "C" NOT NULL,
	PRIMARY KEY (id, subject)
);
CREATE INDEX audit_subjects_subject ON hermes.audit_subjects (subject, id);
CREATE INDEX audit_subjects_area ON hermes.audit_subjects (area, id);
-- Each seal authenticates its entries, of which it has the ids and the hashes, and all seals before
-- it. pruned authenticates that the entries of this seal and of those before were removed.
CREATE TABLE hermes.audit_seals (
	number bigint NOT NULL PRIMARY KEY,
	at timestamptz NOT NULL,
	count bigint NOT NULL,
	entries bytea NOT NULL,
	digest bytea NOT NULL,
	key_id bytea NOT NULL,
	link bytea NOT NULL,
	mac bytea NOT NULL,
	pruned bytea
);
-- Hashes cannot be compressed.
ALTER TABLE hermes.audit_seals ALTER COLUMN entries SET STORAGE EXTERNAL;
CREATE INDEX audit_seals_pruned ON hermes.audit_seals (number) WHERE pruned IS NOT NULL;
