package e164_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
)

// twoDigits is written from ITU-T's list of E.164 assigned country codes, zone by zone: the
// codes of two digits by their last one.
var twoDigits = map[string]string{
	"2": "07", "3": "0123469", "4": "013456789", "5": "12345678", "6": "0123456", "8": "1246", "9": "0123458",
}

// TestCountryCode goes over every beginning of three digits.
func TestCountryCode(t *testing.T) {
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
}

func TestCountryCodeOf(t *testing.T) {
	for _, row := range []struct{ number, code, why string }{
		{"+12125550123", "1", "North America"},
		{"+74951234567", "7", "Russia"},
		{"+77271234567", "7", "Kazakhstan"},
		{"+201234567890", "20", "Egypt"},
		{"+2115550000", "211", "South Sudan, beside Egypt's 20"},
		{"+4212345678", "421", "Slovakia, in zone 4, whose others have two"},
		{"+4232345678", "423", "Liechtenstein"},
		{"+37212345678", "372", "Estonia"},
		{"+80012345678", "800", "international freephone"},
		{"+870773111632", "870", "Inmarsat"},
		{"+883510012345", "883", "international networks"},
		{"+85212345678", "852", "Hong Kong"},
		{"+8612345678901", "86", "China"},
		{"+9991234567", "999", "not assigned"},
		{"+2801234567", "280", "not assigned: kept for codes of three"},
		{"+8301234567", "830", "the same"},
		{"+8901234567", "890", "the same"},
		{"+10", "1", "2 digits, of which one is the code"},
		{"+47", "47", "2 digits, all of them the code"},
		{"+35", "35", "2 digits, too few for a code of three: all there is"},
	} {
		if got := e164.MustParse(row.number).CountryCode(); got != row.code {
			t.Errorf("country code of %s is %q, want %q: %s", row.number, got, row.code, row.why)
		}
	}
}
