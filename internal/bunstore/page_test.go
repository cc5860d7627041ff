package bunstore

import (
	"slices"
	"testing"
)

func TestSplitCopied(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		line string
		want []string // nil if the line is refused
		why  string
	}{
		{"a\tb\tc\n", []string{"a", "b", "c"}, "three columns"},
		{"\t\t\n", []string{"", "", ""}, "empty columns"},
		{`\\t` + "\t" + `a\tb\nc\rd\be\ff\vg\\` + "\tø\n", []string{`\t`, "a\tb\nc\rd\be\ff\vg\\", "ø"}, "escapes"},
		{"a\tb\n", nil, "a column is missing"},
		{"a\tb\tc\td\n", nil, "a column too many"},
		{"a\tb\tc", nil, "the end of the line is missing"},
	} {
		got := make([]string, 3)
		err := splitCopied(row.line, got)
		if (err != nil) != (row.want == nil) || err == nil && !slices.Equal(got, row.want) {
			t.Errorf("%s: %q is %q, %v; want %q", row.why, row.line, got, err, row.want)
		}
	}
}
