package plan

import (
	"strconv"

	"github.com/hermes-voip/go-hermes/e164"
	"github.com/nyaruka/phonenumbers"
)

// convert makes the library's number digit by digit. phonenumbers.Parse would strip what looks
// like a national prefix, and judge another number than the one that was given.
func convert(n e164.Number) *phonenumbers.PhoneNumber {
	code := n.CountryCode()
	national := n.String()[1+len(code):]
	zeros := leadingZeros(national)
	number := &phonenumbers.PhoneNumber{
		CountryCode:    new(int32(integer(code))),
		NationalNumber: new(integer(national)),
	}
	if zeros > 0 {
		number.ItalianLeadingZero = new(true)
		number.NumberOfLeadingZeros = new(int32(zeros))
	}
	return number
}

// leadingZeros counts the zeros before the integer's own digits: of nothing but zeros, the
// last one is the integer.
func leadingZeros(digits string) int {
	zeros := 0
	for zeros < len(digits)-1 && digits[zeros] == '0' {
		zeros++
	}
	return zeros
}

// integer reads up to 15 digits, which always fit; none are 0.
func integer(digits string) uint64 {
	v, _ := strconv.ParseUint(digits, 10, 64)
	return v
}
