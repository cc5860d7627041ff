package plan_test

import (
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/e164/plan"
	"github.com/nyaruka/phonenumbers"
)

// FuzzCheck asks phonenumbers.Parse, wherever that left the number as it was.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{"+4773500001", "+12015550123", "+390612345678", "+2250123456789", "+80012345678",
		"+883510012345", "+4402071234567", "+15550123", "+999123456", "+390000000", "+47", "+28012345", "+3901", "+861012345678"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := e164.Parse(s)
		if err != nil {
			return
		}
		possible, valid := plan.Possible.Check(n) == nil, plan.Valid.Check(n) == nil
		if plan.Shape.Check(n) != nil || valid && !possible {
			t.Fatalf("%s: shape %v, possible %v, valid %v: each plan narrows the one before", n, plan.Shape.Check(n), possible, valid)
		}
		second, err := phonenumbers.Parse(s, "")
		if err != nil {
			if possible {
				t.Fatalf("%s is possible; phonenumbers.Parse: %v", n, err)
			}
			return
		}
		if phonenumbers.Format(second, phonenumbers.E164) != s {
			return // a prefix was stripped: its opinion is about another number
		}
		wantPossible := phonenumbers.IsPossibleNumberWithReason(second) == phonenumbers.IS_POSSIBLE
		wantValid := wantPossible && phonenumbers.IsValidNumber(second)
		if possible != wantPossible || valid != wantValid {
			t.Fatalf("%s: possible %v, valid %v; phonenumbers says %v, %v", n, possible, valid, wantPossible, wantValid)
		}
	})
}
