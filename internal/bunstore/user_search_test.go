package bunstore

import (
	"testing"

	"github.com/hermes-voip/go-hermes/hermes"
)

func TestNextInCase(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ p, name, want, why string }{
		{"ab", "", "AB", "upper case is the first"},
		{"ab", "AB", "Ab", "the last letter changes first"},
		{"ab", "Ab", "aB", "then the one before it"},
		{"ab", "ab", "", "lower case is the last"},
		{"ab", "AA", "AB", "a name before all with this letter"},
		{"ab", "AC", "Ab", "a name between the cases of the second letter"},
		{"ab", "Ac", "aB", "a name after both cases of the second letter"},
		{"ab", "B", "aB", "a name between the cases of the first letter"},
		{"ab", "b", "", "a name after all"},
		{"ab", "A", "AB", "a name that is a beginning of it"},
		{"a1", "A0", "A1", "a digit has one case"},
		{"a1", "A2", "a1", "a digit that is greater"},
		{"a1", "a1", "", "a digit at the end"},
		{"user1", "Usz", "uSER1", "what follows a letter that changed is in upper case"},
	} {
		if got := nextInCase(row.p, row.name); got != row.want {
			t.Errorf("%s: after %q comes %q, want %q", row.why, row.name, got, row.want)
		}
	}
}

func TestLiteralBeginning(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ search, username, name, why string }{
		{"alice*", "alice", "alice", "up to the star"},
		{"AL?ce", "al", "al", "folded, up to the question mark"},
		{"alice@ex*", "alice", "alice@ex", "a user name ends before the domain"},
		{"alice", "", "", "without a wildcard it may be anywhere"},
		{"@ex*", "", "@ex", "any user name"},
		{"alå*", "al", "al", "up to a letter that is not in ASCII"},
	} {
		p, err := hermes.ParsePattern(row.search)
		if err != nil {
			t.Fatal(err)
		}
		if username, name := literalBeginning(p); username != row.username || name != row.name {
			t.Errorf("%s: %q, %q; want %q, %q", row.why, username, name, row.username, row.name)
		}
	}
}
