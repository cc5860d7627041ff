// Package plan checks whether an E.164 number can exist in the number plan of its country.
//
// Use [Plan.Check] of [Possible], the zero Plan, unless there is a reason not to: [Shape] accepts
// numbers that cannot be dialled, and [Valid] refuses numbers of new blocks until the data is
// updated. [Parse] reads the name of a plan.
//
// The data is that of [github.com/nyaruka/phonenumbers], a port of Google's libphonenumber: number
// plans change every week, and a table kept by hand would soon be wrong. The data costs each
// program that imports this package 7 MB of binary, 4 to 8 ms at its start, and up to a few
// microseconds for each check. So the package is separate from package e164, whose Parse takes
// nanoseconds.
package plan

import (
	"fmt"

	"github.com/nyaruka/phonenumbers"

	"github.com/hermes-voip/go-hermes/e164"
)

// Plan selects the checks of a number. The zero Plan is [Possible].
type Plan int

const (
	// Possible requires a country calling code that exists, and a count of digits that full
	// international numbers of that code can have.
	Possible Plan = iota
	// Shape requires nothing beyond the rules of [e164.Parse].
	Shape
	// Valid requires, beyond Possible, that the number is of a block known to be in use.
	Valid
)

// names holds the names of the plans, which are the values of hermesd's setting number-check.
var names = [...]string{Possible: "possible", Shape: "shape", Valid: "valid"}

// Parse reads the name of a plan: shape, possible or valid.
func Parse(name string) (Plan, error) {
	for p, n := range names {
		if n == name {
			return Plan(p), nil
		}
	}
	return 0, fmt.Errorf("plan: name %.100q: want shape, possible or valid", name)
}

// String returns the name that [Parse] reads.
func (p Plan) String() string {
	if p < 0 || int(p) >= len(names) {
		return fmt.Sprintf("plan(%d)", int(p))
	}
	return names[p]
}

// Check returns nil if the plan accepts n, and otherwise an error that names the rule that n
// breaks. No plan accepts the zero Number. Check is safe for concurrent use.
func (p Plan) Check(n e164.Number) error {
	if n.IsZero() {
		return fmt.Errorf("plan: number %q: want one", n)
	}
	if p == Shape {
		return nil
	}
	number := convert(n)
	if fault := lengthFault(number); fault != "" {
		return fmt.Errorf("plan: number %q: %s %s", n, fault, n.CountryCode())
	}
	if p == Valid && !phonenumbers.IsValidNumber(number) {
		return fmt.Errorf("plan: number %q: want one of a block in use under country calling code %s",
			n, n.CountryCode())
	}
	return nil
}

// ChecksLengthOnly reports whether [Plan.Check] gives the same for all numbers that have the same
// country calling code and the same count of digits. It is false for [Valid].
func (p Plan) ChecksLengthOnly() bool { return p != Valid }

// lengthFault returns the beginning of an error, to be followed by the country calling code, or ""
// if the number is possible. It does not use phonenumbers.IsPossibleNumber, which also accepts the
// lengths of local dialling.
func lengthFault(number *phonenumbers.PhoneNumber) string {
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
