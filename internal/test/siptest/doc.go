// Package siptest tests that changes by the API have the effect that a phone experiences. The tests
// change users, numbers and aliases by [hermes.Client] in a PostgreSQL or SQLite database. A real
// Kamailio reads that database, and real SIP requests are answered or refused as the tests expect
// it. TestPhone runs hermesd itself: desk phones fetch their files from it over HTTPS, and register
// with what they have read there.
//
// The expected result is a kamailiotest.Answer, so that a failure of the test environment ends a
// test and is never taken for a refusal. TestFault_IsDetected checks that the expectations can
// fail: it introduces a wrong hash, an alias that should have been removed, a missing domain and so
// on, and wants exactly the expectation about it to fail.
//
// If Kamailio, sipp or PostgreSQL is not installed, tests are skipped with the reason. With
// HERMES_TEST_REQUIRE=1 in the environment they fail instead.
package siptest
