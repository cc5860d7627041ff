// Package e164 provides the telephone number of ITU-T Recommendation E.164 as a small value:
// [Number] has eight bytes, compares with ==, sorts as its text does, and can be counted with.
//
// Use [Parse] to read a number. It accepts the canonical form only, + and 2 to 15 digits, and
// normalizes nothing. [Number.CountryCode], [Number.Offset] and [Number.Sub] compute with numbers.
//
// The package checks the form of a number. It does not check whether the country calling code is
// assigned, nor whether a number of that country can have that many digits: package
// [github.com/hermes-voip/go-hermes/e164/plan] does. It is a package of its own because the number
// plans of all countries are large and change every week.
package e164
