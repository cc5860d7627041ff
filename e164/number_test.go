package e164_test

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
)

func TestParse(t *testing.T) {
	t.Parallel()
	t.Run("well-formed", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ in, code, why string }{
			{"+4773500001", "47", "a Norwegian number"},
			{"+10", "1", "2 digits, the fewest"},
			{"+99", "99", "2 digits, shorter than the country code"},
			{"+100000000000000", "1", "the lowest number of 15 digits"},
			{"+999999999999999", "999", "the highest number of 15 digits"},
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
	})
	t.Run("malformed", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ in, why string }{
			{"", "nothing"},
			{"+", "no digits"},
			{"+4", "1 digit"},
			{"+1234567890123456", "16 digits are refused, not truncated"},
			{"4773500001", "no +"},
			{"004773500001", "00 in the place of +"},
			{"++4773500001", "two +"},
			{"+0773500001", "a leading 0: no country code begins with it"},
			{" +4773500001", "a leading space"},
			{" 4773500001", "a leading space, as of an unescaped + in a query: only the HTTP layer may restore it"},
			{"+4773500001 ", "a trailing space"},
			{"+4773500001\n", "a line break"},
			{"+47 735 00 001", "spaces"},
			{"+47-735-00001", "hyphens"},
			{"+47(735)00001", "parentheses"},
			{"+47.73500001", "a dot"},
			{"+4773500001;ext=1", "an extension"},
			{"tel:+4773500001", "a tel URI"},
			{"+1800FLOWERS", "letters"},
			{"-4773500001", "a minus sign"},
			{"+47/3500001", "the character before 0"},
			{"+47:3500001", "the character after 9"},
			{"+47\x003500001", "NUL"},
			{"+47\xff3500001", "invalid UTF-8"},
			{"+४७७३", "Devanagari digits"},
			{"＋4773500001", "a full-width +"},
		} {
			if n, err := e164.Parse(row.in); err == nil || !n.IsZero() {
				t.Errorf("Parse(%q) = %q, %v: %s", row.in, n, err, row.why)
			}
		}
	})
	t.Run("error text", func(t *testing.T) {
		t.Parallel()
		const want = `e164: number "+0\x00": want "+" and 2 to 15 digits, the first not 0`
		if _, err := e164.Parse("+0\x00"); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if _, err := e164.Parse(strings.Repeat("1", 9999)); len(err.Error()) > 200 {
			t.Errorf("the error has %d characters: want it to quote the beginning of a long input only", len(err.Error()))
		}
	})
}

func TestMustParse(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("MustParse does not panic on malformed input")
		}
	}()
	e164.MustParse("47")
}

func TestNumber_IsZero(t *testing.T) {
	t.Parallel()
	var n e164.Number
	if !n.IsZero() || n.String() != "" || n.Digits() != 0 || n.CountryCode() != "" {
		t.Errorf("zero: %q, %d digits, country code %q", n, n.Digits(), n.CountryCode())
	}
	if m, ok := n.Offset(0); ok || !m.IsZero() {
		t.Errorf("zero.Offset(0) = %q, %v, want false", m, ok)
	}
}

// The texts have lengths and zeros that a comparison of plain integers would get wrong.
func TestNumber_Compare(t *testing.T) {
	t.Parallel()
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

// twoDigits lists the country codes of two digits by their zone (the first digit) and their second
// digits, from ITU-T's list of E.164 assigned country codes.
var twoDigits = map[string]string{
	"2": "07", "3": "0123469", "4": "013456789", "5": "12345678", "6": "0123456", "8": "1246", "9": "0123458",
}

func TestNumber_CountryCode(t *testing.T) {
	t.Parallel()
	t.Run("all beginnings of three digits", func(t *testing.T) {
		t.Parallel()
		for i := 100; i <= 999; i++ {
			digits := fmt.Sprint(i)
			want := digits
			switch zone, second := digits[:1], digits[1:2]; {
			case zone == "1" || zone == "7":
				want = zone
			case strings.Contains(twoDigits[zone], second):
				want = zone + second
			}
			for _, rest := range []string{"", "5", "555000", "555000555000"} {
				if got := e164.MustParse("+" + digits + rest).CountryCode(); got != want {
					t.Fatalf("country code of +%s is %q, want %q", digits+rest, got, want)
				}
			}
		}
	})
	t.Run("examples", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ number, code, why string }{
			{"+12125550123", "1", "North America"},
			{"+74951234567", "7", "Russia"},
			{"+77271234567", "7", "Kazakhstan"},
			{"+201234567890", "20", "Egypt"},
			{"+2115550000", "211", "South Sudan, next to Egypt's 20"},
			{"+4212345678", "421", "Slovakia, in zone 4, where most codes have two digits"},
			{"+4232345678", "423", "Liechtenstein"},
			{"+37212345678", "372", "Estonia"},
			{"+80012345678", "800", "international freephone"},
			{"+870773111632", "870", "Inmarsat"},
			{"+883510012345", "883", "international networks"},
			{"+85212345678", "852", "Hong Kong"},
			{"+8612345678901", "86", "China"},
			{"+9991234567", "999", "not assigned"},
			{"+2801234567", "280", "not assigned: kept for codes of three digits"},
			{"+8301234567", "830", "not assigned: kept for codes of three digits"},
			{"+8901234567", "890", "not assigned: kept for codes of three digits"},
			{"+10", "1", "2 digits, the first is the code"},
			{"+47", "47", "2 digits, both are the code"},
			{"+35", "35", "2 digits of a code of three digits"},
		} {
			if got := e164.MustParse(row.number).CountryCode(); got != row.code {
				t.Errorf("country code of %s is %q, want %q: %s", row.number, got, row.code, row.why)
			}
		}
	})
}

func TestNumber_Offset(t *testing.T) {
	t.Parallel()
	t.Run("examples", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct {
			from string
			by   int64
			to   string // empty if there is no such number
			why  string
		}{
			{"+4773500001", 0, "+4773500001", "itself"},
			{"+4773500001", 1, "+4773500002", "the next one"},
			{"+4773500001", -1, "+4773500000", "the one before"},
			{"+4773500099", 1, "+4773500100", "a carry"},
			{"+4773500100", -1, "+4773500099", "a borrow"},
			{"+4773500001", 999_999, "+4774500000", "the end of a range of a million"},
			{"+4799999999", 1, "+4800000000", "into another country: callers must check for that"},
			{"+10", 89, "+99", "the last number of 2 digits"},
			{"+10", 90, "", "3 digits would be needed"},
			{"+10", -1, "", "the first digit would be 0"},
			{"+99", -89, "+10", "the first number of 2 digits"},
			{"+999999999999999", 0, "+999999999999999", "the highest number"},
			{"+999999999999999", 1, "", "16 digits would be needed"},
			{"+100000000000000", -1, "", "it would have 14 digits"},
			{"+100000000000000", 899_999_999_999_999, "+999999999999999", "the greatest distance"},
			{"+999999999999999", math.MaxInt64, "", "no overflow"},
			{"+999999999999999", math.MinInt64, "", "no underflow"},
			{"+10", math.MaxInt64, "", "no overflow from a short number"},
			{"+10", math.MinInt64, "", "no underflow from a short number"},
		} {
			from := e164.MustParse(row.from)
			to, ok := from.Offset(row.by)
			if ok != (row.to != "") || to.String() != row.to {
				t.Errorf("%s.Offset(%d) = %q, %v, want %q: %s", row.from, row.by, to, ok, row.to, row.why)
			}
			if ok && (to.Sub(from) != row.by || from.Sub(to) != -row.by) {
				t.Errorf("%s.Sub(%s) = %d, and back %d, want %d", to, from, to.Sub(from), from.Sub(to), row.by)
			}
		}
	})
	t.Run("keeps the order", func(t *testing.T) {
		t.Parallel()
		last := e164.MustParse("+4773499990")
		for range 200 {
			next, ok := last.Offset(1)
			if !ok || next.Compare(last) <= 0 || next.String() <= last.String() {
				t.Fatalf("%s.Offset(1) = %q, %v: want a greater number", last, next, ok)
			}
			last = next
		}
	})
}

var numberRE = regexp.MustCompile(`\A\+[1-9][0-9]{1,14}\z`)

// FuzzParse compares Parse with a regular expression, and the methods with each other.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"+4773500001", "+47", "+4", "+04", "004773500001", "+1234567890123456", "+47 73500001",
		"+\x00", "+\xff1"} {
		f.Add(s, s, int64(1))
	}
	f.Fuzz(func(t *testing.T, s, other string, by int64) {
		n, err := e164.Parse(s)
		if want := numberRE.MatchString(s); (err == nil) != want {
			t.Fatalf("Parse(%q): %v; the regular expression says %v", s, err, want)
		}
		if err != nil {
			if !n.IsZero() {
				t.Fatalf("Parse(%q): %q with an error", s, n)
			}
			return
		}
		if n.String() != s || n.Digits() != len(s)-1 || !strings.HasPrefix(s[1:], n.CountryCode()) {
			t.Fatalf("Parse(%q) = %q, %d digits, country code %q", s, n, n.Digits(), n.CountryCode())
		}
		if m, err := e164.Parse(other); err == nil && n.Compare(m) != strings.Compare(s, other) {
			t.Fatalf("%q.Compare(%q) = %d", s, other, n.Compare(m))
		}
		if m, ok := n.Offset(by); ok && (m.Digits() != n.Digits() || m.Sub(n) != by || !numberRE.MatchString(m.String())) {
			t.Fatalf("%q.Offset(%d) = %q", s, by, m)
		}
	})
}

// refused are numbers with a fault at the beginning or at the end.
func refused() []string {
	return []string{"", "4773500001", "+0773500001", "+4773500001x", "+1234567890123456"}
}

func TestParse_allocations(t *testing.T) {
	const accepted = "+4773500001"
	for _, s := range append(refused(), accepted) {
		if n := testing.AllocsPerRun(10, func() {
			if _, err := e164.Parse(s); (err == nil) != (s == accepted) {
				t.Errorf("Parse(%q): accepted is %t", s, err == nil)
			}
		}); n != 0 {
			t.Errorf("Parse(%q) allocates %v times, want 0", s, n)
		}
	}
}

func BenchmarkParse_refused(b *testing.B) {
	for _, s := range refused() {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e164.Parse(s); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, s := range []string{"+4773500001", "+123456789012345"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e164.Parse(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNumber_String(b *testing.B) {
	n := e164.MustParse("+4773500001")
	var s string
	b.ReportAllocs()
	for b.Loop() {
		s = n.String()
	}
	_ = s
}

func BenchmarkNumber_Offset(b *testing.B) {
	n := e164.MustParse("+4773500001")
	b.ReportAllocs()
	for b.Loop() {
		n.Offset(999_999)
	}
}

func BenchmarkNumber_CountryCode(b *testing.B) {
	n := e164.MustParse("+4773500001")
	b.ReportAllocs()
	for b.Loop() {
		_ = n.CountryCode()
	}
}
