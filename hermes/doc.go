// Package hermes provisions telephony on top of a Kamailio SIP server: users, desk phones, the
// pool of phone numbers, aliases and the default servers of domains.
//
// A Client has a method for every node of the API (user/get is UserGet), over a Store:
// package memstore for tests, sqlite and postgres for Kamailio's own database.
//
//	store, err := sqlite.Open(ctx, "hermes.db", nil)
//	…
//	client, err := hermes.New(store, &hermes.Options{SecretKeys: []hermes.SecretKey{key}})
//	…
//	res, err := client.UserAdd(ctx, hermes.UserAddRequest{User: sip.MustParse("alice@example.com")})
//	if errors.Is(err, hermes.Exists) {
//		…
//	}
//	fmt.Println(res.User.Password.Value.Reveal())
//
// # Errors
//
// Every Client method returns nil or an *Error with the wire's response, cause and detail. The
// causes are errors themselves, for errors.Is. The inner error says what the store said; it is for
// the program's own log and is not part of the text.
//
// # Who acts
//
// New returns a Client that acts as the program itself, with every capability. As gives one for
// somebody else: what Authenticate found, or an Actor that the program makes. Every method checks
// the actor's access level against the node table (Nodes).
//
// # Transactions
//
// A method is one transaction: all of it or nothing. To put several calls, or Hermes' changes and your own, into one, make a
// store over your transaction (postgres.New) and a Client over that.
//
// # Concurrency
//
// A Client is safe for concurrent use. Concurrent changes have the effect of some order one after the
// other, also across processes that share a database.
//
// # Secrets
//
// Passwords and tokens are of type Secret, which prints as [secret] wherever it goes; Reveal is the only way out. SIP
// passwords are sealed in the database with Options.SecretKeys; who loses those loses the passwords.
//
// # Logging in, and what each way is good for
//
// Three ways open a session; each gives a session, a short-lived auth_key and a cookie, of which a
// leaked URL or a foreign page has one part at most.
//
// User name and password. For people. A password can be guessed, told and reused: failed logins are throttled by user, by
// address and by both, and every failure is one answer after one time.
//
// Bearer key, bound to a host. For programs on machines with an address of their own. The key
// is a password that nobody can guess (256 bits); being bound to addresses stops a copy that left the machine.
// It does not stop what shares the address: another program on the machine, everybody behind the same NAT or proxy, who can inject packets on the
// path where TLS is missing. A binding to a name is as good as that name's DNS: it is resolved forward, never from the address. The
// key crosses the network at each login, so a log or a proxy that records bodies has it.
//
// Key pair. For programs, wherever they are: the answer to the original API's question for something stronger. Hermes holds the
// public half only, so a dump of the database gives nobody a login; the client signs a nonce that serves once, for a minute, and the
// server's Origin, so a signature that was overheard or relayed serves nowhere else. What it does not stop: who reads the private key's file. Bind it to
// a host too where that is fixed.
package hermes
