// Package seeded puts bugs into Hermes and checks that its tests find them: bugs of Client, of the
// handlers and of the SQL statements. Those that a wrapper of a store can make are in
// hermes/storetest.
//
// A bug is a small change of one file, with a condition by which it is on in a process that has its
// name in the environment. The files of this repository stay as they are: go test compiles the
// changed texts, with all bugs at once, by its flag -overlay. That takes a while, and so only the
// environment variable HERMES_TEST_ROUNDS runs the tests, as often as it says for each bug:
//
//	HERMES_TEST_ROUNDS=3 go test -v -timeout=2h ./internal/test/seeded
//
// Without it the package checks that the bugs can still be put in: that each old text stands in its
// file once, that the changed files have no type errors, and that there are such tests.
package seeded
