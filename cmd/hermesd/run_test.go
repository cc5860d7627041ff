package main

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"
)

// tryRun runs a command that ends by itself.
func tryRun(t *testing.T, e env, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return tryRunWith(t, "", e, args...)
}

func tryRunWith(t *testing.T, stdin string, e env, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	// Ends a server that should have refused to serve.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out, errs strings.Builder
	code = (&app{e.get, strings.NewReader(stdin), &out, &errs, &driverLog{}}).run(ctx, args)
	return code, out.String(), errs.String()
}

func TestVersion(t *testing.T) {
	code, stdout, stderr := tryRun(t, nil, "version")
	if !regexp.MustCompile(`^hermesd \S+, revision \S+, go1\.\S+\n$`).MatchString(stdout) || code != exitOK || stderr != "" {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
	if code, _, _ := tryRun(t, nil, "version", "x"); code != exitUsage {
		t.Errorf("an argument: exit code %d, want %d", code, exitUsage)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"-h"}, {"--help"}, {"serve", "--help"}, {"bootstrap", "-h"}} {
		code, stdout, stderr := tryRun(t, nil, args...)
		if code != exitOK || stderr != "" || !strings.Contains(stdout, "Usage: hermesd") {
			t.Errorf("%q: exit code %d, %q, %q", args, code, stdout, stderr)
		}
	}
}

func TestUnknownCommand(t *testing.T) {
	code, stdout, stderr := tryRun(t, nil, "sreve")
	want := "hermesd: command \"sreve\": want one of those that hermesd help lists\n"
	if code != exitUsage || stdout != "" || stderr != want {
		t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
	}
}
