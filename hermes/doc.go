// Package hermes provisions telephony on top of a Kamailio SIP server: users, desk phones, the pool
// of phone numbers, aliases, and the default servers of domains.
//
// Start with a store and [New]. The store is package sqlite for an embedded database, package
// postgres for Kamailio's own, and package memstore in tests. The [Client] that New returns has one
// method for each node of the API: user/add is [Client.UserAdd], with [UserAddRequest] and
// [UserAddResponse].
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
// Package api serves a Client over HTTP, package console a web page over that API, and package
// provision the files of desk phones. Package remote has the same methods for a program on another
// machine: [API] is the interface of both. Package plan makes users as a file says, over either.
//
// # Errors
//
// Every node's method returns nil or an *[Error] with response, cause and detail as they go over
// the wire. A [Cause] is an error itself, for errors.Is. The inner error, which errors.Unwrap
// returns, says what the store said; it is for the program's own log and is not part of the text.
//
// # Actors
//
// [New] returns a Client that acts as the program itself, with every capability. [Client.As]
// returns one that acts for another [Actor]: one that [Client.Authenticate] returned, or one that
// the program makes. Every method checks the access level of its actor against the table of
// [Nodes]. An Actor may have a [Scope]: domains, prefixes of numbers, and nodes. Then it can name
// nothing outside of it, and lists show nothing else.
//
// # Transactions
//
// A call is one transaction: all of it happens, or nothing. [Client.Tx] makes several calls one
// transaction. To put Hermes' changes and your own into one, make a store over your transaction
// with postgres.RunInTx.
//
// # Concurrency
//
// A Client is safe for concurrent use. Concurrent changes have the effect of some order, one after
// the other, also between processes that share a database.
//
// # Secrets
//
// Passwords and tokens are of type [Secret], which prints as [secret]; [Secret.Reveal] returns the
// text. SIP passwords are sealed in the database with Options.SecretKeys: without those keys,
// sealed passwords cannot be recovered.
//
// # Audit trail
//
// Every change is recorded in its own transaction. Call [Client.SealAudit] every few seconds, so
// that entries are sealed: what was sealed can neither be changed nor removed unseen, as
// [Client.AuditVerify] shows. [Client.AuditHead] returns what to keep elsewhere, such as in a log,
// so that it would be seen if the newest seals were removed together with their entries.
// [Client.PruneAudit] removes old entries; without it they are kept forever.
//
// # Ways to log in
//
// There are three. Each gives a session, a short-lived auth_key and a cookie, so that a leaked URL
// or a page of another site has one part at most.
//
// User name and password are for people. A password can be guessed, told and reused. Failed logins
// are limited by user, by address and by both, and all of them get the same answer after the same
// time. The limits take spellings that a directory may take for one user as one; for that the
// package uses golang.org/x/text/unicode/norm, because the standard library has no normalization of
// Unicode.
//
// A bearer key that is bound to a host is for programs on a machine with an address of its own. It
// has 256 bits and cannot be guessed, and a copy of it cannot be used from another address. It does
// not protect against other programs on the same machine, machines behind the same NAT or proxy, or
// an attacker on the path where TLS is missing. A binding to a name is as good as the name's DNS,
// which is resolved forward and never from the address. The key crosses the network at each login,
// so a log or a proxy that records bodies has it.
//
// A key pair is for programs anywhere. Hermes holds the public half only, so a dump of the database
// does not let anyone log in. The client signs a nonce, valid once and for a minute, together with
// Options.Origin, so an overheard or relayed signature is of no use elsewhere. It does not protect
// against a reader of the private key's file. Where the client has a fixed address, bind the key
// pair to that too.
package hermes
