package sip

import (
	"fmt"
	"strings"
)

// limit is the longest user and the longest domain, the width of Kamailio's columns.
const limit = 64

// Addr is an address of record, user@domain. It compares with ==, and its zero value is "no
// address".
type Addr struct{ user, domain string }

// Parse reads user@domain. A leading sip:, in any case, is accepted and dropped; sips:, a port
// and parameters are malformed. The user is 1 to 64 characters of RFC 3261's unreserved and
// user-unreserved sets, without escapes, and is kept as given; the domain is as ParseDomain
// has it.
func Parse(s string) (Addr, error) {
	user, domain, ok := strings.Cut(trimScheme(s), "@")
	if !ok {
		return Addr{}, fmt.Errorf("sip: address %.100q: want user@domain", s)
	}
	return Join(user, domain)
}

// Join makes an address of its halves, by the rules of Parse, but without the sip: prefix.
func Join(user, domain string) (Addr, error) {
	if !userOK(user) {
		return Addr{}, fmt.Errorf("sip: user %.100q: want 1 to %d letters, digits and characters of %s", user, limit, userMarks)
	}
	d, err := ParseDomain(domain)
	if err != nil {
		return Addr{}, err
	}
	return Addr{user, d.name}, nil
}

// MustParse is Parse for tests and constants: it panics on what is malformed.
func MustParse(s string) Addr {
	a, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return a
}

// Unchecked returns an address as a row of a shared table has it, unchecked and unaltered: other
// tools write what Parse refuses, such as domains in upper case and odd user names. Valid
// tells whether it is such a one, which UnmarshalText and Scan would not take back.
func Unchecked(user, domain string) Addr { return Addr{user, domain} }

// User returns the part before the @; "" for the zero Addr.
func (a Addr) User() string { return a.user }

// Domain returns the part after the @; for a foreign address the unchecked text as a Domain.
func (a Addr) Domain() Domain { return Domain{a.domain} }

// String returns user@domain; "" for the zero Addr.
func (a Addr) String() string {
	if a.IsZero() {
		return ""
	}
	return a.user + "@" + a.domain
}

// IsZero tells whether a is no address.
func (a Addr) IsZero() bool { return a == Addr{} }

// Valid tells whether Parse gives this very value for some text: false for the zero Addr, and
// for a foreign address that is malformed or not in canonical form.
func (a Addr) Valid() bool { return userOK(a.user) && a.Domain().Valid() }

// Compare orders by user, then by domain, byte-wise: -1, 0 or +1. That is the order of the
// lists, and of two columns in COLLATE "C"; the order of the joined strings differs from it,
// since @ sorts after some characters of a user.
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

// userMarks are RFC 3261's mark and user-unreserved.
const userMarks = "-_.!~*'()&=+$,;?/"

func userOK(s string) bool {
	if s == "" || len(s) > limit {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !alphanum(c) && strings.IndexByte(userMarks, c) < 0 {
			return false
		}
	}
	return true
}
