-- A number that is claimed leaves a dead row at the head of the pool, over which the next claims have to step until
-- the table has been vacuumed.
ALTER TABLE hermes.numbers SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
