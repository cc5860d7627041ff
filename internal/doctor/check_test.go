package doctor

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTally_finding(t *testing.T) {
	t.Parallel()
	c := check{name: "check", level: Fail, ok: "fine", fault: "fault", remedy: "remedy"}
	failed := errors.New("no\n  more")
	long := strings.Repeat("é", 300)
	fail := func(detail string) Finding {
		return Finding{Level: Fail, Check: "check", Detail: detail, Remedy: "remedy"}
	}
	for _, row := range []struct {
		why   string
		names []string
		err   error
		want  Finding
	}{
		{"no fault", nil, nil, Finding{Level: OK, Check: "check", Detail: "fine"}},
		{"one name", []string{"a"}, nil, fail("fault: 1 (a)")},
		{"the greatest number of names that are shown", []string{"a", "b", "c", "d", "e"}, nil,
			fail("fault: 5 (a, b, c, d, e)")},
		{"more names", []string{"a", "b", "c", "d", "e", "f", "g"}, nil, fail("fault: 7 (a, b, c, d, e, ...)")},
		{"repeated names", []string{"a", "b", "a", "a", "b", "a"}, nil, fail("fault: 6 (a, b)")},
		{"partly checked", []string{"a"}, failed, fail("fault: 1 (a); not all could be looked at: no more")},
		{"a line break and an escape sequence", []string{"a\nb\x1b[2J"}, nil, fail(`fault: 1 ("a\nb\x1b[2J")`)},
		{"a change of the writing direction", []string{"a\u202eb"}, nil, fail(`fault: 1 ("a\u202eb")`)},
		{"not UTF-8", []string{"a\xff"}, nil, fail(`fault: 1 ("a\xff")`)},
		{"a long name", []string{long}, nil, fail("fault: 1 (" + strings.Repeat("é", 200) + "...)")},
	} {
		tally := newTally(c)
		for _, name := range row.names {
			tally.add(name)
		}
		if diff := cmp.Diff(row.want, tally.finding(row.err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.why, diff)
		}
	}
}
