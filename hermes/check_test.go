package hermes

import (
	"errors"
	"strings"
	"testing"
)

func TestCleanText(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule string
		in   string
		want bool
	}{
		{"an empty text", "", true},
		{"any script", "Ålice “Ø” 李 😀", true},
		{"a combining mark", "e\u0301", true},
		{"a script that is written from right to left", "עברית", true},
		{"the left-to-right mark, which overrides nothing", "a\u200eb", true},
		{"NUL", "a\x00b", false},
		{"a tab", "a\tb", false},
		{"a line feed", "a\nb", false},
		{"DEL", "a\x7fb", false},
		{"NEL, a C1 control", "a\u0085b", false},
		{"the last C1 control", "a\u009fb", false},
		{"the first character after C1", "a\u00a0b", true},
		{"the first embedding", "a\u202ab", false},
		{"the last override", "a\u202eb", false},
		{"the character after the last override", "a\u202fb", true},
		{"the first isolate", "a\u2066b", false},
		{"the last isolate", "a\u2069b", false},
		{"the character after the last isolate", "a\u206ab", true},
		{"a byte that is not UTF-8", "\xff", false},
		{"an encoded surrogate", "\xed\xa0\x80", false},
		{"a valid replacement character", "\ufffd", true},
	} {
		if got := CleanText(r.in); got != r.want {
			t.Errorf("%s: CleanText(%q) = %v, want %v", r.rule, r.in, got, r.want)
		}
	}
}

// checkResult is the result of a check of one value.
type checkResult struct {
	rule string
	err  error
	ok   bool // whether err should be nil; otherwise its cause should be Parameters
}

func wantResults(t *testing.T, results []checkResult) {
	t.Helper()
	for _, r := range results {
		switch {
		case r.ok && r.err != nil:
			t.Errorf("%s: got %v, want nil", r.rule, r.err)
		case !r.ok && !errors.Is(r.err, Parameters):
			t.Errorf("%s: got %v, want the cause %s", r.rule, r.err, Parameters)
		}
	}
}

func TestCheckText(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("ø", 128)
	wantResults(t, []checkResult{
		{"the limit counts characters, not bytes", checkText("x", longest, 128), true},
		{"one character over the limit", checkText("x", longest+"a", 128), false},
		{"a control character", checkText("x", "a\nb", 128), false},
	})
	if err := checkText("linetext", "\n", 9); !strings.HasPrefix(asError(err).Detail, "linetext: ") {
		t.Errorf("got %v, want a detail that names the parameter", err)
	}
}

func TestCheckEmail(t *testing.T) {
	t.Parallel()
	wantResults(t, []checkResult{
		{"an empty address", checkEmail(""), true},
		{"a plain address", checkEmail("user@example.com"), true},
		{"a tag and a subdomain", checkEmail("user+tag@sub.example.com"), true},
		{"a user name beyond ASCII (RFC 6532)", checkEmail("ü@example.com"), true},
		{"128 characters", checkEmail(strings.Repeat("a", 64) + "@" + strings.Repeat("b", 63)), true},
		{"no domain", checkEmail("user"), false},
		{"no user name", checkEmail("@example.com"), false},
		{"an empty domain", checkEmail("user@"), false},
		{"a display name", checkEmail("User <user@example.com>"), false},
		{"angle brackets", checkEmail("<user@example.com>"), false},
		{"two addresses", checkEmail("a@example.com, b@example.com"), false},
		{"a leading blank", checkEmail(" user@example.com"), false},
		{"a trailing blank", checkEmail("user@example.com "), false},
		{"a second header line", checkEmail("user@example.com\r\nBcc: x@y.z"), false},
		{"a comment", checkEmail("user@example.com (comment)"), false},
		{"more than 128 characters", checkEmail(strings.Repeat("a", 128) + "@b.c"), false},
		{"a right-to-left override", checkEmail("us\u202eer@example.com"), false},
		{"NUL", checkEmail("user@example.com\x00"), false},
		{"a byte that is not UTF-8", checkEmail(strings.Repeat("ø", 10) + "@\xff.com"), false},
	})
}

func TestCheckPort(t *testing.T) {
	t.Parallel()
	wantResults(t, []checkResult{
		{"the first port", checkPort("p", 1), true},
		{"the last port", checkPort("p", 65535), true},
		{"zero", checkPort("p", 0), false},
		{"a negative number", checkPort("p", -1), false},
		{"the number after the last port", checkPort("p", 65536), false},
	})
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	longest := "https://example.com/" + strings.Repeat("a", 255-20)
	wantResults(t, []checkResult{
		{"https", checkURL("u", "https://example.com"), true},
		{"http with port, path and query", checkURL("u", "http://192.0.2.1:8080/a?b=c"), true},
		{"a scheme in upper case", checkURL("u", "HTTPS://example.com/"), true},
		{"255 characters", checkURL("u", longest), true},
		{"256 characters", checkURL("u", longest+"a"), false},
		{"an empty text", checkURL("u", ""), false},
		{"no scheme", checkURL("u", "example.com"), false},
		{"another scheme", checkURL("u", "ftp://example.com/"), false},
		{"no host", checkURL("u", "https:///path"), false},
		{"an opaque URL", checkURL("u", "https:example.com"), false},
		{"a script", checkURL("u", "javascript://example.com/%0aalert(1)"), false},
		{"a blank in the host", checkURL("u", "https://exa mple.com/"), false},
		{"a line feed", checkURL("u", "https://a/\n"), false},
	})
}

func TestCheckLimit(t *testing.T) {
	t.Parallel()
	wantResults(t, []checkResult{
		{"a negative number", checkLimit(-1), false},
		{"zero", checkLimit(0), true},
		{"one", checkLimit(1), true},
	})
}

func TestCheckAPIUser(t *testing.T) {
	t.Parallel()
	wantResults(t, []checkResult{
		{"a name", checkAPIUser("alice"), true},
		{"64 characters", checkAPIUser(strings.Repeat("ø", 64)), true},
		{"a name as directories have it", checkAPIUser("uid=a,ou=b c"), true},
		{"an empty name", checkAPIUser(""), false},
		{"65 characters", checkAPIUser(strings.Repeat("a", 65)), false},
		{"a colon, which an htpasswd file cannot hold", checkAPIUser("a:b"), false},
		{"a line feed", checkAPIUser("a\nb"), false},
	})
}
