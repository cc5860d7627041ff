// Package bunstore is the one implementation of hermes.Store over SQL, for PostgreSQL and
// SQLite, with bun. It imports no driver: hermes/postgres and hermes/sqlite hand in a dialect,
// connections and a way to run a transaction, so that a program with one of them compiles the driver of
// that one only.
//
// Statements are bun's: values by ?, names of tables and collations by named arguments such as
// ?users (see dialect.go), and formatted here, because every statement has to go by the same three doors
// of query.go: what has failed in a transaction must not be committed, in either database.
//
// Kamailio's tables are shared. They are never altered; columns are named in every statement; and
// what a row there holds is taken as it is.
//
// Migrations are not bun/migrate's. That marks a step as applied in a transaction other than the step's,
// and locks with a table row that outlives a crash. Here a step and its mark are one transaction, which
// begins with a lock that ends with it. PostgreSQL and SQLite both roll back CREATE TABLE.
package bunstore
