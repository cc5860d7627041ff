package backendtest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/hermes/backendtest"
)

const bugEnv = "HERMES_TEST_SEEDED_BUG"

// bugs and what must see each; there may be more that does.
var bugs = map[string]string{
	"empty password verifies":    "password/empty",
	"password cut at NUL":        "password/near",
	"password in any case":       "password/near",
	"password cut at 72":         "password/long",
	"password trimmed":           "password/kinds",
	"verdict remembered":         "verify/wrong",
	"anybody's password":         "verify/another's",
	"unknown is an error":        "verify/unknown",
	"unknown costs nothing":      "verify/cost",
	"context ignored":            "verify/cancelled",
	"name in any case":           "name/other_case",
	"name trimmed":               "name/odd",
	"name cut at NUL":            "name/odd",
	"name is a pattern":          "name/odd",
	"cause wrapped":              "write/causes",
	"added when prepared":        "write/prepared",
	"change serves once":         "write/again",
	"update adds":                "write/causes",
	"remove ignores its absence": "write/causes",
}

// TestSeededBugs runs the suite on backends with a bug, in processes of their own, and wants red.
func TestSeededBugs(t *testing.T) {
	if bug := os.Getenv(bugEnv); bug != "" {
		backendtest.Run(t, func(*testing.T) backendtest.Fixture { return fixture(bug) })
		return
	}
	if out, err := suite(t, "none"); err != nil {
		t.Fatalf("without a bug: %v\n%s", err, out)
	}
	for bug, want := range bugs {
		t.Run(bug, func(t *testing.T) {
			out, err := suite(t, bug)
			if !strings.Contains(out, "--- FAIL: TestSeededBugs/"+want) {
				t.Errorf("got %v, want %s to fail:\n%.4000s", err, want, out)
			}
		})
	}
}

func suite(t *testing.T, bug string) (string, error) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestSeededBugs$")
	cmd.Env = append(os.Environ(), bugEnv+"="+bug)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
