-- The answers to calls with an idempotency key, for when they are repeated. They are sealed.
CREATE TABLE hermes_answers (
	kind text NOT NULL,
	name text NOT NULL,
	node text NOT NULL,
	key text NOT NULL,
	sealed blob NOT NULL,
	expires integer NOT NULL,
	PRIMARY KEY (kind, name, node, key)
);
CREATE INDEX hermes_answers_expires ON hermes_answers (expires);
