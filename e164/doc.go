// Package e164 has the telephone number of ITU-T Recommendation E.164 as a small value,
// [Number]: eight bytes that compare with ==, sort as the text does, and can be counted with.
//
// [Parse] accepts the canonical form only, + and 2 to 15 digits, and normalises nothing: what
// it accepts is the number itself. It knows the shape of a number, not whether the country
// calling code is assigned or the length possible in it; that is package plan's to tell, which
// is apart because the world's number plans are large and change every week.
package e164
