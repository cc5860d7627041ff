package plan_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/hermes-voip/go-hermes/e164/plan"
)

func TestPlan_Check(t *testing.T) {
	t.Parallel()
	t.Run("plans", func(t *testing.T) {
		t.Parallel()
		const yes, no = true, false
		for _, row := range []struct {
			number          string
			possible, valid bool
			why             string
		}{
			{"+4773500001", yes, yes, "Norway"},
			{"+4702000", yes, yes, "Norway, 5 digits, the first is 0"},
			{"+47735000012", no, no, "one digit too many for Norway"},
			{"+477350000", no, no, "7 digits, between the two lengths of Norway"},
			{"+4711111111", yes, no, "a block that Norway does not use"},
			{"+12015550123", yes, yes, "the United States"},
			{"+10000000000", yes, no, "the United States, ten zeros"},
			{"+15550123", no, no, "the local length of North America, which IsPossibleNumber accepts"},
			{"+13101234", no, no, "Canada's short UAN: valid to the library, but dialled within Canada only"},
			{"+390612345678", yes, yes, "Italy, where the leading zero belongs to the number"},
			{"+2250123456789", yes, yes, "Ivory Coast, where the leading zero belongs to the number"},
			{"+39000000", yes, no, "Italy, nothing but zeros"},
			{"+442071234567", yes, yes, "the United Kingdom"},
			{"+4402071234567", no, no, "the national prefix of the United Kingdom, which the library's Parse would remove"},
			{"+789161234567", no, no, "the national prefix of Russia"},
			{"+5215512345678", no, no, "Mexico's former 1 for mobile numbers"},
			{"+4915123456789", yes, yes, "Germany"},
			{"+491", no, no, "one digit after the code"},
			{"+49", no, no, "a code without a number"},
			{"+80012345678", yes, yes, "international freephone"},
			{"+8001234567", no, no, "international freephone, one digit too few"},
			{"+870773111632", yes, yes, "Inmarsat"},
			{"+883510012345", yes, yes, "international networks"},
			{"+87812345678", no, no, "a universal personal number: these have 12 digits"},
			{"+999123456789", no, no, "a code that does not exist"},
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
	})
	t.Run("error text", func(t *testing.T) {
		t.Parallel()
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
	})
	t.Run("zero Number", func(t *testing.T) {
		t.Parallel()
		for _, p := range []plan.Plan{plan.Shape, plan.Possible, plan.Valid} {
			if err := p.Check(e164.Number{}); err == nil {
				t.Errorf("%v accepts the zero Number", p)
			}
		}
	})
	t.Run("examples of the library", func(t *testing.T) {
		t.Parallel()
		count := 0
		for region := range phonenumbers.GetSupportedRegions() {
			for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
				example := phonenumbers.GetExampleNumberForType(region, kind)
				if example == nil || region == "CA" && kind == phonenumbers.UAN {
					continue // see Canada's short UAN above
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
			t.Errorf("the library has %d examples only", count)
		}
	})
	t.Run("country codes", func(t *testing.T) {
		t.Parallel()
		// The library knows the same codes, and a code alone is not a number.
		for code := range phonenumbers.GetSupportedCallingCodes() {
			text := fmt.Sprint("+", code)
			if got := e164.MustParse(text + "55500055").CountryCode(); "+"+got != text {
				t.Errorf("country code of %s55500055 is %s", text, got)
			}
			if alone, err := e164.Parse(text); err == nil && plan.Possible.Check(alone) == nil {
				t.Errorf("%s alone is a possible number", alone)
			}
		}
	})
	t.Run("concurrent calls", func(t *testing.T) {
		t.Parallel()
		// The library compiles its patterns when they are first needed: the race detector must not
		// complain.
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
	})
}

// checkExample checks that a number that the library has as an example is acceptable.
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

func TestParse(t *testing.T) {
	t.Parallel()
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
}

func TestPlan_String(t *testing.T) {
	t.Parallel()
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

// FuzzPlan_Check compares Check with the library's opinion of the result of phonenumbers.Parse, if
// that has the same digits.
func FuzzPlan_Check(f *testing.F) {
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
			t.Fatalf("%s: shape %v, possible %v, valid %v: want each plan to imply the one before",
				n, plan.Shape.Check(n), possible, valid)
		}
		second, err := phonenumbers.Parse(s, "")
		if err != nil {
			if possible {
				t.Fatalf("%s is possible; phonenumbers.Parse: %v", n, err)
			}
			return
		}
		if phonenumbers.Format(second, phonenumbers.E164) != s {
			return // Parse removed a prefix
		}
		wantPossible := phonenumbers.IsPossibleNumberWithReason(second) == phonenumbers.IS_POSSIBLE
		wantValid := wantPossible && phonenumbers.IsValidNumber(second)
		if possible != wantPossible || valid != wantValid {
			t.Fatalf("%s: possible %v, valid %v; phonenumbers says %v, %v", n, possible, valid, wantPossible, wantValid)
		}
	})
}

func BenchmarkPlan_Check(b *testing.B) {
	n := e164.MustParse("+4773500001")
	for _, p := range []plan.Plan{plan.Shape, plan.Possible, plan.Valid} {
		b.Run(p.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Check(n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A plan that checks the length only gives the same for the first, the last and the middle one of
// the numbers with one country calling code and one count of digits.
func TestPlan_ChecksLengthOnly(t *testing.T) {
	t.Parallel()
	for p, want := range map[plan.Plan]bool{plan.Shape: true, plan.Possible: true, plan.Valid: false} {
		if got := p.ChecksLengthOnly(); got != want {
			t.Errorf("%v: got %t, want %t", p, got, want)
		}
	}
	for code := 1; code < 1000; code++ {
		text := fmt.Sprintf("+%d", code)
		for digits := len(text); digits <= 15; digits++ {
			accepted := map[bool]bool{}
			for _, digit := range []string{"0", "1", "5", "9"} {
				n := e164.MustParse(text + strings.Repeat(digit, digits+1-len(text)))
				if n.CountryCode() == text[1:] {
					accepted[plan.Possible.Check(n) == nil] = true
				}
			}
			if len(accepted) > 1 {
				t.Errorf("country calling code %d, %d digits: Possible accepts some numbers only", code, digits)
			}
		}
	}
}
