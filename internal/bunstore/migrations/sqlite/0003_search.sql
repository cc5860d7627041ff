-- For searches for the beginning of a display name.
CREATE INDEX hermes_users_folded ON hermes_users (folded);
