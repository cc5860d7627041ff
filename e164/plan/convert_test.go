package plan

import (
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/hermes-voip/go-hermes/e164"
)

// The library must format the converted number as the number that was given.
func TestConvert(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ number, why string }{
		{"+4773500001", "no leading zeros"},
		{"+390612345678", "one leading zero"},
		{"+3900612345678", "two leading zeros"},
		{"+390", "one zero and nothing else"},
		{"+390000000", "zeros and nothing else"},
		{"+390000000000000", "15 digits of which 13 are zeros"},
		{"+4402071234567", "a national prefix"},
		{"+999999999999999", "the highest number"},
	} {
		if got := phonenumbers.Format(convert(e164.MustParse(row.number)), phonenumbers.E164); got != row.number {
			t.Errorf("%s became %s: %s", row.number, got, row.why)
		}
	}
}
