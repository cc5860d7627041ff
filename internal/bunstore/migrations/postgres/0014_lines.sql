-- The line of a phone that a user has. The associations that there are get the lines from 1 on, in
-- the order of user names and domains.
ALTER TABLE hermes.phones ADD COLUMN line integer;
UPDATE hermes.phones AS p SET line = q.line
FROM (
	SELECT mac, username, domain, row_number() OVER (PARTITION BY mac ORDER BY username, domain)::integer AS line
	FROM hermes.phones
) AS q
WHERE q.mac = p.mac AND q.username = p.username AND q.domain = p.domain;
ALTER TABLE hermes.phones ALTER COLUMN line SET NOT NULL;
CREATE UNIQUE INDEX phones_line ON hermes.phones (mac, line);
