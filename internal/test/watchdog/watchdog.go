// Package watchdog lets a test process start servers that do not outlive it, however it ends.
package watchdog

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Watchdog is a shell script that outlives the test process for as long as it takes to clean up after it. It
// reads from a pipe that ends with that process. Unlike a parent-death signal a pipe works on every Unix,
// does not depend on the thread that started a server, and lets the server's children and
// folder be ended and removed as well.
type Watchdog struct {
	pipe *os.File
	cmd  *exec.Cmd
}

// Start runs script, whose $1 is folder, as the user of cred; nil is the test's own. The script reads lines until there are
// no more, and then cleans up.
func Start(script, folder string, cred *syscall.Credential) (*Watchdog, error) {
	r, w, err := os.Pipe() // closed on exec: no other child holds the writing end
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", script, "test-watchdog", folder)
	cmd.Dir = "/"
	cmd.Stdin = r
	// A group of its own, so that what ends the test's group leaves it alive.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Setpgid: true}
	if err := cmd.Start(); err != nil {
		_ = w.Close()
		return nil, fmt.Errorf("watchdog: %w", err)
	}
	return &Watchdog{pipe: w, cmd: cmd}, nil
}

// Tell writes a line for the script to read. It is shorter than a pipe's atomic write.
func (d *Watchdog) Tell(words ...any) { _, _ = fmt.Fprintln(d.pipe, words...) }

// Release ends the script, for which nothing should be left to do.
func (d *Watchdog) Release() {
	_ = d.pipe.Close()
	_ = d.cmd.Wait()
}
