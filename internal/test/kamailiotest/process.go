package kamailiotest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/watchdog"
)

// process is a program in a process group of its own.
type process struct {
	cmd    *exec.Cmd
	dog    *watchdog.Watchdog
	exited chan struct{} // closed when it has ended and was waited for, and nothing of its group lives
	err    error         // how it ended, once exited is closed
}

// launch starts a program in a folder; both its outputs are appended to the file log there.
func launch(dog *watchdog.Watchdog, dir, log, program string, args ...string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.Stdout, cmd.Stderr = out, out
	// An interrupt typed at the terminal reaches the test, which then ends the group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, dog: dog, exited: make(chan struct{})}
	dog.Tell("begin", p.pid())
	go p.wait()
	return p, nil
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// wait collects the program and ends what it left behind.
func (p *process) wait() {
	p.err = p.cmd.Wait()
	// Its children are orphans now: nobody here can wait on them.
	_ = await(context.Background(), nil, "the group's end", func() (bool, error) {
		return p.signal(syscall.SIGKILL) != nil || !groupLives(p.pid()), nil
	})
	p.dog.Tell("end", p.pid())
	close(p.exited)
}

// signal reaches the whole group.
func (p *process) signal(sig syscall.Signal) error { return syscall.Kill(-p.pid(), sig) }

// groupLives reports whether a process of the group is there that is not dead already. Where nobody collects
// orphans, as in some containers, the dead ones stay.
func groupLives(group int) bool {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue
		}
		// The name in parentheses may hold anything; after it come state, parent and group.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) > 2 && fields[2] == strconv.Itoa(group) && fields[0] != "Z" && fields[0] != "X" {
			return true
		}
	}
	return false
}

// kill ends the group and waits for its end.
func (p *process) kill() {
	if !p.ended() { // its number may be another's by now
		_ = p.signal(syscall.SIGKILL)
	}
	<-p.exited
}

func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// await polls until cond is true or fails, ctx ends, or stop is closed; what says what is waited for. A nil
// stop is never closed.
func await(ctx context.Context, stop <-chan struct{}, what string, cond func() (bool, error)) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := cond(); ok || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-stop:
			return fmt.Errorf("ended while waiting for %s", what)
		case <-ctx.Done():
			return fmt.Errorf("waited too long for %s", what)
		}
	}
}
