// Package kamailiotest gives tests a real Kamailio, and phones that use it.
//
//	func TestX(t *testing.T) {
//		db := pgtest.New(t, pgtest.Options{})
//		k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
//		…
//		if got := k.Register(t, alice); !got.OK() { … }
//		phone := k.Phone(t, bob)
//		call := kamailiotest.Request{Method: "INVITE", From: alice, To: "+4773500001@example.com"}
//		if got := k.Send(t, call); got.By != phone.Name() { … }
//	}
//
// Kamailio runs on kamailio.cfg in this folder, the configuration for operators, without a change:
// a test's own values are in the kamailio-local.cfg that it imports. Phones are sipp processes.
//
// The result of a phone's request is an [Answer]. A failure of the test environment is a [*Fault]
// and never an Answer: no reply at all, a Kamailio that is not running, a sipp that did not start,
// and a refusal because of a database failure, which Kamailio's log reports. The methods with a
// testing.TB end the test on a Fault; those whose names begin with Try return it.
//
// Processes and folders are removed when the test process has ended, however it ends (see
// [testserver.Folder]).
//
// Kamailio runs as the test's own user, which can read and write the test's files. The package
// needs Linux: it reads from /proc which process is bound to a port.
//
// If Kamailio, one of its modules or sipp is not installed, tests are skipped with the reason. With
// HERMES_TEST_REQUIRE=1 in the environment they fail instead.
package kamailiotest
