package plan

import (
	"strconv"

	"github.com/nyaruka/phonenumbers"

	"github.com/hermes-voip/go-hermes/e164"
)

// convert returns n as a number of the library, with the same digits. phonenumbers.Parse is of no
// use here: it removes digits that look like a national prefix, and so checks another number.
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

// leadingZeros returns the count of zeros before the digits of the integer. If all digits are
// zeros, the last one is the integer and does not count.
func leadingZeros(digits string) int {
	zeros := 0
	for zeros < len(digits)-1 && digits[zeros] == '0' {
		zeros++
	}
	return zeros
}

// integer returns the value of at most 15 digits, which fits into 64 bits. No digits are 0.
func integer(digits string) uint64 {
	v, _ := strconv.ParseUint(digits, 10, 64)
	return v
}
