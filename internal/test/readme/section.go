package readme

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Check compares the part of README.md between the comments <!-- section --> and <!-- /section --> with want,
// which is made from what the part describes. With update it writes want there.
func Check(tb testing.TB, file, section, want string, update bool) {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	fresh, err := replace(string(text), section, want)
	switch {
	case err != nil:
		tb.Fatal(err)
	case fresh == string(text):
	case !update:
		tb.Errorf("%s: the section %s is not what it describes; run this test with -update", file, section)
	default:
		err = os.WriteFile(file, []byte(fresh), 0o644)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// replace returns text with body as that section.
func replace(text, section, body string) (string, error) {
	begin, end := "<!-- "+section+" -->\n", "<!-- /"+section+" -->"
	before, rest, found := strings.Cut(text, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended || strings.Contains(after, begin) {
		return "", fmt.Errorf("want one section between %q and %q", begin, end)
	}
	return before + begin + body + end + after, nil
}
