// Package remote is the API of Hermes in Go, for a program on another machine than the server. Its
// [Client] has the methods of [hermes.Client], with the same requests, responses and errors, and
// both are a [hermes.API]: a program moves from an embedded Hermes to a server by one line.
//
//	client, err := remote.Dial(ctx, "https://hermes.example.com", &remote.Options{
//		User: "billing", Password: password,
//	})
//	…
//	defer client.Close()
//	res, err := client.UserAdd(ctx, hermes.UserAddRequest{User: sip.MustParse("alice@example.com")})
//	if errors.Is(err, hermes.Exists) {
//		…
//	}
//
// [Dial] logs in, by a password, an API key or a key pair; package hermes says what each is good
// for. After that the Client keeps the session: it renews the auth_key before it ends, and logs in
// again when the session has ended. It does so in the course of a call, so a Client has no
// goroutine of its own. A Client is safe for concurrent use, and one is enough for a program.
//
// # Repeated calls
//
// A connection may break, and a server may be restarted. So a call whose answer did not come is
// made again until it is answered, or Options.RetryFor has passed, or the context ends. No change
// is made twice by that: each call that changes users, phones, numbers, aliases or domains has an
// idempotency key, a random one unless [hermes.CallOptions] has one. An answer of the server that
// there are too many requests, or that it is about to stop, is waited out as well.
//
// The changes of auth, such as [Client.AuthNewKey], take no such key and are not made again. If the
// answer of one is lost, or if the time has passed without an answer to another change, the error
// is [hermes.ErrOutcomeUnknown]: the change may have been made. Any other error means that it was
// not.
//
// # Differences
//
// A request that is wrong by itself is refused without asking the server. A list is read in pages,
// as that of an embedded Client is, one request for each; only a list in random order is read as a
// whole. There are no transactions of several calls.
//
// Of [hermes.CallOptions], Parameters and RequestID have no effect: a server compares the
// parameters that it gets, and gives each request an id of its own.
package remote
