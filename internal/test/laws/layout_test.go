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

// TestLayout_TopLevel: the root has these entries, files whose name begins with a dot, and what
// hermesd leaves when it is run there.
func TestLayout_TopLevel(t *testing.T) {
	t.Parallel()
	known := []string{
		"LICENSE", "README.md", "go.mod", "go.sum",
		"cmd", "e164", "examples", "hermes", "internal", "mac", "sip",
		"hermes-data", "hermesd",
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(known, e.Name()) {
			t.Errorf("%s: move it below one of the folders, since the top level is fixed", e.Name())
		}
	}
}

// TestLayout_Groups: the packages that know all records have files named after each group of nodes.
func TestLayout_Groups(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"hermes", "hermes/memstore", "internal/bunstore", "hermes/storetest"} {
		for _, group := range nodeGroups {
			if files, _ := filepath.Glob(filepath.Join(root, dir, group+"*.go")); len(files) == 0 {
				t.Errorf("%s: want a file named %s.go", dir, group)
			}
		}
	}
}

var (
	// unfinished matches words that announce work. They are put together here, so that this file does
	// not have them.
	unfinished = regexp.MustCompile(`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"}, "|") + `)\b`)
	// machinePath matches absolute paths that exist on one machine only.
	machinePath = regexp.MustCompile(`(^|[^A-Za-z0-9_.~:/-])/(work|root|home|Users|tmp|mnt)/[A-Za-z0-9_.-]`)
)

// TestLayout_Texts: no file announces unfinished work or has a path of the machine it was written
// on.
func TestLayout_Texts(t *testing.T) {
	t.Parallel()
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range textFiles(t) {
		if name != "internal/test/laws/layout_test.go" {
			report(t, unwantedTexts(name, text, here))
		}
	}
}

func unwantedTexts(name, text, here string) (faults []string) {
	n := 0
	for line := range strings.Lines(text) {
		n++
		switch {
		case unfinished.MatchString(line):
			faults = append(faults, fmt.Sprintf("%s:%d: finish the work or remove the note: %s", name, n, line))
		case machinePath.MatchString(line), strings.Contains(line, here):
			faults = append(faults, fmt.Sprintf("%s:%d: remove the path, which other machines do not have: %s", name, n, line))
		}
	}
	return faults
}

func TestUnwantedTexts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"// TO" + "DO: later":             1,
		"FIX" + "ME":                      1,
		"TO" + "DOS":                      0,
		`"hen_X` + `XX"`:                  0,
		`p := "/` + `work/main"`:          1,
		"cat /" + "root/.x":               1,
		"at /" + "home/me":                1,
		"/" + "tmp/x":                     1,
		`"/usr/share/kamailio"`:           0,
		"https://example.com/" + "home/x": 0,
		"./" + "work/x":                   0,
		"in /here/and":                    1,
		"a\nb\n/" + "tmp/x\n":             1,
	} {
		if faults := unwantedTexts("p", text, "/here/and"); len(faults) != want {
			t.Errorf("%q: %q, want %d faults", text, faults, want)
		}
	}
}
