-- For searches for the beginning of a display name.
CREATE INDEX users_folded ON hermes.users (folded);
