package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
)

// testKey is a secret key.
const testKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// binary is the path of hermesd, which TestMain builds once.
var binary string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	folder, err := os.MkdirTemp("", "hermesd-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	binary = filepath.Join(folder, "hermesd")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", binary, ".")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return pgtest.Run(m)
}

// env is the environment of a command.
type env map[string]string

func (e env) get(name string) string { return e[name] }

func (e env) list() (variables []string) {
	for name, v := range e {
		variables = append(variables, name+"="+v)
	}
	return variables
}

// runCommand runs a command of hermesd in this process, with an empty standard input.
func runCommand(t *testing.T, e env, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return runCommandInput(t, "", e, args...)
}

// runCommandInput is [runCommand] with a standard input. A server that should have refused to serve
// is stopped after a while.
func runCommandInput(t *testing.T, stdin string, e env, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	var out, errs strings.Builder
	a := &app{
		getenv: e.get, environ: e.list, stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs, driverLog: &driverLog{},
	}
	code = a.run(ctx, args)
	return code, out.String(), errs.String()
}

func TestApp_Run(t *testing.T) {
	t.Parallel()
	t.Run("an unknown command is a usage error", func(t *testing.T) {
		t.Parallel()
		code, stdout, stderr := runCommand(t, nil, "sreve")
		want := "hermesd: command \"sreve\": want one of those that hermesd help lists, perhaps serve\n"
		if code != exitUsage || stdout != "" || stderr != want {
			t.Errorf("exit code %d, %q, %q", code, stdout, stderr)
		}
	})
	t.Run("a database in memory is refused where it would be lost", func(t *testing.T) {
		t.Parallel()
		for _, args := range [][]string{
			{"bootstrap", "--user", "x", "--db", "memory:"},
			{"migrate", "--db", "memory:"},
			{"rekey", "--db", "memory:"},
			{"audit", "verify", "--db", "memory:"},
		} {
			code, _, stderr := runCommand(t, nil, args...)
			if code != exitUsage || !strings.Contains(stderr, "db: memory: is gone") {
				t.Errorf("%q: exit code %d, %q", args, code, stderr)
			}
		}
	})
}
