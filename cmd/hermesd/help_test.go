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
	for _, args := range [][]string{{"help"}, {"-h"}, {"--help"}, {"help", "--help"}} {
		code, stdout, stderr := runCommand(t, nil, args...)
		if code != exitOK || stderr != "" || !strings.Contains(stdout, "Usage: hermesd [COMMAND]") {
			t.Errorf("%q: exit code %d, %q, %q", args, code, stdout, stderr)
		}
	}
	code, stdout, stderr := runCommand(t, nil, "help", "sreve")
	if want := "hermesd: command \"sreve\": want one of those that hermesd help lists, perhaps serve\n"; code != exitUsage || stdout != "" || stderr != want {
		t.Errorf("help of no command: exit code %d, %q, %q; want %q", code, stdout, stderr, want)
	}
}

// TestApp_PrintCommandHelp checks that the help of a command is the same in both ways of asking,
// and names each of its flags and settings.
func TestApp_PrintCommandHelp(t *testing.T) {
	t.Parallel()
	flagNames := regexp.MustCompile(`--[a-z-]+`)
	for _, c := range commands() {
		if c.name == "help" {
			continue
		}
		code, stdout, stderr := runCommand(t, nil, "help", c.name)
		want := strings.TrimSpace("Usage: hermesd " + c.name + " " + c.args)
		if code != exitOK || stderr != "" || !strings.Contains(stdout, want) || !strings.Contains(stdout, "Exit codes: 0: done") {
			t.Errorf("help %s: exit code %d, %q, %q", c.name, code, stdout, stderr)
		}
		for _, name := range flagNames.FindAllString(c.args, -1) {
			if !strings.Contains(stdout, "\n  "+name) {
				t.Errorf("help %s has no line about %s:\n%s", c.name, name, stdout)
			}
		}
		for _, name := range c.settings {
			if name != allSettings && !strings.Contains(stdout, "\n  --"+name+" ") {
				t.Errorf("help %s has no line about the setting %s:\n%s", c.name, name, stdout)
			}
		}
		for _, arg := range []string{"--help", "-h"} {
			if _, direct, _ := runCommand(t, nil, c.name, arg); direct != stdout {
				t.Errorf("%s %s: %q, want %q", c.name, arg, direct, stdout)
			}
		}
	}
	_, stdout, _ := runCommand(t, nil, "help", "bootstrap")
	for _, want := range []string{"--user NAME\n", "3: there is a principal already", "HERMES_AUTH_BACKEND"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("help bootstrap: no %q in\n%s", want, stdout)
		}
	}
	if strings.Contains(stdout, "--listen") {
		t.Errorf("help bootstrap has a setting of the server:\n%s", stdout)
	}
}

func TestApp_RunVersion(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := runCommand(t, nil, "version")
	if !regexp.MustCompile(`^hermesd \S+, revision \S+, go1\.\S+\n$`).MatchString(stdout) || code != exitOK || stderr != "" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if _, flagged, _ := runCommand(t, nil, "--version"); flagged != stdout {
		t.Errorf("--version: %q, want %q", flagged, stdout)
	}
	if code, _, _ := runCommand(t, nil, "version", "x"); code != exitUsage {
		t.Errorf("with an argument: exit code %d, want %d", code, exitUsage)
	}
}
