package sip

import (
	"database/sql/driver"
	"fmt"
	"net/netip"
	"strings"
)

// Domain is a SIP domain or another host: a host name or an IPv4 address. Domains compare with ==.
// The zero Domain means "no domain".
type Domain struct{ name string }

// ParseDomain reads a host name or an IPv4 address of at most 64 characters, and converts it to
// lower case. A host name consists of labels of 1 to 63 letters, digits and hyphens, without a
// hyphen at either end (RFC 1123, section 2.1), and has no trailing dot. An internationalized name
// must be in its ASCII form. A name whose labels are all digits must be an IPv4 address of four
// decimal numbers without leading zeros.
func ParseDomain(s string) (Domain, error) {
	if want := domainFault(s); want != "" {
		return Domain{}, fault{part: "domain", text: s, want: want}
	}
	return Domain{name: strings.ToLower(s)}, nil
}

// MustParseDomain is like [ParseDomain] but panics if s is malformed. It is meant for tests and for
// constants.
func MustParseDomain(s string) Domain {
	d, err := ParseDomain(s)
	if err != nil {
		panic(err)
	}
	return d
}

// UncheckedDomain returns a domain of the given name without checking or changing it. See
// [Unchecked].
func UncheckedDomain(s string) Domain { return Domain{name: s} }

// String returns the name, or "" for the zero Domain.
func (d Domain) String() string { return d.name }

// IsZero reports whether d is the zero Domain.
func (d Domain) IsZero() bool { return d.name == "" }

// Valid reports whether [ParseDomain] can return d. It is false for the zero Domain, and for a
// result of [UncheckedDomain] that is malformed or not in lower case.
func (d Domain) Valid() bool {
	return domainFault(d.name) == "" && strings.ToLower(d.name) == d.name
}

// Compare returns -1, 0 or +1. It compares the names byte by byte.
func (d Domain) Compare(e Domain) int { return strings.Compare(d.name, e.name) }

// AppendText appends the name to b, a malformed one as in [Addr.String]. Its error is always nil.
func (d Domain) AppendText(b []byte) ([]byte, error) { return append(b, spell(d.name, true)...), nil }

// MarshalText returns the text of [Domain.AppendText]. Its error is always nil.
func (d Domain) MarshalText() ([]byte, error) { return d.AppendText(nil) }

// UnmarshalText sets d to the domain that [ParseDomain] reads, or to the zero Domain if text is
// empty. If it returns an error, d is unchanged.
func (d *Domain) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Domain{}
		return nil
	}
	v, err := ParseDomain(string(text))
	if err == nil {
		*d = v
	}
	return err
}

// Scan implements [database/sql.Scanner] for a text column. NULL sets d to the zero Domain, and
// other values follow the rules of [Domain.UnmarshalText]. To read rows whose domains may be
// malformed, scan a string and pass it to [UncheckedDomain].
func (d *Domain) Scan(src any) error {
	s, err := columnText(src)
	if err != nil {
		return err
	}
	return d.UnmarshalText([]byte(s))
}

// Value implements [driver.Valuer]. It returns the name, or NULL for the zero Domain.
func (d Domain) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.name, nil
}

// columnText returns the text of a database column, or "" for NULL.
func columnText(src any) (string, error) {
	switch v := src.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	}
	return "", fmt.Errorf("sip: column of type %T: want text or NULL", src)
}

// domainFault returns the rule that s breaks, to follow "want" in an error, or "" if s is a domain.
func domainFault(s string) string {
	if s == "" || len(s) > maxLength {
		return "a host name or an IPv4 address of 1 to 64 characters"
	}
	numeric := true
	for rest, more := s, true; more; {
		var label string
		label, rest, more = strings.Cut(rest, ".")
		digits, fault := checkLabel(label)
		if fault != "" {
			return fault
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

// labelBytes are the bytes that a label may have.
var labelBytes = byteSet(alphanumeric + "-")

// checkLabel reports whether a label has digits only. It returns the rule that the label breaks, or
// "" if it is well-formed.
func checkLabel(label string) (digits bool, fault string) {
	if label == "" || len(label) > 63 {
		return false, "labels of 1 to 63 characters"
	}
	digits = true
	for i := range len(label) {
		c := label[i]
		if !labelBytes[c] {
			return false, `letters, digits and "-" in a label`
		}
		digits = digits && c <= '9' && c != '-'
	}
	if label[0] == '-' || label[len(label)-1] == '-' {
		return false, `no "-" at either end of a label`
	}
	return digits, ""
}
