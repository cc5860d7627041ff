-- The numbers of the pool that are held for a principal or cool down until a time. They leave
-- hermes.numbers, which has the free ones only, and return to it some time after that time.
CREATE TABLE hermes.reserved_numbers (
	number text COLLATE "C" NOT NULL PRIMARY KEY,
	until timestamptz NOT NULL,
	holder_kind text COLLATE "C" NOT NULL, -- empty if the number cools down
	holder_name text COLLATE "C" NOT NULL
);
CREATE INDEX reserved_numbers_until ON hermes.reserved_numbers (until, number);
CREATE INDEX reserved_numbers_held ON hermes.reserved_numbers (number) WHERE holder_kind <> '';
CREATE INDEX reserved_numbers_cooling ON hermes.reserved_numbers (number) WHERE holder_kind = '';
