package e164_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
)

func TestParse(t *testing.T) {
	for _, row := range []struct{ in, code, why string }{
		{"+4773500001", "47", "a Norwegian number"},
		{"+10", "1", "2 digits are the fewest"},
		{"+99", "99", "2 digits, too few to hold the code"},
		{"+100000000000000", "1", "15 digits, the least"},
		{"+999999999999999", "999", "15 digits, the greatest"},
		{"+390612345678", "39", "zeros inside are kept (Italy)"},
		{"+4700000000", "47", "zeros at the end are kept"},
	} {
		n, err := e164.Parse(row.in)
		if err != nil || n.String() != row.in || n.Digits() != len(row.in)-1 || n.IsZero() {
			t.Errorf("Parse(%q) = %q of %d digits, %v: %s", row.in, n, n.Digits(), err, row.why)
		}
		if n.CountryCode() != row.code {
			t.Errorf("Parse(%q).CountryCode() = %q, want %q: %s", row.in, n.CountryCode(), row.code, row.why)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, row := range []struct{ in, why string }{
		{"", "nothing"},
		{"+", "no digits"},
		{"+4", "1 digit"},
		{"+1234567890123456", "16 digits are refused, not cut"},
		{"4773500001", "no +"},
		{"004773500001", "00 for +"},
		{"++4773500001", "two of them"},
		{"+0773500001", "no country code begins with 0"},
		{" +4773500001", "a leading blank"},
		{" 4773500001", "what a bare + in a query becomes: the transport's to mend"},
		{"+4773500001 ", "a trailing blank"},
		{"+4773500001\n", "a line break"},
		{"+47 735 00 001", "blanks"},
		{"+47-735-00001", "hyphens"},
		{"+47(735)00001", "brackets"},
		{"+47.73500001", "a dot"},
		{"+4773500001;ext=1", "an extension"},
		{"tel:+4773500001", "a URI"},
		{"+1800FLOWERS", "letters"},
		{"-4773500001", "another sign"},
		{"+47/3500001", "the character before 0"},
		{"+47:3500001", "the character after 9"},
		{"+47\x003500001", "NUL"},
		{"+47\xff3500001", "invalid UTF-8"},
		{"+४७७३", "digits of another script"},
		{"＋4773500001", "a full-width +"},
	} {
		if n, err := e164.Parse(row.in); err == nil || !n.IsZero() {
			t.Errorf("Parse(%q) = %q, %v: %s", row.in, n, err, row.why)
		}
	}
}

func TestError(t *testing.T) {
	const want = `e164: number "+0\x00": want "+" and 2 to 15 digits, the first not 0`
	if _, err := e164.Parse("+0\x00"); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err := e164.Parse(strings.Repeat("1", 9999)); len(err.Error()) > 200 {
		t.Errorf("the error quotes all of a long input: %d characters", len(err.Error()))
	}
}

func TestMustParsePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("MustParse does not panic on malformed input")
		}
	}()
	e164.MustParse("47")
}

func TestZero(t *testing.T) {
	var n e164.Number
	if !n.IsZero() || n.String() != "" || n.Digits() != 0 || n.CountryCode() != "" {
		t.Errorf("zero: %q, %d digits, country code %q", n, n.Digits(), n.CountryCode())
	}
	if m, ok := n.Offset(0); ok || !m.IsZero() {
		t.Errorf("zero.Offset(0) = %q, %v: there is nothing to count from", m, ok)
	}
}

// TestCompare goes over all pairs of numbers in which lengths and zeros are a trap for a
// comparison of integers.
func TestCompare(t *testing.T) {
	texts := []string{"", "+10", "+100", "+1000", "+100000000000000", "+100000000000001", "+11", "+109", "+199",
		"+20", "+4773500001", "+47735000010", "+4773500002", "+47735", "+99", "+990", "+999999999999999"}
	for _, a := range texts {
		for _, b := range texts {
			var n, m e164.Number
			if n.UnmarshalText([]byte(a)) != nil || m.UnmarshalText([]byte(b)) != nil {
				t.Fatalf("malformed: %q or %q", a, b)
			}
			if got, want := n.Compare(m), strings.Compare(a, b); got != want || (got == 0) != (n == m) {
				t.Errorf("%q.Compare(%q) = %d, want %d", a, b, got, want)
			}
		}
	}
}
