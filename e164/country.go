package e164

// CountryCode returns the country calling code that n begins with, without the +, by the
// structure of ITU-T's list of E.164 assigned country codes: one digit in the zones 1 and 7,
// two where the list has two, and three in all else, whether that code is assigned or not. A
// number too short to hold a code of three gives all its digits; the zero Number gives "".
func (n Number) CountryCode() string {
	if n.IsZero() {
		return ""
	}
	s := n.String()[1:]
	return s[:min(countryCodeDigits(s[0]-'0', s[1]-'0'), len(s))]
}

// countryCodeDigits tells by a number's first two digits how long its country calling code is.
// The spare groups 28, 83 and 89 are kept by ITU-T for codes of three digits.
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
