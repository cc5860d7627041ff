// Package bunstore implements [hermes.Store] over SQL with bun, for PostgreSQL and SQLite. It
// imports no driver: hermes/postgres and hermes/sqlite pass in a dialect, connections and a way
// to run a transaction, so that a program with one of them compiles the driver of that one only.
//
// # Models
//
// Every table, Kamailio's and Hermes' own, is a bun model in model.go and model_auth.go, with the
// conversions to and from the records of package hermes beside it. A model's tag has the name
// that the table has in PostgreSQL. [New] adds the schema of Kamailio's tables, and for SQLite
// writes hermes_users for hermes.users.
//
// # Statements
//
// A statement is built once, when the layout of the database is known, by bun's query builder
// over the models. It has placeholders, $1 or ?1, where values go, and every value is bound: no
// text of a statement depends on what a caller passes. The file of each noun has its statements
// first and then the methods that run them: the method PhoneUsers runs the statement phoneUsers.
// Texts that use what only one of the databases has are constants in postgres.go and sqlite.go.
//
// The connections prepare a statement when they first run it, and keep it; see
// internal/stmtcache. A search in the users is prepared each time instead, so that PostgreSQL plans
// it for its pattern and uses the trigram index where that is faster.
//
// # Pages
//
// A page of a list costs what a page of that length costs, wherever in the list it is and however
// long the list is: each table gives its rows in the order of an index, from the key of the row
// before. Where a database does not compare text byte-wise, Kamailio's own indexes have another
// order than the lists, and each page sorts a table, unless there are the indexes that
// [Inspector.MissingIndexes] names. Long pages of texts come by COPY where there is Options.CopyTo.
//
// # Numbers that are held or cooling
//
// They leave the table of the free numbers, which so stays small: a free one is found as fast when
// most of the pool is reserved. When its time has passed a number counts as free for every
// statement, and returns to the table of the free ones some time later: with a take, which moves up
// to a thousand before it looks, or with SweepExpired. A store remembers when the next time passes,
// so that a take does not ask for it. No table is written anew for the migration.
//
// # Kamailio's tables
//
// They are shared with Kamailio and other tools: they are never altered, columns are named in every
// statement, and rows are taken as they are.
//
// # Migrations
//
// The steps are the files migrations/*/0*.sql, which [Store.Migrate] runs in order. bun/migrate
// is not used: it marks a step as applied in a transaction other than the step's, and locks with
// a table row that outlives a crash. Here a step and its mark are one transaction, which begins
// with a lock that ends with it. PostgreSQL and SQLite both roll back CREATE TABLE.
//
// The files in kamailio/ are Kamailio's tables as Kamailio ships them. In those for PostgreSQL
// the schema is a variable of psql.
package bunstore
