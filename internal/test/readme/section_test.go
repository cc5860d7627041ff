package readme

import "testing"

func TestReplace(t *testing.T) {
	const begin, end = "<!-- nodes -->\n", "<!-- /nodes -->"
	for _, r := range []struct{ text, want, why string }{
		{"a\n" + begin + end + "\nb", "a\n" + begin + "new\n" + end + "\nb", "an empty section"},
		{begin + "old\nold\n" + end, begin + "new\n" + end, "one with something in it"},
		{begin + "new\n" + end, begin + "new\n" + end, "one that is right already"},
		{"a\n" + end, "", "no beginning"},
		{begin + "old\n", "", "no end"},
		{end + begin, "", "the end before the beginning"},
		{begin + end + begin + end, "", "two of them"},
		{"<!-- settings -->\n<!-- /settings -->", "", "another section"},
	} {
		got, err := replace(r.text, "nodes", "new\n")
		if got != r.want || (err != nil) != (r.want == "") {
			t.Errorf("%q became %q, %v; want %q: %s", r.text, got, err, r.want, r.why)
		}
	}
}
