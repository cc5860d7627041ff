// Package pgtest gives tests a throwaway PostgreSQL.
//
//	func TestX(t *testing.T) {
//		db := pgtest.New(t, pgtest.Options{})
//		store, err := postgres.Open(t.Context(), db.URL(), nil)
//		…
//	}
//
// [New] starts one cluster per test process at its first call and creates a database for each test,
// copied from a template that has Kamailio's tables. [NewCluster] starts a cluster that a test may
// stop, kill and start again, and that takes settings of its own.
//
// Servers and folders are removed when the test process has ended, however it ends (see
// [testserver.Folder]). [Run] removes them before its end:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
//
// PostgreSQL refuses to run as root: with the effective user 0 the servers run as the user
// "postgres", or as "daemon" if that does not exist.
//
// If PostgreSQL's programs or Kamailio's tables are not installed, tests are skipped with the
// reason. With HERMES_TEST_REQUIRE=1 in the environment they fail instead.
package pgtest
