package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// script reads the ids of postmasters, one a line and 0 for none, until the test process is gone: then it ends the
// last one and removes the folder ($1). An immediate shutdown ends the server's other processes too. The
// bound is for containers in which nobody collects orphans, whose ids then stay for ever.
const script = `
pid=0
while read -r line; do pid=$line; done
n=0
if [ "$pid" -gt 1 ]; then
	kill -QUIT "$pid"
	while kill -0 "$pid" && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
	[ $n -lt 50 ] || kill -KILL "$pid"
fi
rm -rf -- "$1"
`

// watchdog outlives the test process for as long as it takes to clean up after it. Unlike a
// parent-death signal a pipe works on every Unix, does not depend on the thread that started
// the server, and lets the folder be removed as well.
type watchdog struct {
	pipe *os.File
	cmd  *exec.Cmd
}

func newWatchdog(s *server) (*watchdog, error) {
	r, w, err := os.Pipe() // closed on exec: no other child holds the writing end
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", script, "pgtest-watchdog", s.dir)
	cmd.Dir = "/"
	cmd.Stdin = r
	// A group of its own, so that what ends the test's group leaves it alive.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	return &watchdog{pipe: w, cmd: cmd}, nil
}

// guard names the postmaster to end; 0 is none.
func (d *watchdog) guard(pid int) {
	_, _ = fmt.Fprintln(d.pipe, pid)
}

// release ends the watchdog, whose folder must be gone.
func (d *watchdog) release() {
	_ = d.pipe.Close()
	_ = d.cmd.Wait()
}
