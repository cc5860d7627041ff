package e164_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
)

var numberRE = regexp.MustCompile(`\A\+[1-9][0-9]{1,14}\z`)

func FuzzParse(f *testing.F) {
	for _, s := range []string{"+4773500001", "+47", "+4", "+04", "004773500001", "+1234567890123456", "+47 73500001", "+\x00", "+\xff1"} {
		f.Add(s, s, int64(1))
	}
	f.Fuzz(func(t *testing.T, s, other string, by int64) {
		n, err := e164.Parse(s)
		if want := numberRE.MatchString(s); (err == nil) != want {
			t.Fatalf("Parse(%q): %v; the regular expression says %v", s, err, want)
		}
		if err != nil {
			if !n.IsZero() {
				t.Fatalf("Parse(%q): %q beside an error", s, n)
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
