-- The numbers of the pool that are held for a principal or cool down until a time. They leave
-- hermes_numbers, which has the free ones only, and return to it some time after that time.
CREATE TABLE hermes_reserved_numbers (
	number text NOT NULL PRIMARY KEY,
	until integer NOT NULL,
	holder_kind text NOT NULL, -- empty if the number cools down
	holder_name text NOT NULL
) WITHOUT ROWID;
CREATE INDEX hermes_reserved_numbers_until ON hermes_reserved_numbers (until, number);
CREATE INDEX hermes_reserved_numbers_held ON hermes_reserved_numbers (number) WHERE holder_kind <> '';
CREATE INDEX hermes_reserved_numbers_cooling ON hermes_reserved_numbers (number) WHERE holder_kind = '';
