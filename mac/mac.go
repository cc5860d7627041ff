// Package mac provides the MAC address of a desk phone as a small value: [Addr] has eight bytes,
// compares with ==, and sorts as its text does.
//
// Use [Parse] to read an address. Unlike [net.ParseMAC] it accepts six octets only, it also accepts
// the form without separators, which provisioning servers and phones use in file names, it refuses
// the addresses that no device has, and its result can be a map key. The canonical form is 12
// hexadecimal digits in lower case. Use [Unchecked] for what a database has already.
package mac

import (
	"cmp"
	"fmt"
)

// Addr is a MAC address of six octets (EUI-48). Addresses compare with ==. The zero Addr means "no
// address"; it differs from the address 000000000000, which [Unchecked] returns.
type Addr struct {
	// v holds the octets in the low 48 bits and isSet above them.
	v uint64
}

// isSet distinguishes the address 000000000000 from the zero Addr.
const isSet = 1 << 48

// isGroup is the bit that group addresses have: those of multicast, and the broadcast address.
const isGroup = 1 << 40

// Parse reads six octets in upper or lower case: as 12 hexadecimal digits, as pairs that are all
// separated by : or all by -, or as three groups of four digits separated by dots. It refuses group
// addresses and 000000000000, since they are no device's.
func Parse(s string) (Addr, error) {
	a, ok := parseDevice(s)
	if !ok {
		return Addr{}, malformedError(s)
	}
	return a, nil
}

func parseDevice(s string) (Addr, bool) {
	if a, ok := parse(s); ok && a.Valid() {
		return a, true
	}
	return Addr{}, false
}

// Unchecked is like [Parse], and also reads the addresses that are no device's. Use it for what
// was stored before they were refused, so that it can be read, found and removed.
func Unchecked(s string) (Addr, error) {
	a, ok := parse(s)
	if !ok {
		return Addr{}, malformedError(s)
	}
	return a, nil
}

// Valid reports whether [Parse] accepts the text of a, as it does unless a was made by [Unchecked]
// or read from a text or a database.
func (a Addr) Valid() bool { return a.v > isSet && a.v&isGroup == 0 }

// MustParse is like [Parse] but panics if s is malformed. It is meant for tests and for constants.
func MustParse(s string) Addr {
	a, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return a
}

// malformedError is the text that was refused. The message is made when it is asked for, since many
// callers only look whether there is an error. [Parse] is so short that the compiler inlines it,
// and then does not allocate an error for such a caller.
type malformedError string

// Error returns the message.
func (e malformedError) Error() string {
	if _, ok := parse(string(e)); ok {
		return fmt.Sprintf("mac: address %q: want that of a device, and no group address or 000000000000", string(e))
	}
	const forms = "001122334455, 00:11:22:33:44:55, 00-11-22-33-44-55 or 0011.2233.4455"
	return fmt.Sprintf("mac: address %.100q: want six octets as %s", string(e), forms)
}

func parse[T string | []byte](s T) (Addr, bool) {
	switch len(s) {
	case 12:
		return parseGroups(s, 12, 0)
	case 14:
		return parseGroups(s, 4, '.')
	case 17:
		if s[2] == ':' || s[2] == '-' {
			return parseGroups(s, 2, s[2])
		}
	}
	return Addr{}, false
}

// parseGroups reads groups of size digits each, separated by sep. The caller has checked that s is
// as long as six octets in such groups are.
func parseGroups[T string | []byte](s T, size int, sep byte) (Addr, bool) {
	var v uint64
	for i, n := 0, 0; i < len(s); i++ {
		if n == size {
			if s[i] != sep {
				return Addr{}, false
			}
			n = 0
			continue
		}
		d := hexDigit(s[i])
		if d > 15 {
			return Addr{}, false
		}
		v = v<<4 | uint64(d)
		n++
	}
	return Addr{v: isSet | v}, true
}

// hexDigit returns the value of a hexadecimal digit, or 255 if c is not one.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// String returns 12 hexadecimal digits in lower case, or "" for the zero Addr.
func (a Addr) String() string {
	b, _ := a.AppendText(make([]byte, 0, 12))
	return string(b)
}

// IsZero reports whether a is the zero Addr.
func (a Addr) IsZero() bool { return a == Addr{} }

// Compare returns -1, 0 or +1. It orders addresses as their texts sort byte by byte.
func (a Addr) Compare(b Addr) int { return cmp.Compare(a.v, b.v) }
