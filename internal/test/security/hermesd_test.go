package security_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// hermesd is a running hermesd process.
type hermesd struct {
	endpoint
	cmd   *exec.Cmd
	log   bytes.Buffer // must not be read before the process has ended
	ended chan struct{}
}

// mustRunHermesd runs a subcommand to its end.
func mustRunHermesd(t *testing.T, env []string, stdin string, args ...string) {
	t.Helper()
	cmd := exec.Command(hermesdPath, args...)
	cmd.Env, cmd.Stdin = env, strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("hermesd %q: %v\n%s", args, err, out)
	}
}

// startHermesd starts hermesd and waits until it listens. It is stopped when the test ends.
func startHermesd(t *testing.T, env []string) *hermesd {
	t.Helper()
	h := &hermesd{
		endpoint: endpoint{http: &http.Client{}},
		cmd:      exec.Command(hermesdPath, "--listen", "127.0.0.1:0"),
		ended:    make(chan struct{}),
	}
	h.cmd.Env = env
	h.cmd.Dir = t.TempDir()
	stderr, err := h.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.stop)
	lines := bufio.NewReader(io.TeeReader(stderr, &h.log))
	for h.url == "" {
		line, err := lines.ReadString('\n')
		if url, ok := strings.CutPrefix(strings.TrimSpace(line), "hermesd: listening on "); ok {
			h.url = url
		}
		if err != nil {
			close(h.ended)
			t.Fatalf("hermesd does not listen: %s", h.log.String())
		}
	}
	go func() {
		defer close(h.ended)
		_, _ = io.Copy(io.Discard, lines)
		_ = h.cmd.Wait()
	}()
	return h
}

// stop ends the process and waits for its end. It may be called more than once.
func (h *hermesd) stop() {
	_ = h.cmd.Process.Signal(syscall.SIGTERM)
	<-h.ended
}

// kill ends the process at once and waits for its end.
func (h *hermesd) kill() {
	_ = h.cmd.Process.Kill()
	<-h.ended
}
