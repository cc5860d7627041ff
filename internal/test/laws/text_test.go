package laws_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unfinished are words that promise work; they are put together here, so that this file has none of them.
var unfinished = regexp.MustCompile(`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"}, "|") + `)\b`)

// hosts are paths of one machine.
var hosts = regexp.MustCompile(`(^|[^A-Za-z0-9_.~:/-])/(work|root|home|Users|tmp|mnt)/[A-Za-z0-9_.-]`)

// No word promises work that is not done, and no path is that of the machine it was written on.
func TestTexts(t *testing.T) {
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range texts(t) {
		if name != "internal/test/laws/text_test.go" && !strings.HasPrefix(name, ".git") {
			obey(t, unclean(name, text, here))
		}
	}
}

func unclean(name, text, here string) (broken []string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		switch {
		case unfinished.MatchString(line):
			broken = append(broken, fmt.Sprintf("%s:%d: work that is not done: %s", name, n, line))
		case hosts.MatchString(line), strings.Contains(line, here):
			broken = append(broken, fmt.Sprintf("%s:%d: a path of one machine: %s", name, n, line))
		}
	}
	return broken
}

func TestTextsAreSeen(t *testing.T) {
	for line, want := range map[string]int{
		"// TO" + "DO: later": 1, "FIX" + "ME": 1, "TO" + "DOS": 0, `"hen_X` + `XX"`: 0,
		`p := "/` + `work/main"`: 1, "cat /" + "root/.x": 1, "at /" + "home/me": 1, "/" + "tmp/x": 1, `"/usr/share/kamailio"`: 0, "https://example.com/" + "home/x": 0,
		"./" + "work/x": 0, "in /here/and": 1, "a\nb\n/" + "tmp/x\n": 1,
	} {
		if broken := unclean("p", line, "/here/and"); len(broken) != want {
			t.Errorf("%q: %q, want %d faults", line, broken, want)
		}
	}
}

// The top level is fixed, dot files aside.
func TestTopLevel(t *testing.T) {
	want := []string{"LICENSE", "README.md", "cmd", "e164", "examples", "go.mod", "go.sum", "hermes", "internal", "mac", "sip"}
	made := []string{"hermes-data", "hermesd"} // by who runs it here; Git ignores them
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(made, e.Name()) {
			got = append(got, e.Name())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the top level is %q, want %q", got, want)
	}
}
