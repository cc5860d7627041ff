package e164

import (
	"cmp"
	"fmt"
)

// Number is an E.164 number. Numbers compare with ==. The zero Number means "no number".
type Number struct {
	// v holds the digits, padded on the right with zeros to 15 digits, as an integer in the high
	// 60 bits, and the count of digits in the low 4. So these integers sort as the texts do byte
	// by byte: the first digit that differs decides, and if one number is a prefix of the other,
	// the shorter one comes first.
	v uint64
}

const (
	minDigits = 2
	maxDigits = 15
	countBits = 4
)

// pow10 holds the powers of ten.
var pow10 = [maxDigits + 1]uint64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
}

// Parse reads + and 2 to 15 digits, of which the first is not 0. It does not normalize: spaces,
// hyphens, and 00 in the place of + are errors.
func Parse(s string) (Number, error) {
	n, ok := parse(s)
	if !ok {
		return Number{}, malformedError(s)
	}
	return n, nil
}

// MustParse is like [Parse] but panics if s is malformed. It is meant for tests and for constants.
func MustParse(s string) Number {
	n, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return n
}

func parse[T string | []byte](s T) (Number, bool) {
	digits := len(s) - 1
	if digits < minDigits || digits > maxDigits || s[0] != '+' || s[1] == '0' {
		return Number{}, false
	}
	var v uint64
	for i := 1; i < len(s); i++ {
		d := s[i] - '0'
		if d > 9 {
			return Number{}, false
		}
		v = v*10 + uint64(d)
	}
	return pack(v, digits), true
}

// malformedError is the text that was refused. The message is made when it is asked for, since many
// callers only look whether there is an error. [Parse] is so short that the compiler inlines it,
// and then does not allocate an error for such a caller.
type malformedError string

// Error returns the message.
func (e malformedError) Error() string {
	return fmt.Sprintf(`e164: number %.100q: want "+" and 2 to 15 digits, the first not 0`, string(e))
}

// pack returns the number whose digits are those of the integer v.
func pack(v uint64, digits int) Number {
	return Number{v: v*pow10[maxDigits-digits]<<countBits | uint64(digits)}
}

// integer returns the digits as an integer, or 0 for the zero Number.
func (n Number) integer() uint64 { return n.v >> countBits / pow10[maxDigits-n.Digits()] }

// String returns + and the digits, such as "+4773500001", or "" for the zero Number.
func (n Number) String() string {
	b, _ := n.AppendText(make([]byte, 0, maxDigits+1))
	return string(b)
}

// IsZero reports whether n is the zero Number.
func (n Number) IsZero() bool { return n == Number{} }

// Compare returns -1, 0 or +1. It orders numbers as their texts sort byte by byte.
func (n Number) Compare(m Number) int { return cmp.Compare(n.v, m.v) }

// Digits returns the count of digits of n, 2 to 15, or 0 for the zero Number.
func (n Number) Digits() int { return int(n.v & (1<<countBits - 1)) }

// CountryCode returns the country calling code that n begins with, without the +. Its length
// follows ITU-T's list of E.164 assigned country codes: one digit in the zones 1 and 7, two digits
// if the list has such a code, and else three digits, even if that code is not assigned. It returns
// all digits of a number that is shorter than its code, and "" for the zero Number.
func (n Number) CountryCode() string {
	if n.IsZero() {
		return ""
	}
	s := n.String()[1:]
	return s[:min(countryCodeDigits(s[0]-'0', s[1]-'0'), len(s))]
}

// countryCodeDigits returns the length of the country calling code of a number that begins with
// these two digits. ITU-T keeps the spare groups 28, 83 and 89 for codes of three digits.
func countryCodeDigits(first, second byte) int {
	switch 10*int(first) + int(second) {
	case 20, 27,
		30, 31, 32, 33, 34, 36, 39,
		40, 41, 43, 44, 45, 46, 47, 48, 49,
		51, 52, 53, 54, 55, 56, 57, 58,
		60, 61, 62, 63, 64, 65, 66,
		81, 82, 84, 86,
		90, 91, 92, 93, 94, 95, 98:
		return 2
	}
	if first == 1 || first == 7 {
		return 1
	}
	return 3
}

// Offset returns the number that is by places after n among the numbers with as many digits, or
// before n if by is negative: the offset of +4798 by 1 is +4799. It returns the zero Number and
// false if that number would have more or fewer digits, or if n is the zero Number.
func (n Number) Offset(by int64) (Number, bool) {
	if n.IsZero() {
		return Number{}, false
	}
	v, digits := int64(n.integer()), n.Digits()
	first, end := int64(pow10[digits-1]), int64(pow10[digits])
	if by < first-v || by >= end-v {
		return Number{}, false
	}
	return pack(uint64(v+by), digits), true
}

// Sub returns the distance from m to n among the numbers with as many digits, so that
// m.Offset(n.Sub(m)) is n. It is negative if n is before m. If n and m differ in [Number.Digits],
// the result has no meaning.
func (n Number) Sub(m Number) int64 { return int64(n.integer()) - int64(m.integer()) }
