package hermes_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestPattern_Match(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		rule          string
		pattern, text string
		want          bool
	}{
		{"the empty pattern matches the empty text", "", "", true},
		{"the empty pattern matches every text", "", "alice", true},
		{"a pattern without wildcards matches inside", "lic", "alice", true},
		{"a pattern without wildcards matches the whole text", "lic", "lic", true},
		{"a pattern without wildcards matches at the beginning", "lic", "licence", true},
		{"a pattern without wildcards matches at the end", "lic", "garlic", true},
		{"a pattern without wildcards matches in one piece only", "lic", "ali ce", false},
		{"a star is any run of characters", "a*", "alice", true},
		{"a star is also the empty run", "a*", "a", true},
		{"a wildcard makes the whole text count from its beginning", "a*", "bab", false},
		{"a wildcard makes the whole text count to its end", "*a", "ab", false},
		{"a star in the middle", "a*e", "alice", true},
		{"a star matches the empty text", "*", "", true},
		{"stars in a row are one", "**a**", "xax", true},
		{"a later star matches what an earlier one left", "a*b*c", "aXbXbXc", true},
		{"the parts must come in order", "a*b*c", "aXcXb", false},
		{"a match that began too early is tried again", "*aab", "aaaab", true},
		{"two parts cannot match the same text", "*ab*ab*", "ab", false},
		{"a question mark is one character", "?", "a", true},
		{"a question mark does not match the empty text", "?", "", false},
		{"a question mark does not match two characters", "?", "ab", false},
		{"two question marks match two characters", "??", "ab", true},
		{"a question mark matches a character of two bytes", "?", "ø", true},
		{"a question mark does not match one byte", "??", "ø", false},
		{"a question mark matches a character of four bytes", "?", "😀", true},
		{"a question mark between other characters", "a?c", "a李c", true},
		{"a question mark after a star", "*?", "李", true},
		{"letters beyond ASCII match in either case", "ø*", "Øystein", true},
		{"both small sigmas of Greek match", "ΣΑΣ", "σας", true},
		{"the Kelvin sign is a k", "K", "\u212a", true},
		{"the long s is an s", "ſ", "S", true},
		{"a percent sign is not a wildcard", "%", "a", false},
		{"a percent sign matches itself", "%", "5%", true},
		{"an underscore is not a wildcard", "_", "a", false},
		{"an underscore matches itself", "a_b", "a_b", true},
		{"a backslash matches itself", `\`, `\`, true},
		{"a backslash does not escape a star", `\*`, `\x`, true},
		{"an exclamation mark, the escape in SQL, matches itself", "!", "!", true},
		{"brackets are not a character class", "[ab]", "a", false},
		{"a plus sign is not an operator", "+47735*", "+4773500001", true},
		{"a dot matches itself", ".*", "..", true},
		{"a dot does not match another character", ".*", "ab", false},
	} {
		if got := mustPattern(t, r.pattern).Match(r.text); got != r.want {
			t.Errorf("%s: %q matches %q: %v, want %v", r.rule, r.pattern, r.text, got, r.want)
		}
	}
}

func TestParsePattern(t *testing.T) {
	t.Parallel()
	for _, r := range []struct{ rule, in, glob string }{
		{"the empty search is the zero pattern", "", ""},
		{"a search without wildcards is folded and put between stars", "AB", "*ab*"},
		{"a question mark makes the whole text count", "A?", "a?"},
		{"a star makes the whole text count", "*", "*"},
		{"64 characters, not bytes", strings.Repeat("ø", 64), "*" + strings.Repeat("Ø", 64) + "*"},
	} {
		p := mustPattern(t, r.in)
		if p.String() != hermes.Fold(r.glob) || p.IsZero() != (r.in == "") {
			t.Errorf("%s: %q is read as %q, zero %v; want %q", r.rule, r.in, p, p.IsZero(), r.glob)
		}
		var q hermes.Pattern
		text, err := p.MarshalText()
		if err != nil || q.UnmarshalText(text) != nil || q != p {
			t.Errorf("%s: %q is written as %q, %v, and read back as %q", r.rule, p, text, err, q)
		}
	}
	for _, r := range []struct{ rule, in string }{
		{"65 characters", strings.Repeat("a", 65)},
		{"65 wildcards", strings.Repeat("*", 65)},
		{"NUL, which PostgreSQL cannot store", "a\x00b"},
		{"a control character", "a\nb"},
		{"a byte that is not UTF-8", "a\xffb"},
		{"a right-to-left override", "a\u202eb"},
	} {
		if p, err := hermes.ParsePattern(r.in); err == nil || !p.IsZero() {
			t.Errorf("%s: %q is read as %q, %v; want an error", r.rule, r.in, p, err)
		}
	}
}

func TestPattern_UnmarshalText_bad(t *testing.T) {
	t.Parallel()
	var p hermes.Pattern
	if err := p.UnmarshalText([]byte("a\x00b")); err == nil || !p.IsZero() {
		t.Errorf("got %q, %v; want an error and the old value", p, err)
	}
}

func TestPattern_Like(t *testing.T) {
	t.Parallel()
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
			t.Errorf("the LIKE pattern of %q is %q, want %q", in, got, like)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	t.Run("every character is folded as strings.EqualFold compares it", func(t *testing.T) {
		t.Parallel()
		for r := rune(0); r <= unicode.MaxRune; r++ {
			if !utf8.ValidRune(r) {
				continue
			}
			folded := hermes.Fold(string(r))
			for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
				if other := hermes.Fold(string(f)); folded != other {
					t.Fatalf("%q and %q differ in case only, but are folded to %q and %q", r, f, folded, other)
				}
			}
			if !strings.EqualFold(folded, string(r)) {
				t.Fatalf("%q is folded to %q, another letter", r, folded)
			}
		}
	})
	t.Run("ASCII becomes lower case, as with SQL's lower()", func(t *testing.T) {
		t.Parallel()
		for r := rune(0); r < utf8.RuneSelf; r++ {
			if got := hermes.Fold(string(r)); got != strings.ToLower(string(r)) {
				t.Errorf("%q is folded to %q, want %q", r, got, strings.ToLower(string(r)))
			}
		}
	})
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
			t.Errorf("%q and %q are folded to one text: %v, strings.EqualFold: %v", a, b, got, want)
		}
	})
}

// FuzzPattern_Match compares Match with a regular expression that is made of the glob.
func FuzzPattern_Match(f *testing.F) {
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
			t.Errorf("%q matches %q: %v, want %v", glob, text, got, want)
		}
	})
}

// regexpOf returns the regular expression that matches what the glob matches.
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
