package kamailiotest

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// cleanup keeps a list of process groups until the test process is gone: then it ends those
// that are left and removes the folder ($1).
const cleanup = `
groups=" "
while read -r what id; do
	case $what in
	begin) groups="$groups$id " ;;
	end) groups="${groups%%" $id "*} ${groups#*" $id "}" ;;
	esac
done
for id in $groups; do kill -s KILL -- "-$id"; done
rm -rf -- "$1"
`

// watchdog outlives the test process for as long as it takes to clean up after it. Unlike a parent-death
// signal a pipe does not depend on the thread that started a process, reaches Kamailio's children, and lets
// the folder be removed as well.
type watchdog struct {
	pipe *os.File
	cmd  *exec.Cmd
}

func newWatchdog(dir string) (*watchdog, error) {
	r, w, err := os.Pipe() // closed on exec: no other child holds the writing end
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", cleanup, "kamailiotest-watchdog", dir)
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

// begin names a process group to end. The write is shorter than a pipe's atomic one.
func (d *watchdog) begin(group int) { _, _ = fmt.Fprintln(d.pipe, "begin", group) }

// end takes a group off the list, which has ended.
func (d *watchdog) end(group int) { _, _ = fmt.Fprintln(d.pipe, "end", group) }

// release ends the watchdog, whose groups have ended.
func (d *watchdog) release() {
	_ = d.pipe.Close()
	_ = d.cmd.Wait()
}
