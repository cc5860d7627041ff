package sip_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hermes-voip/go-hermes/sip"
)

func TestSpell(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ text, want, why string }{
		{"bob", "bob", "a user of an address"},
		{"4773 500", "4773 500", "a blank"},
		{"ålice", "ålice", "a letter that is not in ASCII"},
		{"100%", "100%", "a percent sign"},
		{"a%20b", "a%20b", "an escape of URLs"},
		{"bob@corp", "bob@corp", "an @ of a user"},
		{`a\b\n`, `a\b\n`, "a backslash that begins no escape"},
		{`\xFF`, `\xFF`, "an escape has digits in lower case"},
		{`\xff`, `\x5cxff`, "a text that looks like an escape"},
		{`\x5cxff`, `\x5cx5cxff`, "a text that looks like an escaped escape"},
		{"a\xffb", `a\xffb`, "a byte that is not UTF-8"},
		{"\xc3", `\xc3`, "half of a character"},
		{"\ufffd", "\ufffd", "the replacement character itself"},
		{"a\x00b\n", `a\x00b\x0a`, "control characters"},
		{"\u0085", `\xc2\x85`, "a control character of two bytes"},
		{"a\u202eb", `a\xe2\x80\xaeb`, "an override of the direction"},
		{"", "", "nothing"},
	} {
		got := sip.Spell(row.text)
		if got != row.want || sip.Unspell(got) != row.text || !utf8.ValidString(got) {
			t.Errorf("%s: %q is spelled %q, which is read as %q; want %q", row.why, row.text, got, sip.Unspell(got), row.want)
		}
	}
	if got := sip.Unspell(`\x62ob`); got != `\x62ob` {
		t.Errorf("another spelling of bob is read as %q", got)
	}
}

func TestParseAny(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ user, domain, text string }{
		{"bob", "EXAMPLE.test", "bob@EXAMPLE.test"},
		{"", "x", "@x"},
		{"101", "", "101@"},
		{"bob@corp.test", "example.test", "bob@corp.test@example.test"},
		{"bob", "a@b", `bob@a\x40b`},
		{"sip:bob", "example.test", "sip:bob@example.test"},
		{"a\xff", "\x00", `a\xff@\x00`},
		{"bob", "example.test.", "bob@example.test."},
	} {
		a := sip.Unchecked(row.user, row.domain)
		if got, err := sip.ParseAny(row.text); got != a || err != nil || a.String() != row.text {
			t.Errorf("%q and %q are shown as %q, want %q, which is read as %#v, %v", row.user, row.domain, a, row.text, got, err)
		}
	}
	for _, text := range []string{"", "bob", "@"} {
		if a, err := sip.ParseAny(text); err == nil || !a.IsZero() {
			t.Errorf("%q is read as %#v, want an error", text, a)
		}
	}
}

func TestAddr_Normal(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Bob@EXAMPLE.test", "SIP:bob@example.test", "bob@example.test"} {
		a, err := sip.ParseAny(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := a.Normal(); got != sip.MustParse(text) || err != nil {
			t.Errorf("%q: got %q, %v; want what Parse returns", text, got, err)
		}
	}
	for _, a := range []sip.Addr{sip.Unchecked("a b", "x"), sip.Unchecked("a", "x_y"), sip.Unchecked("sip:sip:a", "x"), {}} {
		if got, err := a.Normal(); err == nil {
			t.Errorf("%q: got %q, want an error", a, got)
		}
	}
}

func FuzzSpell(f *testing.F) {
	for _, s := range []string{`\x5`, `\\x00`, "\xff\\xff", "\u200e"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, user, domain string) {
		a := sip.Unchecked(user, domain)
		text := a.String()
		if a.IsZero() || strings.TrimLeft(text, "@") == "" {
			return
		}
		if got, err := sip.ParseAny(text); got != a || err != nil {
			t.Errorf("%q and %q are shown as %q, which is read as %#v, %v", user, domain, text, got, err)
		}
	})
}
