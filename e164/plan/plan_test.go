package plan_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/e164/plan"
	"github.com/nyaruka/phonenumbers"
)

func TestCheck(t *testing.T) {
	const yes, no = true, false
	for _, row := range []struct {
		number          string
		possible, valid bool
		why             string
	}{
		{"+4773500001", yes, yes, "Norway"},
		{"+4702000", yes, yes, "Norway, 5 digits, of which the first is 0"},
		{"+47735000012", no, no, "a digit too many for Norway"},
		{"+477350000", no, no, "a digit too few: between its two lengths"},
		{"+4711111111", yes, no, "a block that Norway does not use"},
		{"+12015550123", yes, yes, "the United States"},
		{"+10000000000", yes, no, "ten zeros"},
		{"+15550123", no, no, "the local length of North America, which IsPossibleNumber accepts"},
		{"+13101234", no, no, "Canada's short UAN, which the library finds valid and dials within Canada only"},
		{"+390612345678", yes, yes, "Italy, whose leading zero belongs to the number"},
		{"+2250123456789", yes, yes, "Ivory Coast, the same"},
		{"+39000000", yes, no, "nothing but zeros"},
		{"+442071234567", yes, yes, "the United Kingdom"},
		{"+4402071234567", no, no, "its national prefix: the library's Parse would strip it"},
		{"+789161234567", no, no, "Russia's"},
		{"+5215512345678", no, no, "Mexico's former 1 for mobile numbers"},
		{"+4915123456789", yes, yes, "Germany"},
		{"+491", no, no, "one digit after the code"},
		{"+49", no, no, "a code without a number"},
		{"+80012345678", yes, yes, "international freephone"},
		{"+8001234567", no, no, "a digit too few for it"},
		{"+870773111632", yes, yes, "Inmarsat"},
		{"+883510012345", yes, yes, "international networks"},
		{"+87812345678", no, no, "universal personal numbers have 12 digits"},
		{"+999123456789", no, no, "no such code"},
		{"+21012345678", no, no, "a spare code"},
		{"+28012345678", no, no, "a spare code"},
		{"+35", no, no, "the beginning of a code"},
		{"+123456789012345", no, no, "15 digits"},
	} {
		n := e164.MustParse(row.number)
		for p, want := range map[plan.Plan]bool{plan.Shape: true, plan.Possible: row.possible, plan.Valid: row.valid} {
			if err := p.Check(n); (err == nil) != want {
				t.Errorf("%v.Check(%s) = %v: %s", p, n, err, row.why)
			}
		}
	}
}

func TestCheckErrors(t *testing.T) {
	for _, row := range []struct {
		plan         plan.Plan
		number, want string
	}{
		{plan.Possible, "+999123456789", `plan: number "+999123456789": want a country calling code that exists, not 999`},
		{plan.Possible, "+47735000012", `plan: number "+47735000012": want fewer digits under country calling code 47`},
		{plan.Possible, "+15550123", `plan: number "+15550123": want more digits under country calling code 1`},
		{plan.Possible, "+4773", `plan: number "+4773": want more digits under country calling code 47`},
		{plan.Possible, "+477350000", `plan: number "+477350000": want another count of digits under country calling code 47`},
		{plan.Valid, "+477350000", `plan: number "+477350000": want another count of digits under country calling code 47`},
		{plan.Valid, "+4711111111", `plan: number "+4711111111": want one of a block in use under country calling code 47`},
	} {
		if err := row.plan.Check(e164.MustParse(row.number)); err == nil || err.Error() != row.want {
			t.Errorf("got  %v\nwant %s", err, row.want)
		}
	}
	for _, p := range []plan.Plan{plan.Shape, plan.Possible, plan.Valid} {
		if err := p.Check(e164.Number{}); err == nil {
			t.Errorf("%v accepts no number at all", p)
		}
	}
}

// TestExamples: the library's own example of every region and kind is acceptable.
func TestExamples(t *testing.T) {
	count := 0
	for region := range phonenumbers.GetSupportedRegions() {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			example := phonenumbers.GetExampleNumberForType(region, kind)
			if example == nil || region == "CA" && kind == phonenumbers.UAN {
				continue // TestCheck has the reason for Canada's
			}
			checkExample(t, region, example)
			count++
		}
	}
	for code := range phonenumbers.GetSupportedGlobalNetworkCallingCodes() {
		checkExample(t, fmt.Sprint("+", code), phonenumbers.GetExampleNumberForNonGeoEntity(code))
		count++
	}
	if count < 500 {
		t.Errorf("the library gave %d examples only", count)
	}
}

func checkExample(t *testing.T, region string, example *phonenumbers.PhoneNumber) {
	n, err := e164.Parse(phonenumbers.Format(example, phonenumbers.E164))
	if err != nil {
		t.Errorf("%s: %v", region, err)
		return
	}
	for _, p := range []plan.Plan{plan.Possible, plan.Valid} {
		if err := p.Check(n); err != nil {
			t.Errorf("%s: %v: %v", region, p, err)
		}
	}
}

// TestCountryCodes: package e164 cuts the codes off where the library does, and a code alone
// is never a number.
func TestCountryCodes(t *testing.T) {
	for code := range phonenumbers.GetSupportedCallingCodes() {
		text := fmt.Sprint("+", code)
		if got := e164.MustParse(text + "55500055").CountryCode(); "+"+got != text {
			t.Errorf("country code of %s55500055 is %s", text, got)
		}
		if alone, err := e164.Parse(text); err == nil && plan.Possible.Check(alone) == nil {
			t.Errorf("%s alone is taken for a number", alone)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]plan.Plan{"shape": plan.Shape, "possible": plan.Possible, "valid": plan.Valid} {
		if p, err := plan.Parse(name); err != nil || p != want || p.String() != name {
			t.Errorf("Parse(%q) = %v, %v", name, p, err)
		}
	}
	for _, name := range []string{"", "Possible", "possible ", "strict"} {
		want := fmt.Sprintf("plan: name %q: want shape, possible or valid", name)
		if p, err := plan.Parse(name); err == nil || err.Error() != want {
			t.Errorf("Parse(%q) = %v, %v", name, p, err)
		}
	}
	var zero plan.Plan
	if zero != plan.Possible {
		t.Errorf("the zero value is %v, want possible", zero)
	}
	for _, p := range []plan.Plan{-1, 3} {
		if want := fmt.Sprintf("plan(%d)", int(p)); p.String() != want {
			t.Errorf("String of an unknown plan: %q, want %q", p, want)
		}
	}
}

// TestConcurrent is for the race detector: the library compiles its patterns when they are
// first needed.
func TestConcurrent(t *testing.T) {
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for _, s := range []string{"+390612345678", "+861012345678", "+551123456789"} {
				if err := plan.Valid.Check(e164.MustParse(s)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
