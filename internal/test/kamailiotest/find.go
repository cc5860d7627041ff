package kamailiotest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// sbin are the folders of servers, which an ordinary user's PATH lacks.
var sbin = []string{"/usr/sbin", "/usr/local/sbin"}

// find returns the path of a program; lack names the package that brings it.
func find(program, lack string) (string, error) {
	if path, err := exec.LookPath(program); err == nil {
		return path, nil
	}
	for _, dir := range sbin {
		if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no %s in PATH or %q (Debian: %s)", program, sbin, lack)
}

// lacking ends the test for want of a program or file: skipped, or failed where the
// environment says that everything must be there.
func lacking(tb testing.TB, err error) {
	tb.Helper()
	if os.Getenv("HERMES_TEST_REQUIRE") == "1" {
		tb.Fatalf("kamailiotest: HERMES_TEST_REQUIRE=1: %v", err)
	}
	tb.Skipf("kamailiotest: %v", err)
}
