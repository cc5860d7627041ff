-- The line of a phone that a user has. The associations that there are get the lines from 1 on, in
-- the order of user names and domains.
CREATE TABLE hermes_phones_with_lines (
	mac text NOT NULL,
	username text NOT NULL,
	domain text NOT NULL,
	line integer NOT NULL,
	PRIMARY KEY (mac, username, domain)
) WITHOUT ROWID;
INSERT INTO hermes_phones_with_lines (mac, username, domain, line)
	SELECT mac, username, domain, row_number() OVER (PARTITION BY mac ORDER BY username, domain)
	FROM hermes_phones;
DROP TABLE hermes_phones;
ALTER TABLE hermes_phones_with_lines RENAME TO hermes_phones;
CREATE UNIQUE INDEX hermes_phones_line ON hermes_phones (mac, line);
CREATE INDEX hermes_phones_user ON hermes_phones (username, domain, mac);
CREATE INDEX hermes_phones_scope ON hermes_phones (lower(domain || ''), mac);
