package main

import (
	"flag"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/readme"
)

var update = flag.Bool("update", false, "write README.md's table of settings")

func TestSettingsReference(t *testing.T) {
	readme.Check(t, filepath.Join("..", "..", "README.md"), "settings", settingsReference(), *update)
}

func TestApp_RunHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"help"}, {"-h"}, {"--help"}, {"serve", "--help"}, {"bootstrap", "-h"}} {
		code, stdout, stderr := runCommand(t, nil, args...)
		if code != exitOK || stderr != "" || !strings.Contains(stdout, "Usage: hermesd") {
			t.Errorf("%q: exit code %d, %q, %q", args, code, stdout, stderr)
		}
	}
}

func TestApp_RunVersion(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := runCommand(t, nil, "version")
	if !regexp.MustCompile(`^hermesd \S+, revision \S+, go1\.\S+\n$`).MatchString(stdout) || code != exitOK || stderr != "" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if code, _, _ := runCommand(t, nil, "version", "x"); code != exitUsage {
		t.Errorf("with an argument: exit code %d, want %d", code, exitUsage)
	}
}
