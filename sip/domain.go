package sip

import (
	"fmt"
	"net/netip"
	"strings"
)

// Domain is a SIP domain or any other host: a host name or an IPv4 address. It compares with
// ==, and its zero value is "no domain".
type Domain struct{ name string }

// ParseDomain reads a host name or an IPv4 address of at most 64 characters, and puts it into
// lower case. A host name has labels of letters, digits and -, 1 to 63 long, with no - at
// either end (RFC 1123, section 2.1), and no trailing dot; IDNA names are given in their ASCII
// form. A name whose labels are all digits is an IPv4 address in its one canonical form, or
// malformed.
func ParseDomain(s string) (Domain, error) {
	if want := domainLacks(s); want != "" {
		return Domain{}, fmt.Errorf("sip: domain %.100q: want %s", s, want)
	}
	return Domain{strings.ToLower(s)}, nil
}

// MustParseDomain is ParseDomain for tests and constants: it panics on what is malformed.
func MustParseDomain(s string) Domain {
	d, err := ParseDomain(s)
	if err != nil {
		panic(err)
	}
	return d
}

// UncheckedDomain returns a domain as a row of a shared table has it, unchecked and unaltered;
// see Unchecked.
func UncheckedDomain(s string) Domain { return Domain{s} }

// String returns the name; "" for the zero Domain.
func (d Domain) String() string { return d.name }

// IsZero tells whether d is no domain.
func (d Domain) IsZero() bool { return d.name == "" }

// Valid tells whether ParseDomain gives this very value for some text: false for the zero
// Domain, and for a foreign one that is malformed or not in lower case.
func (d Domain) Valid() bool {
	return domainLacks(d.name) == "" && strings.ToLower(d.name) == d.name
}

// Compare orders byte-wise: -1, 0 or +1.
func (d Domain) Compare(e Domain) int { return strings.Compare(d.name, e.name) }

// domainLacks says what would make s a domain; "" where nothing is lacking.
func domainLacks(s string) string {
	if s == "" || len(s) > limit {
		return "a host name or an IPv4 address of 1 to 64 characters"
	}
	numeric := true
	for rest, more := s, true; more; {
		var label string
		label, rest, more = strings.Cut(rest, ".")
		digits, lacks := checkLabel(label)
		if lacks != "" {
			return lacks
		}
		numeric = numeric && digits
	}
	if !numeric {
		return ""
	}
	if _, err := netip.ParseAddr(s); err != nil {
		return "four numbers from 0 to 255, without leading zeros, where all labels are digits"
	}
	return ""
}

// checkLabel tells whether a label is digits only, and what it lacks to be one.
func checkLabel(label string) (digits bool, lacks string) {
	if label == "" || len(label) > 63 {
		return false, "labels of 1 to 63 characters"
	}
	digits = true
	for i := range len(label) {
		c := label[i]
		if !alphanum(c) && c != '-' {
			return false, `letters, digits and "-" in a label`
		}
		digits = digits && c <= '9' && c != '-'
	}
	if label[0] == '-' || label[len(label)-1] == '-' {
		return false, `no "-" at either end of a label`
	}
	return digits, ""
}

func alphanum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
