package sip

import (
	"database/sql/driver"
	"fmt"
	"strings"
)

// maxLength is the length in bytes of the longest user and of the longest domain: the width of
// Kamailio's columns.
const maxLength = 64

const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// userMarks are the characters that a user may have beside letters and digits: mark and
// user-unreserved of RFC 3261, section 25.1.
const userMarks = "-_.!~*'()&=+$,;?/"

// userBytes are the bytes that a user may have.
var userBytes = byteSet(alphanumeric + userMarks)

// byteSet returns a table that is true for the bytes of s.
func byteSet(s string) (set [256]bool) {
	for i := range len(s) {
		set[s[i]] = true
	}
	return set
}

// Addr is an address of record, user@domain. Addresses compare with ==. The zero Addr means
// "no address".
type Addr struct{ user, domain string }

// Parse reads user@domain. A leading "sip:", in upper or lower case, is accepted and dropped;
// "sips:", a port and parameters are errors. The user is 1 to 64 characters of RFC 3261's
// unreserved and user-unreserved sets, without escapes, and is kept as given. The domain follows
// the rules of [ParseDomain].
func Parse(s string) (Addr, error) {
	a, f := parse(s)
	if f.want != "" {
		return Addr{}, f
	}
	return a, nil
}

const scheme = "sip:"

// hasScheme reports whether s begins with the scheme, in any case.
func hasScheme(s string) bool {
	return len(s) >= len(scheme) && strings.EqualFold(s[:len(scheme)], scheme)
}

func parse(s string) (Addr, fault) {
	address := s
	if hasScheme(s) {
		address = s[len(scheme):]
	}
	user, domain, ok := strings.Cut(address, "@")
	if !ok {
		return Addr{}, fault{part: "address", text: s, want: "user@domain"}
	}
	return join(user, domain)
}

// Join returns the address user@domain. The rules are those of [Parse], but the user must not have
// the prefix "sip:".
func Join(user, domain string) (Addr, error) {
	a, f := join(user, domain)
	if f.want != "" {
		return Addr{}, f
	}
	return a, nil
}

func join(user, domain string) (Addr, fault) {
	if !validUser(user) {
		const want = "1 to 64 letters, digits and characters of " + userMarks
		return Addr{}, fault{part: "user", text: user, want: want}
	}
	if want := domainFault(domain); want != "" {
		return Addr{}, fault{part: "domain", text: domain, want: want}
	}
	return Addr{user: user, domain: strings.ToLower(domain)}, fault{}
}

// fault is the error of a malformed text. The message is made when it is asked for, since many
// callers only look whether there is an error. [Parse] is so short that the compiler inlines it,
// and then does not allocate an error for such a caller.
type fault struct {
	part string // of what is parsed: address, user or domain
	text string
	want string // empty if there is no fault
}

// Error returns the message.
func (f fault) Error() string { return fmt.Sprintf("sip: %s %.100q: want %s", f.part, f.text, f.want) }

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
// [Addr.UnmarshalText] and [Addr.Scan] refuse an address that is not valid. [Addr.String] shows it,
// and [ParseAny] reads that text.
func Unchecked(user, domain string) Addr { return Addr{user: user, domain: domain} }

// User returns the part before the @ as it is, or "" for the zero Addr.
func (a Addr) User() string { return a.user }

// Domain returns the part after the @. If a was made by [Unchecked], the domain is unchecked, too.
func (a Addr) Domain() Domain { return Domain{name: a.domain} }

// String returns user@domain, or "" for the zero Addr. A malformed user is written as [Spell] does,
// and a malformed domain in the same way, with its @ as \x40. Different addresses have different
// texts.
func (a Addr) String() string {
	if a.IsZero() {
		return ""
	}
	return Spell(a.user) + "@" + spell(a.domain, true)
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

// AppendText appends the text of [Addr.String] to b. Its error is always nil.
func (a Addr) AppendText(b []byte) ([]byte, error) {
	if a.IsZero() {
		return b, nil
	}
	b = append(b, Spell(a.user)...)
	b = append(b, '@')
	return append(b, spell(a.domain, true)...), nil
}

// MarshalText returns the text of [Addr.String]. Its error is always nil.
func (a Addr) MarshalText() ([]byte, error) { return a.AppendText(nil) }

// UnmarshalText sets a to the address that [Parse] reads, or to the zero Addr if text is empty. If
// it returns an error, a is unchanged.
func (a *Addr) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Addr{}
		return nil
	}
	v, err := Parse(string(text))
	if err == nil {
		*a = v
	}
	return err
}

// Scan implements [database/sql.Scanner] for a text column. NULL sets a to the zero Addr, and other
// values follow the rules of [Addr.UnmarshalText]. To read rows whose addresses may be malformed,
// scan strings and pass them to [Unchecked].
func (a *Addr) Scan(src any) error {
	s, err := columnText(src)
	if err != nil {
		return err
	}
	return a.UnmarshalText([]byte(s))
}

// Value implements [driver.Valuer]. It returns the text of [Addr.String], or NULL for the zero
// Addr.
func (a Addr) Value() (driver.Value, error) {
	if a.IsZero() {
		return nil, nil
	}
	return a.String(), nil
}

func validUser(s string) bool {
	if s == "" || len(s) > maxLength {
		return false
	}
	for i := range len(s) {
		if !userBytes[s[i]] {
			return false
		}
	}
	return true
}
