// Package locks tests that two calls of a Client at the same time have the effect of one after the
// other. Transactions are READ COMMITTED, so that a call must lock what it decides about; a lock
// that is missing lets two calls decide by the same state.
//
// Every call that changes records is stopped before each of its calls of the store, and before its
// commit, while every other call runs to its end or until it waits for a lock. The answers of both,
// and the records afterwards, must be those of one of the two orders, which a store in memory
// computes. The calls have the same users, numbers, aliases and API keys, and begin with each of a
// few states of the records.
//
// If PostgreSQL is not installed, the tests are skipped with the reason. With
// HERMES_TEST_REQUIRE=1 in the environment they fail instead.
package locks
