package sip_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/sip"
)

func TestParseDomain(t *testing.T) {
	label63 := letters64[:63]
	for _, row := range []struct{ in, want, why string }{
		{"example.com", "example.com", "a host name"},
		{"EXAMPLE.Com", "example.com", "lower case is the canonical one"},
		{"localhost", "localhost", "one label"},
		{"a", "a", "one character"},
		{"a-b.c--d", "a-b.c--d", "hyphens within a label"},
		{"xn--bcher-kva.example", "xn--bcher-kva.example", "IDNA in its ASCII form"},
		{"3com.example", "3com.example", "a leading digit (RFC 1123, 2.1)"},
		{"pbx.1", "pbx.1", "a label of digits beside one of letters"},
		{"1.2.3.x", "1.2.3.x", "three labels of digits and one of letters"},
		{"1.2.3.4.x5", "1.2.3.4.x5", "a name that begins like an address"},
		{"1-2", "1-2", "digits and a hyphen are no digits"},
		{"0.0.0.0", "0.0.0.0", "the least address"},
		{"255.255.255.255", "255.255.255.255", "the greatest address"},
		{label63, label63, "63 characters are the longest label"},
		{domain64, domain64, "64 characters are the width of the column"},
	} {
		d, err := sip.ParseDomain(row.in)
		if err != nil || d.String() != row.want || !d.Valid() || d.IsZero() {
			t.Errorf("ParseDomain(%q) = %q, %v, Valid %v: %s", row.in, d, err, d.Valid(), row.why)
		}
	}
}

func TestParseDomainRefuses(t *testing.T) {
	for _, row := range []struct{ in, why string }{
		{"", "nothing"},
		{".", "nothing but a dot"},
		{"example.com.", "a trailing dot: Kamailio compares the names as text"},
		{".example.com", "a leading dot"},
		{"example..com", "an empty label"},
		{"-example.com", "a leading hyphen"},
		{"example-.com", "a trailing hyphen in the middle"},
		{"example.com-", "a trailing hyphen at the end"},
		{"-", "nothing but a hyphen"},
		{"ex_ample.com", "an underscore"},
		{"ex ample.com", "a blank"},
		{"example.com:5060", "a port"},
		{"example.com/", "a path"},
		{"alice@example.com", "an address"},
		{"sip:example.com", "a scheme"},
		{"*.example.com", "a wildcard"},
		{"bücher.example", "IDNA not in its ASCII form"},
		{"example。com", "a full stop of another script"},
		{"KELVIN\u212a.example", "U+212A becomes an ASCII k in lower case, and is none before"},
		{"example\x00.com", "NUL"},
		{"example.com\n", "a line break"},
		{"example\xff.com", "invalid UTF-8"},
		{"[::1]", "an IPv6 reference"},
		{"::1", "IPv6"},
		{"::ffff:192.0.2.1", "an IPv4 address within IPv6"},
		{"1", "an address of one number, which inet_aton accepts"},
		{"1.2.3", "an address of three numbers"},
		{"1.2.3.4.5", "an address of five numbers"},
		{"1.2.3.256", "a number over 255"},
		{"256.1.2.3", "a number over 255 at the front"},
		{"1.2.3.04", "a leading zero, which some read as octal"},
		{"01.2.3.4", "a leading zero at the front"},
		{"1.2.3.4.", "an address with a trailing dot"},
		{"99999999999999999999.1.2.3", "more than an integer holds"},
		{letters64, "64 characters in one label"},
		{"e" + domain64, "65 characters"},
		{strings.Repeat("a.", 40) + "a", "many labels, and too long all the same"},
	} {
		if d, err := sip.ParseDomain(row.in); err == nil || !d.IsZero() {
			t.Errorf("ParseDomain(%q) = %q, %v: %s", row.in, d, err, row.why)
		}
	}
}

// TestEveryByte holds the character classes against lists written out in full.
func TestEveryByte(t *testing.T) {
	const alphanum = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	for i := range 256 {
		c := string([]byte{byte(i)})
		inUser := strings.Contains(alphanum+"-_.!~*'()"+"&=+$,;?/", c)
		if _, err := sip.Join("a"+c+"b", "example.com"); (err == nil) != inUser {
			t.Errorf("user with %q: %v", c, err)
		}
		inDomain := strings.Contains(alphanum+"-.", c)
		if _, err := sip.ParseDomain("a" + c + "b"); (err == nil) != inDomain {
			t.Errorf("domain with %q: %v", c, err)
		}
	}
}

func TestForeignDomain(t *testing.T) {
	for _, row := range []struct {
		in    string
		valid bool
		why   string
	}{
		{"example.com", true, "as ParseDomain gives it"},
		{"Example.com", false, "not canonical"},
		{"ex_ample", false, "malformed"},
		{"", false, "the zero value"},
	} {
		d := sip.UncheckedDomain(row.in)
		if d.String() != row.in || d.Valid() != row.valid || d.IsZero() != (row.in == "") {
			t.Errorf("UncheckedDomain(%q) = %q, Valid %v: %s", row.in, d, d.Valid(), row.why)
		}
	}
}
