// Package pgtest gives tests a throwaway PostgreSQL.
//
//	func TestX(t *testing.T) {
//		db := pgtest.New(t, pgtest.Options{})
//		store, err := postgres.Open(db.URL())
//		…
//	}
//
// New starts one cluster per test process at its first call and makes every test a database of
// its own, copied from a template that holds Kamailio's tables. NewCluster makes a cluster that a
// test may stop, kill and start again.
//
// Nothing outlives the test process, however it ends: a small shell holds the reading end of a
// pipe whose writing end only the test process has. When that closes, the shell ends the server and
// removes its folder. Run does the same in an orderly way:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
//
// PostgreSQL refuses to run as root: with the effective user 0 the servers run as the user
// "postgres", or "nobody" where that does not exist.
//
// Where PostgreSQL's programs or Kamailio's tables are not installed the test is skipped with the reason.
// With HERMES_TEST_REQUIRE=1 in the environment it fails instead.
package pgtest
