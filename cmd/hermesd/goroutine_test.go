package main

import (
	"bufio"
	"context"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hermes-voip/go-hermes/internal/test/pgtest"
	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// TestApp_Run_goroutines starts a server in this process and stops it. All that it has started
// ends, such as what keeps the audit trail and the pools of connections. It is not parallel,
// because other tests have goroutines too.
func TestApp_Run_goroutines(t *testing.T) {
	for name, newEnv := range map[string]func(t *testing.T) env{
		"SQLite": func(t *testing.T) env {
			return env{"HERMES_DATA": filepath.Join(t.TempDir(), "data"), "HERMES_DOMAIN": "example.test"}
		},
		"PostgreSQL": func(t *testing.T) env {
			db := pgtest.New(t, pgtest.Options{NoFsync: true})
			return env{"HERMES_DB": db.URL(), "HERMES_SECRET_KEY": testKey, "HERMES_MIGRATE": "auto"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			serveOnce(t, e) // starts what a process keeps, such as the receiver of signals
			before := goroutines()
			serveOnce(t, e)
			var left []string
			defer func() {
				if t.Failed() {
					t.Logf("goroutines that have not ended:\n%s", strings.Join(left, "\n\n"))
				}
			}()
			testserver.WaitFor(t, "the end of all goroutines of the server", func() bool {
				left = started(before)
				return len(left) == 0
			})
		})
	}
}

// serveOnce runs a server in this process until it listens, and stops it.
func serveOnce(t *testing.T, e env) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	lines, stderr := io.Pipe()
	a := &app{
		getenv: e.get, environ: e.list, stdin: strings.NewReader(""), stdout: io.Discard, stderr: stderr, driverLog: &driverLog{},
	}
	code := make(chan int, 1)
	go func() {
		code <- a.run(ctx, []string{"--listen", "127.0.0.1:0"})
		stderr.Close()
	}()
	for s := bufio.NewScanner(lines); s.Scan(); {
		if strings.HasPrefix(s.Text(), "hermesd: listening on ") {
			stop()
		}
	}
	if c := <-code; c != exitOK {
		t.Fatalf("exit code %d", c)
	}
}

// goroutines returns the stacks of all goroutines by their ids.
func goroutines() map[string]string {
	text := make([]byte, 1<<20)
	for n := runtime.Stack(text, true); n == len(text); n = runtime.Stack(text, true) {
		text = make([]byte, 2*len(text))
	}
	text = text[:runtime.Stack(text, true)]
	all := map[string]string{}
	for stack := range strings.SplitSeq(string(text), "\n\n") {
		id, _, _ := strings.Cut(stack, " [") // goroutine 1 [running]:
		all[id] = stack
	}
	return all
}

// started returns the stacks of goroutines that were not there before.
func started(before map[string]string) (stacks []string) {
	for id, stack := range goroutines() {
		if before[id] == "" {
			stacks = append(stacks, stack)
		}
	}
	return stacks
}
