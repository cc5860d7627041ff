package sip_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/sip"
)

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// The grammar of RFC 3261, section 25.1, and RFC 1123, section 2.1, as regular expressions, for the
// fuzz tests.
const (
	octetRE = `(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`
	labelRE = `[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
)

var (
	userRE   = regexp.MustCompile(`\A[A-Za-z0-9_.!~*'()&=+$,;?/-]{1,64}\z`)
	ipv4RE   = regexp.MustCompile(`\A` + octetRE + `(?:\.` + octetRE + `){3}\z`)
	hostRE   = regexp.MustCompile(`\A` + labelRE + `(?:\.` + labelRE + `)*\z`)
	digitsRE = regexp.MustCompile(`\A[0-9.]*\z`)
	schemeRE = regexp.MustCompile(`\A[Ss][Ii][Pp]:`)
	mailRE   = regexp.MustCompile("\\A[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\\z")
)

func TestParseDomain(t *testing.T) {
	t.Parallel()
	t.Run("well-formed", func(t *testing.T) {
		t.Parallel()
		label63 := letters64[:63]
		for _, row := range []struct{ in, want, why string }{
			{"example.com", "example.com", "a host name"},
			{"EXAMPLE.Com", "example.com", "converted to lower case"},
			{"localhost", "localhost", "one label"},
			{"a", "a", "one character"},
			{"a-b.c--d", "a-b.c--d", "hyphens within a label"},
			{"xn--bcher-kva.example", "xn--bcher-kva.example", "an internationalized name in its ASCII form"},
			{"3com.example", "3com.example", "a leading digit (RFC 1123, 2.1)"},
			{"pbx.1", "pbx.1", "a label of digits and one of letters"},
			{"1.2.3.x", "1.2.3.x", "three labels of digits and one of letters"},
			{"1.2.3.4.x5", "1.2.3.4.x5", "a name that begins like an IPv4 address"},
			{"1-2", "1-2", "a label with a hyphen is not all digits"},
			{"0.0.0.0", "0.0.0.0", "the lowest IPv4 address"},
			{"255.255.255.255", "255.255.255.255", "the highest IPv4 address"},
			{label63, label63, "63 characters are the longest label"},
			{domain64, domain64, "64 characters are the width of the column"},
		} {
			d, err := sip.ParseDomain(row.in)
			if err != nil || d.String() != row.want || !d.Valid() || d.IsZero() {
				t.Errorf("ParseDomain(%q) = %q, %v, Valid %v: %s", row.in, d, err, d.Valid(), row.why)
			}
		}
	})
	t.Run("malformed", func(t *testing.T) {
		t.Parallel()
		for _, row := range []struct{ in, why string }{
			{"", "nothing"},
			{".", "a dot alone"},
			{"example.com.", "a trailing dot: Kamailio compares names as text"},
			{".example.com", "a leading dot"},
			{"example..com", "an empty label"},
			{"-example.com", "a leading hyphen"},
			{"example-.com", "a trailing hyphen in the middle"},
			{"example.com-", "a trailing hyphen at the end"},
			{"-", "a hyphen alone"},
			{"ex_ample.com", "an underscore"},
			{"ex ample.com", "a blank"},
			{"example.com:5060", "a port"},
			{"example.com/", "a path"},
			{"alice@example.com", "an address"},
			{"sip:example.com", "a scheme"},
			{"*.example.com", "a wildcard"},
			{"bücher.example", "an internationalized name that is not in its ASCII form"},
			{"example。com", "a full stop of another script"},
			{"KELVIN\u212a.example", "U+212A, whose lower case is the ASCII k"},
			{"example\x00.com", "NUL"},
			{"example.com\n", "a line break"},
			{"example\xff.com", "invalid UTF-8"},
			{"[::1]", "an IPv6 reference"},
			{"::1", "IPv6"},
			{"::ffff:192.0.2.1", "an IPv4 address within IPv6"},
			{"1", "an IPv4 address of one number, which inet_aton accepts"},
			{"1.2.3", "an IPv4 address of three numbers"},
			{"1.2.3.4.5", "an IPv4 address of five numbers"},
			{"1.2.3.256", "a last number over 255"},
			{"256.1.2.3", "a first number over 255"},
			{"1.2.3.04", "a leading zero, which some programs read as octal"},
			{"01.2.3.4", "a leading zero in the first number"},
			{"1.2.3.4.", "an IPv4 address with a trailing dot"},
			{"99999999999999999999.1.2.3", "a number that overflows an integer"},
			{letters64, "64 characters in one label"},
			{"e" + domain64, "65 characters"},
			{strings.Repeat("a.", 40) + "a", "many short labels, too long together"},
		} {
			if d, err := sip.ParseDomain(row.in); err == nil || !d.IsZero() {
				t.Errorf("ParseDomain(%q) = %q, %v: %s", row.in, d, err, row.why)
			}
		}
	})
	t.Run("every byte", func(t *testing.T) {
		t.Parallel()
		for i := range 256 {
			c := string([]byte{byte(i)})
			want := strings.Contains(alphanumeric+"-.", c)
			if _, err := sip.ParseDomain("a" + c + "b"); (err == nil) != want {
				t.Errorf("domain with %q: %v", c, err)
			}
		}
	})
}

func TestMustParseDomain(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("MustParseDomain does not panic on malformed input")
		}
	}()
	sip.MustParseDomain("ex_ample")
}

func TestUncheckedDomain(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		in    string
		valid bool
		why   string
	}{
		{"example.com", true, "as ParseDomain returns it"},
		{"Example.com", false, "not in lower case"},
		{"ex_ample", false, "malformed"},
		{"", false, "the zero value"},
	} {
		d := sip.UncheckedDomain(row.in)
		if d.String() != row.in || d.Valid() != row.valid || d.IsZero() != (row.in == "") {
			t.Errorf("UncheckedDomain(%q) = %q, Valid %v: %s", row.in, d, d.Valid(), row.why)
		}
	}
}

// matchesDomain reports whether the regular expressions accept a domain.
func matchesDomain(s string) bool {
	if digitsRE.MatchString(s) {
		return ipv4RE.MatchString(s)
	}
	return len(s) <= 64 && hostRE.MatchString(s)
}

// FuzzParseDomain compares ParseDomain and Domain.Valid with regular expressions.
func FuzzParseDomain(f *testing.F) {
	for _, s := range []string{"example.com", "1.2.3.4", "1.2.3", "1.2.3.256", "01.2.3.4", "a.", ".a", "-", "A", "a_b",
		letters64, domain64} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := sip.ParseDomain(s)
		if want := matchesDomain(s); (err == nil) != want {
			t.Fatalf("ParseDomain(%q): %v; the regular expressions say %v", s, err, want)
		}
		if err == nil && (d.String() != strings.ToLower(s) || !d.Valid()) {
			t.Fatalf("ParseDomain(%q) = %q, Valid %v", s, d, d.Valid())
		}
		if v := sip.UncheckedDomain(s).Valid(); v != (err == nil && d.String() == s) {
			t.Fatalf("UncheckedDomain(%q).Valid() = %v; ParseDomain returns %q, %v", s, v, d, err)
		}
	})
}
