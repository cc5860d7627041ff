// Package sip provides SIP addresses and domains as small values: [Addr] is an address of record
// (user@domain), [Domain] is a host name or an IPv4 address.
//
// Use [Parse] to read an address, [Join] to make one of a user and a domain, and [ParseDomain] to
// read a domain. Their results are well-formed and canonical: the user is kept as given, the domain
// is in lower case. So == compares addresses as SIP does. Both types can be map keys, JSON and
// other text encodings, and columns of database/sql. Their zero values mean "no address" and
// "no domain": the empty text, and NULL in a database.
//
// The rules are those of RFC 3261, section 25.1, narrowed to what Kamailio's tables can hold: no
// port, no parameters, no escapes, no quoted or empty user, and at most 64 characters on each side
// of the @, which is the width of Kamailio's columns. A longer text is refused and never truncated:
// a truncated name could be the name of another user. IPv6 references and trailing dots are
// refused, too.
//
// [Unchecked] and [UncheckedDomain] make values of text that other programs wrote into shared
// tables. Use them to show such rows, never to create any.
package sip
