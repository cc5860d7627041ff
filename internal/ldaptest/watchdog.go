package ldaptest

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// script reads the ids of servers, one a line and 0 for none, until the test process is gone: then it ends the last one
// and removes the folder ($1).
const script = `
pid=0
while read -r line; do pid=$line; done
[ "$pid" -le 1 ] || kill -KILL "$pid"
rm -rf -- "$1"
`

// watchdog outlives the test process for as long as it takes to clean up after it. Unlike a parent-death signal a
// pipe does not depend on the thread that started the server, and lets the folder be removed as well.
type watchdog struct {
	pipe *os.File
	cmd  *exec.Cmd
}

func newWatchdog(p *process) (*watchdog, error) {
	r, w, err := os.Pipe() // closed on exec: no other child holds the writing end
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", script, "ldaptest-watchdog", p.dir)
	cmd.Dir = "/"
	cmd.Stdin = r
	// A group of its own, so that what ends the test's group leaves it alive.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		_ = w.Close()
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	return &watchdog{pipe: w, cmd: cmd}, nil
}

// guard names the server to end; 0 is none.
func (d *watchdog) guard(pid int) { _, _ = fmt.Fprintln(d.pipe, pid) }

// release ends the watchdog, whose server has ended.
func (d *watchdog) release() {
	_ = d.pipe.Close()
	_ = d.cmd.Wait()
}
