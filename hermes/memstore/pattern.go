package memstore

import (
	"strings"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
)

// A search that begins with literal characters reads only the part of a sorted map in which all
// texts begin with them. Searches for users do not: the pattern may match the display name instead
// of the address that the map is sorted by.

// literalPrefix returns the characters that p begins with, up to the first * or ?.
func literalPrefix(p hermes.Pattern) string {
	glob := p.String()
	if i := strings.IndexAny(glob, "*?"); i >= 0 {
		return glob[:i]
	}
	return glob
}

// firstNumber returns a number that no number whose text begins with prefix comes before. It
// returns false if no text of a number begins so.
func firstNumber(prefix string) (e164.Number, bool) {
	switch len(prefix) {
	case 0:
		return e164.Number{}, true
	case 1:
		return e164.Number{}, prefix == "+"
	case 2:
		prefix += "0" // a number has at least two digits
	}
	n, err := e164.Parse(prefix)
	return n, err == nil
}

// firstMAC returns a MAC address that none whose text begins with prefix comes before. It returns
// false if no text of a MAC address begins so.
func firstMAC(prefix string) (mac.Addr, bool) {
	const digits = 12
	if prefix == "" || len(prefix) > digits {
		return mac.Addr{}, prefix == ""
	}
	m, err := mac.Unchecked(prefix + strings.Repeat("0", digits-len(prefix)))
	return m, err == nil
}
