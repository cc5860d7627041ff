package readme

import (
	"os/exec"
	"path/filepath"
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
	blocks := mustBlocks(t, "## A first session", 4)
	login, _, _ := strings.Cut(blocks[0], "\n\n")
	const compare = `[ "$AUTH_KEY" != "$BEFORE" ] || echo "auth/ping: the next auth_key is not stored" >&2` + "\n"
	got := responses(h.runScript(t, blocks[0]+"BEFORE=$AUTH_KEY\n"+blocks[1]+compare+blocks[2]+blocks[3]))
	want := []string{
		"ok", "ok", "ok", "ok", "ok", "ok", "ok", "failed/inuse", "ok", "ok", "ok", // the calls
		"ok access=limited_write", // the login of the key pair
		"ok",                      // the logout
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}

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
