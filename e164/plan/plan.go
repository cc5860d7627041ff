// Package plan tells whether an E.164 number can exist, by the number plans of the world.
//
// It rests on github.com/nyaruka/phonenumbers, the port of Google's libphonenumber: countries
// change their plans every week, and a table kept by hand would be wrong within a month. It is
// apart from package e164 because of what that costs each program that imports it: 7 MB of
// binary, 4 to 8 ms at its start, and up to some microseconds a check, where Parse takes
// nanoseconds.
//
// Use [Possible], the zero value, unless there is a reason not to: [Shape] lets through
// numbers that nobody can dial, and [Valid] refuses new number blocks until the library has
// learned of them.
package plan

import (
	"fmt"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/nyaruka/phonenumbers"
)

// Plan is how closely a number is looked at. The zero value is Possible.
type Plan int

const (
	// Possible wants a country calling code that exists and a length that full international
	// numbers have in it.
	Possible Plan = iota
	// Shape wants what e164.Parse wants, and nothing more.
	Shape
	// Valid wants, beyond Possible, a number block that is known to be in use.
	Valid
)

// names are the plans' names as the setting number-check has them.
var names = [...]string{Possible: "possible", Shape: "shape", Valid: "valid"}

// Parse reads shape, possible or valid.
func Parse(name string) (Plan, error) {
	for p, n := range names {
		if n == name {
			return Plan(p), nil
		}
	}
	return 0, fmt.Errorf("plan: name %.100q: want shape, possible or valid", name)
}

// String returns the name that Parse reads.
func (p Plan) String() string {
	if p < 0 || int(p) >= len(names) {
		return fmt.Sprintf("plan(%d)", int(p))
	}
	return names[p]
}

// Check returns nil where n is acceptable, and else an error that says why not. The zero
// Number is never acceptable. It may be called by several goroutines at once.
func (p Plan) Check(n e164.Number) error {
	if n.IsZero() {
		return fmt.Errorf("plan: number %q: want one", n)
	}
	if p == Shape {
		return nil
	}
	number := convert(n)
	if lacks := lengthLacks(number); lacks != "" {
		return fmt.Errorf("plan: number %q: %s %s", n, lacks, n.CountryCode())
	}
	if p == Valid && !phonenumbers.IsValidNumber(number) {
		return fmt.Errorf("plan: number %q: want one of a block in use under country calling code %s", n, n.CountryCode())
	}
	return nil
}

// lengthLacks says what keeps a number from being possible; "" where nothing does. Only
// IS_POSSIBLE will do: phonenumbers.IsPossibleNumber accepts lengths for local dialling too.
func lengthLacks(number *phonenumbers.PhoneNumber) string {
	switch phonenumbers.IsPossibleNumberWithReason(number) {
	case phonenumbers.IS_POSSIBLE:
		return ""
	case phonenumbers.INVALID_COUNTRY_CODE:
		return "want a country calling code that exists, not"
	case phonenumbers.TOO_LONG:
		return "want fewer digits under country calling code"
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return "want more digits under country calling code"
	}
	return "want another count of digits under country calling code"
}
