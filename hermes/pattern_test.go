package hermes_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestPatternMatch(t *testing.T) {
	for _, r := range []struct {
		pattern, text string
		want          bool
		why           string
	}{
		{"", "", true, "no pattern matches everything"},
		{"", "alice", true, "no pattern matches everything"},
		{"lic", "alice", true, "without a wildcard it is looked for anywhere"},
		{"lic", "lic", true, "anywhere is also all of it"},
		{"lic", "licence", true, "and at the beginning"},
		{"lic", "garlic", true, "and at the end"},
		{"lic", "ali ce", false, "but in one piece"},
		{"a*", "alice", true, "a star is any run"},
		{"a*", "a", true, "a star is also nothing"},
		{"a*", "bab", false, "with a wildcard the whole text counts"},
		{"*a", "ab", false, "to its end"},
		{"a*e", "alice", true, "in the middle"},
		{"*", "", true, "a star alone"},
		{"**a**", "xax", true, "stars in a row are one"},
		{"a*b*c", "aXbXbXc", true, "a later star takes up what an earlier one left"},
		{"a*b*c", "aXcXb", false, "in this order"},
		{"*aab", "aaaab", true, "a run that begins too early is tried again"},
		{"*ab*ab*", "ab", false, "one text does not serve twice"},
		{"?", "a", true, "a question mark is one"},
		{"?", "", false, "not none"},
		{"?", "ab", false, "not two"},
		{"??", "ab", true, "two are two"},
		{"?", "ø", true, "one character, whatever its bytes"},
		{"??", "ø", false, "not one for each byte"},
		{"?", "😀", true, "also of four bytes"},
		{"a?c", "a李c", true, "between others"},
		{"*?", "李", true, "after a star"},
		{"ø*", "Øystein", true, "letters beyond ASCII have no case either"},
		{"ΣΑΣ", "σας", true, "Greek has two small sigmas"},
		{"K", "\u212a", true, "the Kelvin sign is a k"},
		{"ſ", "S", true, "so is the long s an s"},
		{"%", "a", false, "SQL's wildcards are characters"},
		{"%", "5%", true, "SQL's wildcards are characters"},
		{"_", "a", false, "SQL's wildcards are characters"},
		{"a_b", "a_b", true, "SQL's wildcards are characters"},
		{`\`, `\`, true, "a backslash escapes nothing"},
		{`\*`, `\x`, true, "a star after one is a star still"},
		{"!", "!", true, "nor does SQL's own escape"},
		{"[ab]", "a", false, "classes are none"},
		{"+47735*", "+4773500001", true, "plus is no operator"},
		{".*", "..", true, "a dot is a dot"},
		{".*", "ab", false, "a dot is a dot"},
	} {
		p := mustPattern(t, r.pattern)
		if got := p.Match(r.text); got != r.want {
			t.Errorf("%q matches %q: %v, want %v: %s", r.pattern, r.text, got, r.want, r.why)
		}
	}
}

func TestParsePattern(t *testing.T) {
	for _, r := range []struct{ in, glob, why string }{
		{"", "", "nothing stays nothing"},
		{"AB", "*ab*", "looked for anywhere, in either case"},
		{"A?", "a?", "a wildcard makes the whole text count"},
		{"*", "*", "a star too"},
		{strings.Repeat("ø", 64), "*" + strings.Repeat("Ø", 64) + "*", "64 characters, not bytes"},
	} {
		p := mustPattern(t, r.in)
		if p.String() != hermes.Fold(r.glob) || p.IsZero() != (r.in == "") {
			t.Errorf("%q is %q, zero %v; want %q: %s", r.in, p, p.IsZero(), r.glob, r.why)
		}
		var q hermes.Pattern
		text, err := p.MarshalText()
		if err != nil || q.UnmarshalText(text) != nil || q != p {
			t.Errorf("%q came back as %q, %v", p, q, err)
		}
	}
	for _, r := range []struct{ in, why string }{
		{strings.Repeat("a", 65), "65 characters"},
		{strings.Repeat("*", 65), "also of wildcards"},
		{"a\x00b", "NUL, which PostgreSQL cannot store"},
		{"a\nb", "a control character"},
		{"a\xffb", "no UTF-8"},
		{"a\u202eb", "a text that runs backwards"},
	} {
		if p, err := hermes.ParsePattern(r.in); err == nil || !p.IsZero() {
			t.Errorf("%q: %q, %v; want an error: %s", r.in, p, err, r.why)
		}
	}
	var p hermes.Pattern
	if err := p.UnmarshalText([]byte("a\x00b")); err == nil || !p.IsZero() {
		t.Errorf("a bad text left %q, %v", p, err)
	}
}

func TestPatternLike(t *testing.T) {
	for in, like := range map[string]string{
		"":        "",
		"ab":      "%ab%",
		"a*b?c":   "a%b_c",
		"50%*":    "50!%%",
		"a_b*":    "a!_b%",
		"wow!*":   "wow!!%",
		`c:\x*`:   `c:\x%`,
		"!%_*?":   "!!!%!_%_",
		"+47 7?3": "+47 7_3",
	} {
		if got := mustPattern(t, in).Like(); got != like {
			t.Errorf("%q for LIKE is %q, want %q", in, got, like)
		}
	}
}

// Every character is folded as strings.EqualFold sees it.
func TestFoldIsEqualFold(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			if hermes.Fold(string(r)) != hermes.Fold(string(f)) {
				t.Fatalf("%q and %q are one letter in two cases, but fold to %q and %q", r, f, hermes.Fold(string(r)), hermes.Fold(string(f)))
			}
		}
		if got := hermes.Fold(string(r)); !strings.EqualFold(got, string(r)) {
			t.Fatalf("%q folds to %q, another letter", r, got)
		}
	}
	for r := rune(0); r < utf8.RuneSelf; r++ {
		if got := hermes.Fold(string(r)); got != strings.ToLower(string(r)) {
			t.Errorf("%q folds to %q: want ASCII in lower case, as SQL's lower() has it", r, got)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range [][2]string{{"Straße", "STRASSE"}, {"İ", "i"}, {"ΣΑΣ", "σας"}, {"K", "\u212a"}, {"\xff", "\ufffd"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if !utf8.ValidString(a) || !utf8.ValidString(b) {
			return
		}
		if got, want := hermes.Fold(a) == hermes.Fold(b), strings.EqualFold(a, b); got != want {
			t.Errorf("%q and %q fold to one text: %v, strings.EqualFold: %v", a, b, got, want)
		}
	})
}

// FuzzPattern compares with a regular expression made of the glob.
func FuzzPattern(f *testing.F) {
	for _, s := range [][2]string{
		{"a*b?c", "aXXbøc"}, {"*ab*ab*", "abab"}, {"lic", "Alice"}, {"%_\\!", "%_\\!"}, {"?", "李"}, {"**?*", "x"}, {"K*", "\u212aelvin"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, glob, text string) {
		p, err := hermes.ParsePattern(glob)
		if err != nil || !utf8.ValidString(text) {
			return
		}
		if got, want := p.Match(text), regexpOf(glob).MatchString(text); got != want {
			t.Errorf("%q matches %q: %v, the regular expression says %v", glob, text, got, want)
		}
	})
}

func regexpOf(glob string) *regexp.Regexp {
	if !strings.ContainsAny(glob, "*?") {
		glob = "*" + glob + "*"
	}
	var b strings.Builder
	b.WriteString(`(?is)\A`)
	for _, r := range glob {
		switch r {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return regexp.MustCompile(b.String() + `\z`)
}
