// Package sipproof has the tests that what the API says is what a phone experiences: changes go through
// hermes.Client into a PostgreSQL or SQLite database, a real Kamailio reads that database, and real SIP
// requests are answered or refused as a promise of the test says.
//
// What a promise is compared with is a kamailiotest.Answer, so a failure of the harness ends a test and
// never passes for a refusal. That the promises can be broken is proven too: TestFaultsAreSeen seeds a wrong
// hash, an alias that was kept, a domain that is missing and more, and wants exactly that promise broken.
//
// Where Kamailio, sipp or PostgreSQL is not installed the tests are skipped with the reason. With
// HERMES_TEST_REQUIRE=1 in the environment they fail instead.
package siptest
