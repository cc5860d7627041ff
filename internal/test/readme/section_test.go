package readme

import "testing"

func TestReplaceSection(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- nodes -->\n", "<!-- /nodes -->"
	for _, c := range []struct{ name, text, want string }{
		{"empty section", "a\n" + begin + end + "\nb", "a\n" + begin + "new\n" + end + "\nb"},
		{"section with a body", begin + "old\nold\n" + end, begin + "new\n" + end},
		{"section that is up to date", begin + "new\n" + end, begin + "new\n" + end},
		{"no beginning", "a\n" + end, ""},
		{"no end", begin + "old\n", ""},
		{"end before the beginning", end + begin, ""},
		{"two sections", begin + end + begin + end, ""},
		{"another section", "<!-- settings -->\n<!-- /settings -->", ""},
	} {
		got, err := replaceSection(c.text, "nodes", "new\n")
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: replaceSection(%q) = %q, %v; want %q", c.name, c.text, got, err, c.want)
		}
	}
}
