package sip_test

import (
	"net/mail"
	"regexp"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/sip"
)

// The second opinion: RFC 3261, section 25.1, and RFC 1123, section 2.1, as regular expressions.
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

func domainRE(s string) bool {
	if digitsRE.MatchString(s) {
		return ipv4RE.MatchString(s)
	}
	return len(s) <= 64 && hostRE.MatchString(s)
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"alice@example.com", "SIP:+47@192.0.2.1", "a@b@c", "sips:a@b", "a@1.2.3.256",
		"a@xn--bcher-kva.example", letters64 + "@" + domain64, "a..b@c", "a@-", "a@B-", "a\x00@b", "\xff@b", "a@1.2.3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		plain := schemeRE.ReplaceAllString(s, "")
		user, domain, cut := strings.Cut(plain, "@")
		want := cut && userRE.MatchString(user) && domainRE(domain)
		a, err := sip.Parse(s)
		if (err == nil) != want {
			t.Fatalf("Parse(%q): %v; the regular expressions say %v", s, err, want)
		}
		if err != nil {
			if !a.IsZero() {
				t.Fatalf("Parse(%q): %q beside an error", s, a)
			}
			return
		}
		if a.User() != user || a.Domain().String() != strings.ToLower(domain) || !a.Valid() {
			t.Fatalf("Parse(%q) = %q, %q, Valid %v", s, a.User(), a.Domain(), a.Valid())
		}
		if b, err := sip.Parse("sip:" + a.String()); err != nil || b != a {
			t.Fatalf("Parse(%q) = %q, %v: want the same again", "sip:"+a.String(), b, err)
		}
		// net/mail knows fewer users (no dots at the ends, no parentheses) and the same halves.
		m, err := mail.ParseAddress("<" + plain + ">")
		if mailRE.MatchString(user) && (err != nil || m.Address != plain) {
			t.Fatalf("net/mail of %q: %v, %v", plain, m, err)
		}
	})
}

func FuzzParseDomain(f *testing.F) {
	for _, s := range []string{"example.com", "1.2.3.4", "1.2.3", "1.2.3.256", "01.2.3.4", "a.", ".a", "-", "A", "a_b", letters64, domain64} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := sip.ParseDomain(s)
		if want := domainRE(s); (err == nil) != want {
			t.Fatalf("ParseDomain(%q): %v; the regular expressions say %v", s, err, want)
		}
		if err == nil && (d.String() != strings.ToLower(s) || !d.Valid()) {
			t.Fatalf("ParseDomain(%q) = %q, Valid %v", s, d, d.Valid())
		}
		if v := sip.UncheckedDomain(s).Valid(); v != (err == nil && d.String() == s) {
			t.Fatalf("UncheckedDomain(%q).Valid() = %v, and ParseDomain gives %q, %v", s, v, d, err)
		}
	})
}
