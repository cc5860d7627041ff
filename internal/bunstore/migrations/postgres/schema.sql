-- The schema of Hermes' own tables. It is left out where it exists.
CREATE SCHEMA hermes;
