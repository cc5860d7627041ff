-- Kamailio's table subscriber.
CREATE TABLE subscriber (
	id INTEGER PRIMARY KEY NOT NULL,
	username VARCHAR(64) DEFAULT '' NOT NULL,
	domain VARCHAR(64) DEFAULT '' NOT NULL,
	password VARCHAR(64) DEFAULT '' NOT NULL,
	ha1 VARCHAR(128) DEFAULT '' NOT NULL,
	ha1b VARCHAR(128) DEFAULT '' NOT NULL,
	CONSTRAINT subscriber_account_idx UNIQUE (username, domain)
);
CREATE INDEX subscriber_username_idx ON subscriber (username);
