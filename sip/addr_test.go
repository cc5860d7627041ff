package sip_test

import (
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/sip"
)

const (
	letters64 = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl"
	domain64  = "abcdefghijklmnopqrstuvwxyzabcdefghij.abcdefghijklmnopqrst.exampl"
)

func TestParse(t *testing.T) {
	for _, row := range []struct{ in, user, domain, why string }{
		{"alice@example.com", "alice", "example.com", "the plain form"},
		{"sip:alice@example.com", "alice", "example.com", "sip: is dropped"},
		{"SiP:alice@example.com", "alice", "example.com", "schemes have no case (RFC 3986, 3.1)"},
		{"sip@example.com", "sip", "example.com", "a user may be named as the scheme is"},
		{"sip:sip@example.com", "sip", "example.com", "only the scheme is dropped"},
		{"Alice@example.com", "Alice", "example.com", "users have case (RFC 3261, 19.1.4)"},
		{"alice@EXAMPLE.Com", "alice", "example.com", "domains have none"},
		{"-_.!~*'()@example.com", "-_.!~*'()", "example.com", "mark"},
		{"&=+$,;?/@example.com", "&=+$,;?/", "example.com", "user-unreserved"},
		{"AZaz09@example.com", "AZaz09", "example.com", "the ends of the alphanumeric ranges"},
		{"+4773500001@example.com", "+4773500001", "example.com", "an E.164 alias"},
		{".@example.com", ".", "example.com", "no rule of mail about dots"},
		{"a@192.0.2.1", "a", "192.0.2.1", "an IPv4 address"},
		{"a@localhost", "a", "localhost", "one label"},
		{letters64 + "@example.com", letters64, "example.com", "64 characters are the width of the column"},
		{"a@" + domain64, "a", domain64, "64 characters of a domain"},
		{"sip:" + letters64 + "@" + domain64, letters64, domain64, "the longest of all"},
	} {
		a, err := sip.Parse(row.in)
		if err != nil || a.User() != row.user || a.Domain().String() != row.domain {
			t.Errorf("Parse(%q) = %q, %q, %v: %s", row.in, a.User(), a.Domain(), err, row.why)
		}
		if want := row.user + "@" + row.domain; a.String() != want || !a.Valid() {
			t.Errorf("Parse(%q): String %q, Valid %v: %s", row.in, a, a.Valid(), row.why)
		}
		if j, err := sip.Join(row.user, row.domain); err != nil || j != a {
			t.Errorf("Join(%q, %q) = %q, %v, not %q", row.user, row.domain, j, err, a)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, row := range []struct{ in, why string }{
		{"", "nothing"},
		{"alice", "no domain"},
		{"sip:alice", "no domain after the scheme"},
		{"@", "nothing but the sign"},
		{"@example.com", "no user"},
		{"sip:@example.com", "no user after the scheme"},
		{"alice@", "an empty domain"},
		{"alice@b@example.com", "two signs"},
		{"sips:alice@example.com", "another scheme: TLS is not ours to promise"},
		{"tel:+4773500001@example.com", "another scheme"},
		{"sip:sip:alice@example.com", "the scheme twice"},
		{"ſip:alice@example.com", "U+017F folds to s, and is no s here"},
		{"sip: alice@example.com", "a blank after the scheme"},
		{" alice@example.com", "a leading blank"},
		{"alice@example.com ", "a trailing blank"},
		{"alice@example.com\n", "a trailing line break"},
		{"al ice@example.com", "a blank"},
		{"al\tice@example.com", "a tab"},
		{"al\x00ice@example.com", "NUL, which PostgreSQL cannot store"},
		{"al\x7fice@example.com", "DEL"},
		{"al%40ice@example.com", "an escape, which would have a second spelling"},
		{"alice:secret@example.com", "a password"},
		{`"alice"@example.com`, "quoted"},
		{"<alice@example.com>", "in brackets"},
		{"al\\ice@example.com", "a backslash"},
		{"al#ice@example.com", "a fragment sign"},
		{"al[ice]@example.com", "square brackets"},
		{"al{ice}@example.com", "curly brackets"},
		{"al|ice^`@example.com", "RFC 3986's unwise characters"},
		{"ålice@example.com", "beyond ASCII"},
		{"al\xffice@example.com", "invalid UTF-8"},
		{"alice@example.com:5060", "a port"},
		{"alice@example.com;transport=tcp", "a parameter"},
		{"alice@example.com?subject=x", "a header"},
		{"alice@[2001:db8::1]", "an IPv6 reference"},
		{letters64 + "m@example.com", "65 characters of a user are refused, not cut"},
		{"a@e" + domain64, "65 characters of a domain are refused, not cut"},
		{strings.Repeat("å", 33) + "@example.com", "not even in 33 characters of two bytes"},
	} {
		if a, err := sip.Parse(row.in); err == nil || !a.IsZero() {
			t.Errorf("Parse(%q) = %q, %v: %s", row.in, a, err, row.why)
		}
	}
}

func TestJoinRefuses(t *testing.T) {
	for _, row := range []struct{ user, domain, why string }{
		{"sip:alice", "example.com", "the scheme belongs to the joined form"},
		{"alice@example.com", "example.com", "a sign in the user"},
		{"alice", "@example.com", "a sign in the domain"},
		{"", "example.com", "no user"},
		{"alice", "", "no domain"},
		{"", "", "nothing, which is the zero value and no address"},
	} {
		if a, err := sip.Join(row.user, row.domain); err == nil || !a.IsZero() {
			t.Errorf("Join(%q, %q) = %q, %v: %s", row.user, row.domain, a, err, row.why)
		}
	}
}

func TestErrors(t *testing.T) {
	long := strings.Repeat("x", 9999)
	for _, row := range []struct{ in, want string }{
		{"alice", `sip: address "alice": want user@domain`},
		{"a b@example.com", `sip: user "a b": want 1 to 64 letters, digits and characters of -_.!~*'()&=+$,;?/`},
		{"a@ex_ample", `sip: domain "ex_ample": want letters, digits and "-" in a label`},
		{"a@-x", `sip: domain "-x": want no "-" at either end of a label`},
		{"a@x..y", `sip: domain "x..y": want labels of 1 to 63 characters`},
		{"a@1.2.3", `sip: domain "1.2.3": want four numbers from 0 to 255, without leading zeros, where all labels are digits`},
		{"a@", `sip: domain "": want a host name or an IPv4 address of 1 to 64 characters`},
		{long, `sip: address "` + long[:100] + `": want user@domain`},
	} {
		if _, err := sip.Parse(row.in); err == nil || err.Error() != row.want {
			t.Errorf("got  %v\nwant %s", err, row.want)
		}
	}
}

func TestForeign(t *testing.T) {
	for _, row := range []struct {
		user, domain string
		valid        bool
		why          string
	}{
		{"alice", "example.com", true, "well-formed, and thus the same value as Parse's"},
		{"alice", "EXAMPLE.com", false, "Parse would give another value"},
		{"al ice", "example.com", false, "Parse refuses it"},
		{"sip:alice", "example.com", false, "Parse would read another user out of its text"},
		{"alice", "ex_ample", false, "a malformed domain"},
		{"alice", "", false, "no domain"},
		{"", "example.com", false, "a row for a whole domain"},
		{"", "", false, "the zero value"},
	} {
		a := sip.Unchecked(row.user, row.domain)
		if a.User() != row.user || a.Domain() != sip.UncheckedDomain(row.domain) {
			t.Errorf("Unchecked(%q, %q) has %q and %q: it must alter nothing", row.user, row.domain, a.User(), a.Domain())
		}
		if a.Valid() != row.valid {
			t.Errorf("Unchecked(%q, %q).Valid() = %v: %s", row.user, row.domain, a.Valid(), row.why)
		}
		if p, err := sip.Parse(a.String()); (err == nil && p == a) != row.valid {
			t.Errorf("Parse(%q) = %q, %v: Valid says %v", a, p, err, row.valid)
		}
		if a.IsZero() != (row.user == "" && row.domain == "") {
			t.Errorf("Unchecked(%q, %q).IsZero() = %v", row.user, row.domain, a.IsZero())
		}
	}
}
