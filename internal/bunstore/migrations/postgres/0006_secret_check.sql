-- This shows whether the secret keys are those that sealed the passwords: one row of values that
-- they have sealed.
CREATE TABLE hermes.secret_check (
	id integer NOT NULL PRIMARY KEY CHECK (id = 1),
	value text NOT NULL
);
