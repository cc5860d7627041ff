package testserver

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Required reports whether everything that tests use must be installed: HERMES_TEST_REQUIRE is 1 in
// the environment, as it is in continuous integration.
func Required() bool { return os.Getenv("HERMES_TEST_REQUIRE") == "1" }

// SkipOrFail ends the test because something that it needs is not installed: it skips the test, or
// fails it if [Required]. The reason says what is missing and which Debian package provides it.
func SkipOrFail(tb testing.TB, reason error) {
	tb.Helper()
	if Required() {
		tb.Fatalf("HERMES_TEST_REQUIRE=1: %v", reason)
	}
	tb.Skip(reason)
}

// RequireProgram returns the path of a program, which it looks for in PATH, in the sbin folders
// that an ordinary user's PATH lacks, and in the other folders given. If the program is not
// installed, RequireProgram ends the test as [SkipOrFail] does.
func RequireProgram(tb testing.TB, name, debianPackage string, folders ...string) string {
	tb.Helper()
	path, err := findProgram(name, debianPackage, folders)
	if err != nil {
		SkipOrFail(tb, err)
	}
	return path
}

func findProgram(name, debianPackage string, folders []string) (string, error) {
	candidates := []string{name}
	for _, folder := range append([]string{"/usr/sbin", "/usr/local/sbin"}, folders...) {
		candidates = append(candidates, filepath.Join(folder, name))
	}
	for _, candidate := range candidates {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no %s in PATH or %q (Debian: %s)", name, candidates[1:], debianPackage)
}

// WaitFor polls until the condition holds. It ends the test if that takes more than 60 seconds;
// the description completes "waited 60 s for".
func WaitFor(tb testing.TB, description string, condition func() bool) {
	tb.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			tb.Fatalf("waited 60 s for %s", description)
		}
	}
}
