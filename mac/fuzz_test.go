package mac_test

import (
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/mac"
)

var plainRE = regexp.MustCompile(`\A[0-9A-Fa-f]{12}\z`)

// FuzzParse asks net.ParseMAC, which has no plain form, and accepts EUI-64 and InfiniBand too.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"001122aabbcc", "00:11:22:AA:BB:CC", "00-11-22-aa-bb-cc", "0011.22aa.bbcc", "00:11:22:aa:bb-cc",
		"00:11:22:aa:bb:cc:dd:ee", "0011.22aa.bbcc.ddee", "0:1:2:a:b:c", "00.11.22.aa.bb.cc", "\x00\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		separated := s
		if plainRE.MatchString(s) {
			separated = s[:4] + "." + s[4:8] + "." + s[8:]
		}
		second, err := net.ParseMAC(separated)
		want := err == nil && len(second) == 6
		a, err := mac.Parse(s)
		if (err == nil) != want {
			t.Fatalf("Parse(%q): %v; net.ParseMAC says %v", s, err, want)
		}
		if err != nil {
			if !a.IsZero() {
				t.Fatalf("Parse(%q): %q beside an error", s, a)
			}
			return
		}
		if a.IsZero() || a.String() != strings.ReplaceAll(second.String(), ":", "") {
			t.Fatalf("Parse(%q) = %q; net.ParseMAC gives %s", s, a, second)
		}
		if b, err := mac.Parse(a.String()); err != nil || b != a {
			t.Fatalf("Parse(%q) = %q, %v: want the same again", a, b, err)
		}
	})
}
