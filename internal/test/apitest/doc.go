// Package apitest runs the scripts in hermes/api/testdata/golden, one for each node of the API,
// against a Handler over any store. Every store must give the same answers, to the byte: clock and
// random numbers of the test [Server] are fixed.
//
// A new node needs a script GROUP_NODE.txt and a line in the table of coverage.go, which lists the
// results that the script must show. Write the cases without their answers, let
//
//	go test ./hermes/api -run 'TestHandler_Golden$' -update
//
// add the answers, and read them in git diff.
//
// # Scripts
//
// A script begins with a comment and continues with cases, which are run one after the other on one
// server with an empty store:
//
//	# user/add: Adds a local user.
//
//	== failed/exists: a user has the address
//	setup user/add?user=alice@example.com
//	as writer
//	GET user/add?user=alice@example.com
//	{
//	  "response": "failed",
//	  …
//
// The title names the result that is wanted, as response/cause, and after a colon the reason for
// the case. Then follow steps, one in each line and all of them optional:
//
//	setup NODE?QUERY    call the node as admin first; this must succeed
//	try N NODE?QUERY    call the node as admin N times first, whatever is answered
//	keep NAME OTHER     save the value of {OTHER} as {NAME}
//	as USER             log in as reader, auditor, writer, admin (the default) or key (the API key
//	                    {key}); with any other name, do not log in
//	with HANDLER        send the request to the handler broken (every call of the store fails but
//	                    Session), down (every call of the store fails, so that no session can be
//	                    checked) or readonly (no authentication backend can be written, and
//	                    Kamailio cannot be asked)
//	sleep DURATION      advance the clock
//	header NAME: VALUE  add a header to the request
//
// then the request, GET NODE?QUERY or another method, for POST followed by a line "| PARAMETERS"
// with the body, and then the answer: the line "HTTP STATUS" unless the status is 200, the headers
// Allow, Retry-After, Set-Cookie and Idempotency-Replayed, and the body, indented.
//
// In a request {name} stands for the text that the latest answer with a member of that name had
// there. {session} and {auth_key} are those of the user of the case; {pubkey} is a public key and
// {signature} its signature of {nonce} for the key {key}. In answers tokens are cut to their
// prefixes, such as hes_…, and the ids of requests are left out.
package apitest
