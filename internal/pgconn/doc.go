// Package pgconn opens pgdriver connections that do not show pgdriver 1.2.18's faults, and runs
// transactions whose outcome is known.
//
// Open is for pgdriver alone. RunTx and State serve any database/sql driver for PostgreSQL 13 or newer.
//
// What Open adds to the driver:
//
//   - A connection ends at its first read or write error. pgdriver keeps one whose prepared statement passed
//     its deadline, and the next caller reads the late answer as its own.
//   - A connection taken from the pool is looked at, without a round trip: one that the server
//     closed while it was idle, or that holds bytes nobody asked for, is thrown away.
//   - The server gives up a statement before the client does, so that nothing goes on, and
//     commits, after its caller was told that it failed.
//   - TLS is verified unless the URL says sslmode=disable, the host is loopback, or it is a socket.
//   - A connect that fails leaves no file descriptor, and the next ones wait their turn.
//   - Dates come in ISO form and UTC whatever the server's configuration, since pgdriver parses no other.
//
// The transaction's part is told at RunTx.
package pgconn
