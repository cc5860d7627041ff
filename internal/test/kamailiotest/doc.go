// Package kamailiotest gives tests a real Kamailio, and phones that use it.
//
//	func TestX(t *testing.T) {
//		db := pgtest.New(t, pgtest.Options{})
//		k := kamailiotest.Start(t, kamailiotest.Options{Database: db.URL()})
//		…
//		if got := k.Register(t, alice); !got.OK() { … }
//		desk := k.Phone(t, bob)
//		if got := k.Send(t, kamailiotest.Request{Method: "INVITE", From: alice, To: "+4773500001@example.com"}); got.By != desk.Name() { … }
//	}
//
// Kamailio runs on the configuration that operators are given, kamailio.cfg in this folder, byte for byte: a
// test's own values are in the kamailio-local.cfg that it imports. Phones are sipp processes.
//
// What a phone experiences is an [Answer]. Whatever keeps the harness from finding that out is a [*Fault]
// and never an Answer: no reply at all, a Kamailio that is down, a sipp that could not start, and a refusal
// whose cause is in Kamailio's log, because its database failed. The methods with a testing.TB end the
// test on a Fault; those whose names begin with Try return it.
//
// Nothing outlives the test process, however it ends: a small shell holds the reading end of a
// pipe whose writing end only the test process has. When that closes, the shell ends what was started
// and removes its folder.
//
// Kamailio runs as the test's own user, who is also the one that can read and write what the
// test wrote. It needs Linux: who listens on a port is read from /proc.
//
// Where Kamailio, one of its modules or sipp is not installed the test is skipped with the
// reason. With HERMES_TEST_REQUIRE=1 in the environment it fails instead.
package kamailiotest
