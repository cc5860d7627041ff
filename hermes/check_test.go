package hermes

import (
	"errors"
	"strings"
	"testing"
)

func TestCleanText(t *testing.T) {
	for _, r := range []struct {
		in   string
		want bool
		why  string
	}{
		{"", true, "nothing"},
		{"Ålice “Ø” 李 😀", true, "any script"},
		{"e\u0301", true, "a combining mark"},
		{"עברית", true, "a script that runs to the left by itself"},
		{"a\u200eb", true, "a mark that overrides nothing"},
		{"a\x00b", false, "NUL"},
		{"a\tb", false, "a tab"},
		{"a\nb", false, "a line break"},
		{"a\x7fb", false, "DEL"},
		{"a\u0085b", false, "a C1 control, NEL"},
		{"a\u009fb", false, "the last of C1"},
		{"a\u00a0b", true, "the first after C1"},
		{"a\u202ab", false, "the first embedding"},
		{"a\u202eb", false, "the last override"},
		{"a\u202fb", true, "the character after it"},
		{"a\u2066b", false, "the first isolate"},
		{"a\u2069b", false, "the last isolate"},
		{"a\u206ab", true, "the character after it"},
		{"\xff", false, "no UTF-8"},
		{"\xed\xa0\x80", false, "a surrogate"},
		{"\ufffd", true, "a replacement character that is one"},
	} {
		if got := CleanText(r.in); got != r.want {
			t.Errorf("%q is clean: %v, want %v: %s", r.in, got, r.want, r.why)
		}
	}
}

// check is one value that a rule takes or refuses.
type check struct {
	err  error
	good bool
	why  string
}

func wantChecks(t *testing.T, checks []check) {
	t.Helper()
	for _, c := range checks {
		if c.good != (c.err == nil) || !c.good && !errors.Is(c.err, Parameters) {
			t.Errorf("got %v: %s", c.err, c.why)
		}
	}
}

func TestCheckText(t *testing.T) {
	ø := strings.Repeat("ø", 128)
	wantChecks(t, []check{
		{checkText("x", ø, 128), true, "128 characters, whatever their bytes"},
		{checkText("x", ø+"a", 128), false, "129 characters"},
		{checkText("x", "a\nb", 128), false, "a control character"},
	})
	if err := checkText("linetext", "\n", 9); !strings.HasPrefix(asError(err).Detail, "linetext: ") {
		t.Errorf("%v: want the detail to name the parameter", err)
	}
}

func TestCheckEmail(t *testing.T) {
	for in, why := range map[string]string{
		"":                         "none",
		"user@example.com":         "a plain one",
		"user+tag@sub.example.com": "with a tag",
		"ü@example.com":            "beyond ASCII (RFC 6532)",
		strings.Repeat("a", 64) + "@" + strings.Repeat("b", 63): "128 characters",
	} {
		wantChecks(t, []check{{checkEmail(in), true, why}})
	}
	for in, why := range map[string]string{
		"user":                                "no domain",
		"@example.com":                        "no user",
		"user@":                               "an empty domain",
		"User <user@example.com>":             "a display name",
		"<user@example.com>":                  "in brackets",
		"a@example.com, b@example.com":        "two of them",
		" user@example.com":                   "a blank before it",
		"user@example.com ":                   "a blank after it",
		"user@example.com\r\nBcc: x@y.z":      "a second header line",
		"user@example.com (comment)":          "a comment",
		strings.Repeat("a", 128) + "@b.c":     "over 128 characters",
		"us\u202eer@example.com":              "text that runs backwards",
		"user@example.com\x00":                "NUL",
		strings.Repeat("ø", 10) + "@\xff.com": "no UTF-8",
	} {
		wantChecks(t, []check{{checkEmail(in), false, why}})
	}
}

func TestCheckPortAndURL(t *testing.T) {
	long := "https://example.com/" + strings.Repeat("a", 255-20)
	wantChecks(t, []check{
		{checkPort("p", 1), true, "the first"}, {checkPort("p", 65535), true, "the last"},
		{checkPort("p", 0), false, "none"}, {checkPort("p", -1), false, "below"}, {checkPort("p", 65536), false, "beyond"},
		{checkURL("u", "https://example.com"), true, "https"},
		{checkURL("u", "http://192.0.2.1:8080/a?b=c"), true, "http with everything"},
		{checkURL("u", "HTTPS://example.com/"), true, "schemes have no case"},
		{checkURL("u", long), true, "255 characters"}, {checkURL("u", long+"a"), false, "256 characters"},
		{checkURL("u", ""), false, "none"}, {checkURL("u", "example.com"), false, "no scheme"},
		{checkURL("u", "ftp://example.com/"), false, "another scheme"}, {checkURL("u", "https:///path"), false, "no host"},
		{checkURL("u", "https:example.com"), false, "opaque"}, {checkURL("u", "javascript://example.com/%0aalert(1)"), false, "a script"},
		{checkURL("u", "https://exa mple.com/"), false, "a blank in the host"}, {checkURL("u", "https://a/\n"), false, "a line break"},
	})
}

func TestCheckPasswords(t *testing.T) {
	s := func(text string, n int) Secret { return NewSecret(strings.Repeat(text, n)) }
	wantChecks(t, []check{
		{checkSIPPassword(s("a", 8)), true, "SIP: the shortest"}, {checkSIPPassword(s("~", 64)), true, "SIP: the longest"},
		{checkSIPPassword(NewSecret(`a b"c:d\e`)), true, "SIP: any printable ASCII, blanks too"},
		{checkSIPPassword(s("a", 7)), false, "SIP: too short"}, {checkSIPPassword(s("a", 65)), false, "SIP: too long"},
		{checkSIPPassword(s("ø", 8)), false, "SIP: phones differ beyond ASCII"}, {checkSIPPassword(s("a\t", 8)), false, "SIP: a control character"},
		{checkSIPPassword(s("a\x7f", 8)), false, "SIP: DEL"}, {checkSIPPassword(Secret{}), false, "SIP: none"},
		{checkRemotePassword(s("ø", 1)), true, "remote: others chose it"}, {checkRemotePassword(s("李", 64)), true, "remote: 64 characters of any script"},
		{checkRemotePassword(Secret{}), false, "remote: none"}, {checkRemotePassword(s("a", 65)), false, "remote: too long"},
		{checkRemotePassword(s("\n", 1)), false, "remote: a control character"},
		{checkAPIPassword(s("ø", 8)), true, "API: 8 characters of any script"}, {checkAPIPassword(s("李", 128)), true, "API: the longest"},
		{checkAPIPassword(s("ø", 7)), false, "API: too short, though 14 bytes"}, {checkAPIPassword(s("a", 129)), false, "API: too long"},
		{checkAPIPassword(s("a\x00", 8)), false, "API: NUL"}, {checkAPIPassword(s("\xff", 8)), false, "API: no UTF-8"},
	})
	for _, err := range []error{checkSIPPassword(s("short", 1)), checkRemotePassword(s("line\n", 1)), checkAPIPassword(s("short", 1))} {
		if strings.Contains(err.Error(), "short") && strings.Contains(err.Error(), `"`) || strings.Contains(err.Error(), "line") {
			t.Errorf("%v: want a refusal that does not quote the password", err)
		}
	}
}

func TestCheckAPIUser(t *testing.T) {
	wantChecks(t, []check{
		{checkAPIUser("alice"), true, "a name"}, {checkAPIUser(strings.Repeat("ø", 64)), true, "64 characters"},
		{checkAPIUser("uid=a,ou=b c"), true, "as directories have them"},
		{checkAPIUser(""), false, "none"}, {checkAPIUser(strings.Repeat("a", 65)), false, "65 characters"},
		{checkAPIUser("a:b"), false, "a colon, which an htpasswd file cannot hold"}, {checkAPIUser("a\nb"), false, "a line break"},
	})
}
