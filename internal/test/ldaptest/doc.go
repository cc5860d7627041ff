// Package ldaptest gives tests a throwaway directory: OpenLDAP's slapd, on loopback ports of its
// own.
//
//	func TestX(t *testing.T) {
//		dir := ldaptest.New(t, ldaptest.Options{})
//		dir.AddUser(t, "alice", "secret")
//		…
//	}
//
// The server accepts binds without a password, or without a name, as the protocol allows it (RFC
// 4513, 5.1): a client must not mistake that success for a proof of the password.
//
// The server and its folder are removed when the test process has ended, however it ends (see
// [testserver.Folder]).
//
// With the effective user 0 the server runs as "openldap", or as "daemon" if that does not exist.
// It runs a copy of slapd in its folder: where AppArmor is in force, Debian's profile confines the
// installed one to its own folders.
//
// If slapd is not installed, tests are skipped with the reason. With HERMES_TEST_REQUIRE=1 in the
// environment they fail instead.
package ldaptest
