// Package sip has the two names that telephony here is about, as small values: the address
// of record ([Addr], user@domain) and the domain ([Domain], a host name or an IPv4 address).
//
// A value made by [Parse], [Join] or [ParseDomain] is well-formed and canonical, so that ==
// compares addresses as SIP compares them: the user as it is given, the domain in lower case.
// Both types serve as map keys, in JSON and other text encodings, and as columns of
// database/sql; their zero values are "none", "" in text and NULL in a database.
//
// The rules are RFC 3261's (section 25.1), narrowed to what Kamailio's tables keep: no port,
// no parameters, no escapes, no quoted or empty user, and at most 64 characters each side of
// the @, the width of Kamailio's columns. Longer ones are refused, never cut: a name that was
// cut is somebody else's. No IPv6 reference and no trailing dot either.
//
// [Unchecked] and [UncheckedDomain] are for what other tools wrote into shared tables. Show such
// values, never create them.
package sip
