package memstore

import (
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/hermes"
	"github.com/hermes-voip/go-hermes/mac"
)

func TestFirstNumber(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		search, want string // an empty want is the zero Number
		ok           bool
		why          string
	}{
		{"*", "", true, "no literal prefix"},
		{"4735", "", true, "a search without a wildcard matches anywhere"},
		{"+*", "", true, "every number begins with +"},
		{"+4*", "+40", true, "the shortest number of those has two digits"},
		{"+4735*", "+4735", true, "a number may be as short as the prefix"},
		{"+4735??00", "+4735", true, "the prefix ends at ?"},
		{"+123456789012345*", "+123456789012345", true, "the longest number"},
		{"+1234567890123456*", "", false, "longer than the longest number"},
		{"+0*", "", false, "no number begins with 0"},
		{"4735*", "", false, "no text of a number begins with a digit"},
		{"+47a*", "", false, "no number has a letter"},
	} {
		want, _ := e164.Parse(test.want)
		got, ok := firstNumber(literalPrefix(mustParsePattern(t, test.search)))
		if got != want || ok != test.ok {
			t.Errorf("%s: got %s, %t, want %s, %t: %s", test.search, got, ok, want, test.ok, test.why)
		}
	}
}

func TestFirstMAC(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		search, want string // an empty want is the zero Addr
		ok           bool
		why          string
	}{
		{"*", "", true, "no literal prefix"},
		{"0?", "000000000000", true, "the prefix ends at ?"},
		{"0015AB*", "0015ab000000", true, "case does not matter"},
		{"0015ab0123ef*", "0015ab0123ef", true, "a whole address"},
		{"0015ab0123ef0*", "", false, "longer than an address"},
		{"00:15*", "", false, "addresses have no separators"},
	} {
		want, _ := mac.Unchecked(test.want)
		got, ok := firstMAC(literalPrefix(mustParsePattern(t, test.search)))
		if got != want || ok != test.ok {
			t.Errorf("%s: got %s, %t, want %s, %t: %s", test.search, got, ok, want, test.ok, test.why)
		}
	}
}

func mustParsePattern(t *testing.T, search string) hermes.Pattern {
	t.Helper()
	p, err := hermes.ParsePattern(search)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
