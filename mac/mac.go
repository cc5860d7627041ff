// Package mac has the MAC address of a desk phone as a small value, [Addr]: eight bytes that
// compare with == and sort as the text does.
//
// It is net.ParseMAC's job for six octets only, plus the plain form that provisioning servers
// and phones put into file names, and with a result that can be a map key. The canonical form
// is 12 lower-case hex digits.
package mac

import (
	"cmp"
	"fmt"
)

// Addr is a MAC address of six octets (EUI-48). It compares with ==, and its zero value is "no
// address", which is not the address 000000000000.
type Addr struct {
	// v has the octets in the low 48 bits and isSet above them.
	v uint64
}

const isSet = 1 << 48

// Parse reads six octets as 12 hex digits, as pairs separated by : or by - throughout, or as
// three groups of four separated by dots; in any case.
func Parse(s string) (Addr, error) {
	a, ok := parse(s)
	if !ok {
		return Addr{}, malformed(s)
	}
	return a, nil
}

// MustParse is Parse for tests and constants: it panics on what is malformed.
func MustParse(s string) Addr {
	a, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return a
}

func malformed(s string) error {
	return fmt.Errorf(`mac: address %.100q: want six octets as 001122334455, 00:11:22:33:44:55, 00-11-22-33-44-55 or 0011.2233.4455`, s)
}

func parse[T string | []byte](s T) (Addr, bool) {
	switch len(s) {
	case 12:
		return groups(s, 12, 0)
	case 14:
		return groups(s, 4, '.')
	case 17:
		if s[2] == ':' || s[2] == '-' {
			return groups(s, 2, s[2])
		}
	}
	return Addr{}, false
}

// groups reads groups of size digits each, with sep between them. The length of s has been
// seen to be that of six octets in such groups.
func groups[T string | []byte](s T, size int, sep byte) (Addr, bool) {
	var v uint64
	for i, n := 0, 0; i < len(s); i++ {
		if n == size {
			if s[i] != sep {
				return Addr{}, false
			}
			n = 0
			continue
		}
		d := digit(s[i])
		if d > 15 {
			return Addr{}, false
		}
		v = v<<4 | uint64(d)
		n++
	}
	return Addr{isSet | v}, true
}

// digit returns a hex digit's value; more than 15 for what is none.
func digit(c byte) byte {
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

// String returns 12 lower-case hex digits; "" for the zero Addr.
func (a Addr) String() string {
	b, _ := a.AppendText(make([]byte, 0, 12))
	return string(b)
}

// IsZero tells whether a is no address.
func (a Addr) IsZero() bool { return a == Addr{} }

// Compare orders as the texts are ordered byte-wise: -1, 0 or +1.
func (a Addr) Compare(b Addr) int { return cmp.Compare(a.v, b.v) }
