// Package api serves a [hermes.Client] over HTTP: each node of [hermes.Nodes] has the path
// /api/GROUP/NODE, takes its parameters from the query or from a form in the body, and answers one
// JSON object.
//
//	http.Server{Handler: api.New(client, nil), ReadHeaderTimeout: 5 * time.Second, …}
//
// The package has no code for any single node. The tags of a request struct say how it is decoded:
//
//	form:"name,required"   the parameter's name, and that it must be there; a trailing * means an
//	                       address that may also come in two halves (user*: username and domain)
//	bad:"failed/invalid"   the response and cause of a malformed value; its type has a default
//	cookie:"value"         the field receives the value of the session cookie
//
// The fields of a response struct say how it is encoded: json tags name the members of the object;
// a field with the tag wire:"text" is the whole answer, as plain text; a [hermes.Cookie] becomes a
// header; a [*hermes.List] is streamed.
//
// # Parameters
//
// A + in a query or a form stands for a blank, and %2B for a +. Where a number, an address or a
// search may begin with +, a literal one at the beginning is read as +; a blank that was sent as
// %20 stays a blank. An address that equals what a list has shown names that row, even if another
// program wrote an address there that the rules refuse; [sip.Spell] says how such rows are shown.
//
// # Mounting
//
// The Handler compares the whole path of a request, exactly and without decoding escapes. Pass
// requests to it unchanged: [http.ServeMux] answers a path that contains // with a redirect whose
// Location repeats the query, which may hold the parameters of a session.
//
// The Handler itself answers headers over 16 KiB and URLs over 8 KiB, in JSON. For that the server
// must accept them: set [http.Server.MaxHeaderBytes] to 64 KiB.
//
// # Lists
//
// A list that is longer than 32 KiB is sent while it is being read from the store. A failure
// halfway is answered after the entries, by the member response, which is last. So is
// failed/unauthorized, when the session ends or its principal loses the right meanwhile. The client
// must take 32 KiB in 10 seconds, or it is disconnected. The same holds for any other answer of
// that length.
//
// # Order of checks
//
// If several things are wrong with a request, the first of these is answered:
//
//  1. the Host, URL length, node, method, header size
//  2. a request that a page of another site made: failed/forbidden
//  3. the body's size and type; escapes, encoding, control characters and duplicates in parameters
//  4. too many requests at the same time: failed/busy
//  5. authentication: failed/unauthorized; too many requests of the principal: failed/busy
//  6. the access level: failed/forbidden
//  7. unknown, missing, mixed and malformed parameters: invalid/parameters
//  8. malformed addresses, domains, numbers and patterns, such as failed/invalid
//  9. everything that needs the database
package api
