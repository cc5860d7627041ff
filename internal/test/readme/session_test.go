package readme

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFirstSession runs the README's first session and its login by key pair against a hermesd that
// was started as the README says.
func TestFirstSession(t *testing.T) {
	requirePrograms(t, "bash", "curl", "openssl")
	h := startHermesd(t, exec.Command(mustBuildHermesd(t), "--domain", "example.test", "--listen", "127.0.0.1:0"))
	login, calls, ok := strings.Cut(mustBashBlock(t, "## A first session"), "\n\n")
	if !ok {
		t.Fatal("the first session: want the login, an empty line, and the calls")
	}
	keyPair := mustBashBlock(t, "A key pair in shell")
	got := responses(h.runScript(t, login+"\n"+keyPair+"echo\n"+calls))
	want := []string{"ok access=limited_write", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "failed/inuse", "ok", "ok", "ok", "ok"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
