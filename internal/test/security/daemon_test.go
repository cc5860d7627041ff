package security_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// daemon is hermesd as a process.
type daemon struct {
	*site
	cmd   *exec.Cmd
	log   bytes.Buffer // may be read when it has ended
	ended chan struct{}
}

// runHermesd runs a command to its end.
func runHermesd(t *testing.T, env []string, stdin string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stdin = env, strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("hermesd %q: %v\n%s", args, err, out)
	}
}

// startDaemon starts a hermesd with settings in the environment, and waits until it listens.
func startDaemon(t *testing.T, env []string) *daemon {
	t.Helper()
	d := &daemon{site: &site{TB: t, http: &http.Client{}}, cmd: exec.Command(program, "--listen", "127.0.0.1:0"), ended: make(chan struct{})}
	d.cmd.Env = env
	d.cmd.Dir = t.TempDir()
	stderr, err := d.cmd.StderrPipe()
	d.must(err)
	d.must(d.cmd.Start())
	t.Cleanup(d.stop)
	lines := bufio.NewReader(io.TeeReader(stderr, &d.log))
	for d.url == "" {
		line, err := lines.ReadString('\n')
		if url, ok := strings.CutPrefix(strings.TrimSpace(line), "hermesd: listening on "); ok {
			d.url = url
		}
		if err != nil {
			close(d.ended)
			t.Fatalf("hermesd does not listen: %s", d.log.String())
		}
	}
	go func() {
		defer close(d.ended)
		_, _ = io.Copy(io.Discard, lines)
		_ = d.cmd.Wait()
	}()
	return d
}

// stop ends it; once more does nothing.
func (d *daemon) stop() {
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	<-d.ended
}

// settings are the environment of a hermesd.
func settings(pairs ...string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH")}, pairs...)
}
