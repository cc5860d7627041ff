package console_test

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// The version of axe-core, and the SHA-256 of its file axe.min.js.
const (
	axeVersion = "4.14.1"
	axeSum     = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
)

// axeSource returns the script of axe-core. It is not in this repository, because its licence is
// another one (MPL 2.0): npm fetches it once into the user's cache.
func axeSource(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	file := filepath.Join(cache, "hermes-test", "axe-core-"+axeVersion+".min.js")
	if text, err := os.ReadFile(file); err == nil && checksum(text) == axeSum {
		return string(text)
	}
	npm := testserver.RequireProgram(t, "npm", "npm")
	folder := t.TempDir()
	cmd := exec.Command(npm, "pack", "axe-core@"+axeVersion, "--silent")
	cmd.Dir = folder
	if out, err := cmd.CombinedOutput(); err != nil {
		testserver.SkipOrFail(t, fmt.Errorf("npm pack axe-core: %w\n%s", err, out))
	}
	text, err := readPacked(filepath.Join(folder, "axe-core-"+axeVersion+".tgz"), "package/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	if sum := checksum(text); sum != axeSum {
		t.Fatalf("axe.min.js of axe-core %s has the SHA-256 %s, want %s", axeVersion, sum, axeSum)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, text, 0o600)); err != nil {
		t.Logf("axe-core is not kept for the next time: %v", err)
	}
	return string(text)
}

func checksum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// readPacked returns a file of a compressed archive.
func readPacked(archive, name string) ([]byte, error) {
	f, err := os.Open(archive)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(unzipped); ; {
		header, err := r.Next()
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", archive, name, err)
		}
		if header.Name == name {
			return io.ReadAll(r)
		}
	}
}

// violation is what axe-core found against one of its rules.
type violation struct {
	Rule  string   `json:"rule"`
	Help  string   `json:"help"`
	Nodes []string `json:"nodes"`
}

// TestAccessibility checks that axe-core finds no violation in any view and dialog, light and dark,
// wide and narrow.
func TestAccessibility(t *testing.T) {
	t.Parallel()
	source := axeSource(t)
	s := newServer(t, 0)
	s.fill(t)
	p := openTab(t, s)
	eval[chromedp.Void](p, source)
	check := func(what, rules string) {
		t.Helper()
		found := eval[[]violation](p, `axe.run(document, { `+rules+` resultTypes: ["violations"] }).then((r) =>
			r.violations.map((v) => ({ rule: v.id, help: v.help, nodes: v.nodes.map((n) => n.html + ": " + n.failureSummary) })))`)
		for _, v := range found {
			t.Errorf("%s: %s (%s): %q", what, v.Rule, v.Help, v.Nodes)
		}
	}
	inAllLooks := func(what string) {
		t.Helper()
		p.look(1280, "dark")
		check(what+", dark", `runOnly: ["color-contrast"],`) // the other rules do not look at colours
		p.look(390, "light")
		check(what+", narrow", "")
		p.look(1280, "light")
		check(what+", light", "")
	}
	p.waitText("Log in to manage")
	p.set("username", "admin", "password", "wrong password")
	p.click("Log in")
	p.waitText("The user name or the password is wrong.")
	inAllLooks("the login page")
	p.login("admin")
	for _, path := range views {
		p.visit(path)
		inAllLooks(path)
	}
	p.set("user", "alice@example.com")
	p.click("Send")
	p.waitText("HTTP 200")
	inAllLooks("the answer of a node")
	for _, dialog := range []struct{ path, button string }{
		{"#/users", "Onboard a user"}, {"#/users/alice%40example.com", "Offboard"}, {"#/phones/805ec0112233", "Preview the file"},
		{"#/access", "Make a key"},
	} {
		p.visit(dialog.path)
		p.click(dialog.button)
		p.waitFor(`document.querySelector("dialog[open]") !== null`)
		inAllLooks("the dialog " + dialog.button)
		p.click("Cancel")
	}
}
