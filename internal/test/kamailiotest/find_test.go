package kamailiotest

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	if path, err := find("sh", "dash"); err != nil || !strings.HasSuffix(path, "/sh") {
		t.Errorf("find(sh) = %q, %v, wanted its path", path, err)
	}
	if path, err := find("no-such-program", "some-package"); err == nil || !strings.Contains(err.Error(), "some-package") {
		t.Errorf("find(no-such-program) = %q, %v, wanted an error that names the package", path, err)
	}
}

// TestLacking runs this binary again, as a test on a machine without Kamailio.
func TestLacking(t *testing.T) {
	if os.Getenv("KAMAILIOTEST_LACKING") != "" {
		lacking(t, errors.New("there is no Kamailio"))
		t.Fatal("the test went on")
	}
	for _, row := range []struct {
		require, want string
		why           string
	}{
		{"", "--- SKIP", "skipped with the reason"},
		{"1", "--- FAIL", "everything has to be there"},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestLacking$", "-test.v")
		cmd.Env = append(os.Environ(), "KAMAILIOTEST_LACKING=1", "HERMES_TEST_REQUIRE="+row.require)
		out, err := cmd.CombinedOutput()
		if got := string(out); !strings.Contains(got, row.want) || !strings.Contains(got, "there is no Kamailio") || strings.Contains(got, "went on") {
			t.Errorf("HERMES_TEST_REQUIRE=%q: %v\n%s\nwanted %s with the reason: %s", row.require, err, got, row.want, row.why)
		}
	}
}
