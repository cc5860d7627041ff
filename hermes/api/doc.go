// Package api serves a hermes.Client over HTTP: the JSON API that API.md describes, each node
// of hermes.Nodes at /api/GROUP/NODE.
//
//	http.Server{Handler: api.New(client, nil), ReadHeaderTimeout: 5 * time.Second, …}
//
// There is no code for any one node here. A request's struct says by its tags how it is read:
//
//	form:"name,required"   the parameter; a trailing * is an address that may also come in halves
//	bad:"failed/invalid"   how a malformed value is answered; the type has a default
//	cookie:"value"         filled with the session's cookie
//
// and a response's struct how it is written: json tags; wire:"text" for the one plain-text
// answer; a hermes.Cookie, which becomes a header; a *hermes.List, which is streamed.
//
// # Mounting
//
// The Handler matches the whole path of a request, undecoded and exactly. Give it the requests
// as they came: http.ServeMux redirects a path with // and puts the query, which may hold a
// session, into the redirect. To answer headers over 16 KiB and URLs over 8 KiB in JSON too,
// the server must let them through: http.Server.MaxHeaderBytes of 64 KiB does.
//
// # What is refused where
//
// Of several things that are wrong the first in API.md's order is answered. Another site's page is
// refused with the form of the request, before any session is looked at. A body that is no form is
// invalid/request with status 415, one that a GET carries, or that cannot be read, the same with 400.
package api
