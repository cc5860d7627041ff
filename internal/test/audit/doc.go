// Package audit tests the audit trail: that each change leaves exactly one entry, which says who
// changed what from what to what, and that nothing else leaves one: no refusal, no fault and no
// transaction that was rolled back. These tests run on each store. Others change the trail by SQL,
// in SQLite and in PostgreSQL, and check that this is found.
//
// If PostgreSQL is not installed, its tests are skipped with the reason. With
// HERMES_TEST_REQUIRE=1 in the environment they fail instead.
package audit
