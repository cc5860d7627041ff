package e164

import (
	"cmp"
	"fmt"
)

// Number is an E.164 number. It compares with ==, and its zero value is "no number".
type Number struct {
	// v has the digits, filled up with zeros on the right to 15, as an integer in the high 60
	// bits and their count in the low 4. The order of these integers is thus the byte order of
	// the texts: the first digit that differs decides, and where one number is the beginning of
	// the other, with zeros after it or not, the shorter one comes first.
	v uint64
}

const (
	minDigits = 2
	maxDigits = 15
	countBits = 4
)

// pow10 has the powers of ten.
var pow10 = [maxDigits + 1]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// Parse reads + and 2 to 15 digits, of which the first is not 0. Blanks, 00 for +, and
// anything else that would have to be normalised are malformed.
func Parse(s string) (Number, error) {
	n, ok := parse(s)
	if !ok {
		return Number{}, malformed(s)
	}
	return n, nil
}

// MustParse is Parse for tests and constants: it panics on what is malformed.
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

func malformed(s string) error {
	return fmt.Errorf(`e164: number %.100q: want "+" and 2 to 15 digits, the first not 0`, s)
}

// pack makes a Number of an integer of that many digits.
func pack(v uint64, digits int) Number {
	return Number{v*pow10[maxDigits-digits]<<countBits | uint64(digits)}
}

// integer returns the digits as an integer; 0 for the zero Number.
func (n Number) integer() uint64 { return n.v >> countBits / pow10[maxDigits-n.Digits()] }

// String returns + and the digits, such as "+4773500001"; "" for the zero Number.
func (n Number) String() string {
	b, _ := n.AppendText(make([]byte, 0, maxDigits+1))
	return string(b)
}

// IsZero tells whether n is no number.
func (n Number) IsZero() bool { return n == Number{} }

// Compare orders as the texts are ordered byte-wise: -1, 0 or +1.
func (n Number) Compare(m Number) int { return cmp.Compare(n.v, m.v) }

// Digits returns how many digits n has, 2 to 15; 0 for the zero Number.
func (n Number) Digits() int { return int(n.v & (1<<countBits - 1)) }

// Offset returns the number that is by places further on among those of the same digit count,
// or before it where by is negative: +4799 is by 1 after +4798. It returns false, and the zero
// Number, where that leaves the digit count, and for the zero Number.
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

// Sub returns how many places n is after m among the numbers of their digit count, so that
// m.Offset(n.Sub(m)) is n; negative where n comes first. Both must have the same Digits:
// otherwise there is no such distance, and the result means nothing.
func (n Number) Sub(m Number) int64 { return int64(n.integer()) - int64(m.integer()) }
