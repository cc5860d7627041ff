// Package ldaptest gives tests a throwaway directory: OpenLDAP's slapd, on loopback ports of its own.
//
//	func TestX(t *testing.T) {
//		dir := ldaptest.New(t, ldaptest.Options{})
//		dir.AddUser(t, "alice", "secret")
//		…
//	}
//
// The server does what the protocol allows and a client must not fall for: it answers a bind without a
// password, or without a name, with success (RFC 4513, 5.1).
//
// Nothing outlives the test process, however it ends: a small shell holds the reading end of a pipe whose
// writing end only the test process has. When that closes, the shell ends the server and removes its folder.
//
// With the effective user 0 the server runs as "openldap", or "nobody" where that does not exist. It is run from a
// copy of slapd in its folder: where AppArmor is in force, Debian's profile keeps the installed one to its own folders.
//
// Where slapd is not installed the test is skipped with the reason. With HERMES_TEST_REQUIRE=1 in the environment
// it fails instead.
package ldaptest
