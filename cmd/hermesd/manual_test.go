package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// TestApp_RunMan has man read the page without a warning, and looks up what is in it.
func TestApp_RunMan(t *testing.T) {
	t.Parallel()
	code, page, stderr := runCommand(t, nil, "man")
	if code != exitOK || stderr != "" {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	if _, again, _ := runCommand(t, nil, "man"); again != page {
		t.Errorf("the page is another one each time: %s", cmp.Diff(page, again))
	}
	if code, _, _ := runCommand(t, nil, "man", "x"); code != exitUsage {
		t.Errorf("with an argument: exit code %d, want %d", code, exitUsage)
	}
	path := filepath.Join(t.TempDir(), "hermesd.8")
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(testserver.RequireProgram(t, "man", "man-db"), "--warnings=w", "--local-file", "--no-hyphenation", path)
	cmd.Env = append(os.Environ(), "MANWIDTH=10000", "LC_ALL=C.UTF-8", "MANPAGER=cat", "MANROFFSEQ=", "MAN_KEEP_FORMATTING=")
	var warnings strings.Builder
	cmd.Stderr = &warnings
	out, err := cmd.Output()
	if err != nil || warnings.Len() > 0 {
		t.Fatalf("man: %v\n%s", err, &warnings)
	}
	text := string(out)
	for _, c := range commands() {
		if !strings.Contains(text, "\n   "+c.name) {
			t.Errorf("no command %s", c.name)
		}
	}
	for _, s := range (&config{}).table() {
		usage := strings.TrimSpace("--" + s.name + " " + s.arg)
		if !strings.Contains(text, "\n       "+usage+"\n") || !strings.Contains(text, "Environment: "+strings.Join(s.envNames(), ", ")+".") ||
			!strings.Contains(text, fmt.Sprintf("Default: %s.", s.documentedDefault())) {
			t.Errorf("the setting %s is not described in\n%s", s.name, text)
		}
	}
}
