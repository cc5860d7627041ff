// Package pgconn opens connection pools to PostgreSQL 13 or newer, and runs transactions whose
// outcome is known.
//
// [Open] returns a pool of connections that work around the faults of pgdriver 1.2.18. [RunTx] runs
// a transaction, and retries it after a conflict with another one. [State] returns the SQLSTATE of
// an error. RunTx and State work with any PostgreSQL driver of database/sql, not only with
// pgdriver.
//
// The connections of Open differ from those of pgdriver in these points:
//
//   - A connection closes itself at its first read or write error. pgdriver would keep a connection
//     whose prepared statement exceeded its deadline, and the next caller would read the late
//     answer as its own.
//   - A connection that is taken from the pool is checked first, without a round trip. It is
//     discarded if the server closed it while it was idle, or if it holds unread bytes.
//   - A statement with arguments is prepared when a connection first runs it, and kept; see package
//     stmtcache.
//   - The server cancels a statement before the client gives up on it. Otherwise the statement
//     could still be committed after its caller was told that it failed.
//   - TLS certificates are verified unless the URL has sslmode=disable, or the server is at a
//     loopback address or a Unix socket; see [ParseURL].
//   - A connection attempt that fails leaves no open file descriptor. Further attempts are delayed,
//     and only one caller at a time tries; the others share its result.
//   - A URL may have several hosts, of which the one that accepts changes is used. Connections to a
//     host that has gone silent, or accepts no changes any more, are left; see [Hosts].
//   - The session's date style is ISO and its time zone is UTC, whatever the server's
//     configuration, because pgdriver parses no other format.
//   - The search_path is pg_catalog, so that no function or operator that another role made takes
//     the place of PostgreSQL's. Statements name the schema of every table.
//   - The setting standard_conforming_strings is on, whatever the server's configuration, because
//     TxOptions.Last has values as literals.
package pgconn
