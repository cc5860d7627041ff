// Package hermesdtest builds hermesd, runs it, and calls its API over HTTP. It is for tests only.
package hermesdtest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/leaktest"
)

// Process is a running hermesd process.
type Process struct {
	Endpoint

	cmd   *exec.Cmd
	log   bytes.Buffer // must not be read before the process has ended
	ended chan struct{}
}

// program is the path of the hermesd that Run has built. It is package state because the tests of a
// binary share it.
var program string

// Run builds hermesd, calls run as [leaktest.Run] does and returns its exit code, for TestMain.
func Run(run func() int) int {
	folder, err := os.MkdirTemp("", "hermesd-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	program = filepath.Join(folder, "hermesd")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "github.com/hermes-voip/go-hermes/cmd/hermesd")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		return 1
	}
	return leaktest.Run(run)
}

// MustRun runs a subcommand to its end. env is its whole environment.
func MustRun(tb testing.TB, env []string, stdin string, args ...string) {
	tb.Helper()
	if out, err := runToEnd(tb, env, stdin, args); err != nil {
		tb.Fatalf("hermesd %q: %v\n%s", args, err, out)
	}
}

// Output runs hermesd to its end, which must come within 30 seconds, and returns what it has
// written. env is its whole environment.
func Output(tb testing.TB, env []string, args ...string) (string, error) {
	tb.Helper()
	return runToEnd(tb, env, "", args)
}

func runToEnd(tb testing.TB, env []string, stdin string, args []string) (string, error) {
	ctx, cancel := context.WithTimeout(tb.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env, cmd.Stdin, cmd.Dir = env, strings.NewReader(stdin), tb.TempDir()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// Start starts hermesd and waits until it listens. env is its whole environment. The process is
// stopped when the test ends.
func Start(tb testing.TB, env []string) *Process {
	tb.Helper()
	p := &Process{
		Endpoint: Endpoint{HTTP: &http.Client{}},
		cmd:      exec.Command(program, "--listen", "127.0.0.1:0"),
		ended:    make(chan struct{}),
	}
	p.cmd.Env = env
	p.cmd.Dir = tb.TempDir()
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.Stop)
	lines := bufio.NewReader(io.TeeReader(stderr, &p.log))
	for p.URL == "" {
		line, err := lines.ReadString('\n')
		if url, ok := strings.CutPrefix(strings.TrimSpace(line), "hermesd: listening on "); ok {
			p.URL = url
		}
		if err != nil {
			close(p.ended)
			tb.Fatalf("hermesd does not listen: %s", p.log.String())
		}
	}
	go func() {
		defer close(p.ended)
		_, _ = io.Copy(io.Discard, lines)
		_ = p.cmd.Wait()
	}()
	return p
}

// PID returns the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended returns a channel that is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Log returns what the process has written. The process must have ended.
func (p *Process) Log() string { return p.log.String() }

// ExitCode returns the exit code, or -1 if a signal has ended the process. The process must have
// ended.
func (p *Process) ExitCode() int { return p.cmd.ProcessState.ExitCode() }

// Stop ends the process as an operator does, and waits for its end. It may be called more than
// once.
func (p *Process) Stop() { p.end(syscall.SIGTERM) }

// Kill ends the process at once and waits for its end.
func (p *Process) Kill() { p.end(syscall.SIGKILL) }

func (p *Process) end(signal syscall.Signal) {
	select {
	case <-p.ended:
	default:
		_ = p.cmd.Process.Signal(signal)
		<-p.ended
	}
}
