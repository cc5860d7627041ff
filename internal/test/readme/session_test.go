package readme

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFirstSession runs the README's first session, with its login by key pair, against a hermesd
// that was started as the README says, and then the backup of its database.
func TestFirstSession(t *testing.T) {
	requirePrograms(t, "bash", "curl", "openssl")
	program := mustBuildHermesd(t)
	h := startHermesd(t, exec.Command(program, "--domain", "example.test", "--listen", "127.0.0.1:0"))
	blocks := mustBlocks(t, "## A first session", 5)
	login, _, _ := strings.Cut(blocks[0], "\n\n")
	const compare = `[ "$AUTH_KEY" != "$BEFORE" ] || echo "auth/ping: the next auth_key is not stored" >&2` + "\n"
	out := h.runScript(t, blocks[0]+"BEFORE=$AUTH_KEY\n"+blocks[1]+compare+strings.Join(blocks[2:], ""))
	got := responses(out)
	want := []string{
		"ok", "ok", "ok", "ok", "ok", "ok", "ok", "failed/inuse", "ok", "ok", "ok", // the calls
		"ok", "ok", "ok", "ok", // a dry run, a call that is repeated, and the audit trail
		"ok access=limited_write", // the login of the key pair
		"ok",                      // the logout
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	checkRepeated(t, out)

	t.Run("backup and restore", func(t *testing.T) {
		requirePrograms(t, "sqlite3")
		blocks := mustBlocks(t, "### Backup and restore", 3)
		if out := h.runScript(t, blocks[1]+blocks[2]); out != "" {
			t.Fatalf("the scripts print %q, want nothing", out)
		}
		restored := startHermesd(t, exec.Command(program, "--data", filepath.Join(h.dir, "restored"), "--listen", "127.0.0.1:0"))
		restored.password = h.password
		out := restored.runScript(t, login+"\nhermes domain/get_servers domain=example.test")
		if diff := cmp.Diff([]string{"ok"}, responses(out)); diff != "" {
			t.Errorf("%s\n%s", diff, out)
		}
	})
}

// claimed is the answer to number/claim.
var claimed = regexp.MustCompile(`\{[^{}\n]*"number":"\+[0-9]+"[^{}\n]*\}`)

// checkRepeated checks that of the three claims at the end of out the first, which is a dry run,
// has taken nothing, and the third is the second one's answer.
func checkRepeated(t *testing.T, out string) {
	t.Helper()
	answers := claimed.FindAllString(out, -1)
	if len(answers) < 3 {
		t.Fatalf("number/claim was answered %q, want three answers", answers)
	}
	answers = answers[len(answers)-3:]
	dry := strings.Replace(answers[0], `,"dry_run":true`, "", 1)
	if dry == answers[0] || dry != answers[1] || answers[1] != answers[2] {
		t.Errorf("number/claim was answered %q; want a dry run of the first number, and that number twice", answers)
	}
}
