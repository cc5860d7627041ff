package testserver

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestSkipOrFail runs this test binary again, as a test that needs something that is not installed.
func TestSkipOrFail(t *testing.T) {
	t.Parallel()
	if os.Getenv("TESTSERVER_MISSING") != "" {
		SkipOrFail(t, errors.New("there is no Kamailio"))
		t.Fatal("the test went on")
	}
	for _, row := range []struct {
		require, want string
		why           string
	}{
		{"", "--- SKIP", "skipped with the reason"},
		{"1", "--- FAIL", "everything has to be installed"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestSkipOrFail$", "-test.v")
		cmd.Env = append(os.Environ(), "TESTSERVER_MISSING=1", "HERMES_TEST_REQUIRE="+row.require)
		out, err := cmd.CombinedOutput()
		got := string(out)
		if !strings.Contains(got, row.want) || !strings.Contains(got, "there is no Kamailio") ||
			strings.Contains(got, "went on") {
			t.Errorf("HERMES_TEST_REQUIRE=%q: %v\n%s\nwanted %s with the reason: %s", row.require, err, got, row.want, row.why)
		}
	}
}

func TestRequireProgram(t *testing.T) {
	t.Parallel()
	if path := RequireProgram(t, "sh", "dash"); !strings.HasSuffix(path, "/sh") {
		t.Errorf("RequireProgram(sh) = %q, wanted its path", path)
	}
	path, err := findProgram("no-such-program", "some-package", []string{"/usr/lib/some"})
	if err == nil || !strings.Contains(err.Error(), "some-package") || !strings.Contains(err.Error(), "/usr/lib/some") {
		t.Errorf("findProgram(no-such-program) = %q, %v, wanted an error with the package and the folders", path, err)
	}
}
