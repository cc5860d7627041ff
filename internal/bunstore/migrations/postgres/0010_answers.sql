-- The answers to calls with an idempotency key, for when they are repeated. They are sealed.
CREATE TABLE hermes.answers (
	kind text COLLATE "C" NOT NULL,
	name text COLLATE "C" NOT NULL,
	node text COLLATE "C" NOT NULL,
	key text COLLATE "C" NOT NULL,
	sealed bytea NOT NULL,
	expires timestamptz NOT NULL,
	PRIMARY KEY (kind, name, node, key)
);
CREATE INDEX answers_expires ON hermes.answers (expires);
