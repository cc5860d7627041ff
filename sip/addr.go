package sip

import (
	"fmt"
	"strings"
)

// maxLength is the length in bytes of the longest user and of the longest domain: the width of
// Kamailio's columns.
const maxLength = 64

// userMarks are the characters that a user may have beside letters and digits: mark and
// user-unreserved of RFC 3261, section 25.1.
const userMarks = "-_.!~*'()&=+$,;?/"

// Addr is an address of record, user@domain. Addresses compare with ==. The zero Addr means
// "no address".
type Addr struct{ user, domain string }

// Parse reads user@domain. A leading "sip:", in upper or lower case, is accepted and dropped;
// "sips:", a port and parameters are errors. The user is 1 to 64 characters of RFC 3261's
// unreserved and user-unreserved sets, without escapes, and is kept as given. The domain follows
// the rules of [ParseDomain].
func Parse(s string) (Addr, error) {
	user, domain, ok := strings.Cut(trimScheme(s), "@")
	if !ok {
		return Addr{}, fmt.Errorf("sip: address %.100q: want user@domain", s)
	}
	return Join(user, domain)
}

// Join returns the address user@domain. The rules are those of [Parse], but the user must not have
// the prefix "sip:".
func Join(user, domain string) (Addr, error) {
	if !validUser(user) {
		return Addr{}, fmt.Errorf("sip: user %.100q: want 1 to %d letters, digits and characters of %s",
			user, maxLength, userMarks)
	}
	d, err := ParseDomain(domain)
	if err != nil {
		return Addr{}, err
	}
	return Addr{user: user, domain: d.name}, nil
}

// MustParse is like [Parse] but panics if s is malformed. It is meant for tests and for constants.
func MustParse(s string) Addr {
	a, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return a
}

// Unchecked returns an address of the given user and domain without checking or changing them. It
// is for rows of shared tables, where other programs write domains in upper case and users that
// [Parse] refuses. [Addr.Valid] reports whether Parse would have returned the same address;
// [Addr.UnmarshalText] and [Addr.Scan] refuse an address that is not valid.
func Unchecked(user, domain string) Addr { return Addr{user: user, domain: domain} }

// User returns the part before the @, or "" for the zero Addr.
func (a Addr) User() string { return a.user }

// Domain returns the part after the @. If a was made by [Unchecked], the domain is unchecked, too.
func (a Addr) Domain() Domain { return Domain{name: a.domain} }

// String returns user@domain, or "" for the zero Addr.
func (a Addr) String() string {
	if a.IsZero() {
		return ""
	}
	return a.user + "@" + a.domain
}

// IsZero reports whether a is the zero Addr.
func (a Addr) IsZero() bool { return a == Addr{} }

// Valid reports whether [Parse] can return a. It is false for the zero Addr, and for a result of
// [Unchecked] that is malformed or whose domain is not in lower case.
func (a Addr) Valid() bool { return validUser(a.user) && a.Domain().Valid() }

// Compare returns -1, 0 or +1. It compares the users first, then the domains, byte by byte. This is
// the order of Hermes' lists, and of two SQL columns with COLLATE "C". The texts of [Addr.String]
// sort differently, because some characters of a user sort before the @.
func (a Addr) Compare(b Addr) int {
	if c := strings.Compare(a.user, b.user); c != 0 {
		return c
	}
	return strings.Compare(a.domain, b.domain)
}

func trimScheme(s string) string {
	const scheme = "sip:"
	if len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
		return s[len(scheme):]
	}
	return s
}

func validUser(s string) bool {
	if s == "" || len(s) > maxLength {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && strings.IndexByte(userMarks, c) < 0 {
			return false
		}
	}
	return true
}
