package readme

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Check compares a section of a Markdown file, which is between the comments <!-- section --> and
// <!-- /section -->, with want. If they differ, it fails the test, or writes want into the file if
// update is true.
func Check(tb testing.TB, file, section, want string, update bool) {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	updated, err := replaceSection(string(text), section, want)
	if err != nil {
		tb.Fatalf("%s: %v", file, err)
	}
	if updated == string(text) {
		return
	}
	if !update {
		tb.Errorf("%s: the section %s is out of date; run this test with -update", file, section)
		return
	}
	if err := os.WriteFile(file, []byte(updated), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// replaceSection returns the text with another body of a section.
func replaceSection(text, section, body string) (string, error) {
	begin, end := "<!-- "+section+" -->\n", "<!-- /"+section+" -->"
	before, rest, found := strings.Cut(text, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended || strings.Contains(after, begin) {
		return "", fmt.Errorf("want one section between %q and %q", begin, end)
	}
	return before + begin + body + end + after, nil
}
