package testserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a program that runs in a process group of its own.
type Process struct {
	cmd    *exec.Cmd
	folder *Folder
	exited chan struct{} // closed when no process of the group is left
	err    error         // the program's result, valid once exited is closed
}

// Command returns a command that runs in the folder as its user, in a process group of its own:
// an interrupt typed at the terminal reaches the test only, which then ends the program. Of the
// test's environment it gets PATH only, for example no PG… variables.
func (f *Folder) Command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = f.path
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: f.credential, Setpgid: true}
	return cmd
}

// Start starts a command of [Folder.Command]. Its output is appended to the log file.
func (f *Folder) Start(cmd *exec.Cmd, log string) (*Process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, folder: f, exited: make(chan struct{})}
	f.notify("started", p.PID())
	go p.wait()
	return p, nil
}

// wait waits for the program and kills the child processes that it left behind. Those are orphans
// by then, so the test process cannot wait for them otherwise than by looking.
func (p *Process) wait() {
	p.err = p.cmd.Wait()
	for p.Signal(syscall.SIGKILL) == nil && groupLives(p.PID()) {
		time.Sleep(5 * time.Millisecond)
	}
	p.folder.notify("ended", p.PID())
	close(p.exited)
}

// groupLives reports whether the group has a process that is not a zombie. Zombies stay where no
// process collects orphans, as in some containers.
func groupLives(group int) bool {
	return slices.ContainsFunc(processes(), func(s status) bool {
		return s.group == group && s.state != "Z" && s.state != "X"
	})
}

// status is what the system says about a process.
type status struct {
	pid, parent, group int
	state              string
}

// processes returns all processes of this machine.
func processes() (all []status) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue
		}
		// The name in parentheses may contain anything; state, parent and group follow it.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 3 {
			continue
		}
		s := status{state: fields[0]}
		s.pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		s.parent, _ = strconv.Atoi(fields[1])
		s.group, _ = strconv.Atoi(fields[2])
		all = append(all, s)
	}
	return all
}

// SignalTree sends a signal to a process and its descendants, which may have process groups of
// their own, as those of PostgreSQL have. It stops them before: a stopped process makes no others,
// and one that is killed would leave its children to another parent before they are found.
func SignalTree(pid int, sig syscall.Signal) error {
	all, err := stopTree(pid)
	if sig == syscall.SIGSTOP || err != nil {
		return err
	}
	for _, pid := range all {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// stopTree stops a process and its descendants, and returns their ids.
func stopTree(pid int) (all []int, err error) {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return nil, err
	}
	all = []int{pid}
	for _, child := range children(pid) {
		below, err := stopTree(child)
		if err != nil && !errors.Is(err, syscall.ESRCH) {
			return nil, err
		}
		all = append(all, below...)
	}
	return all, nil
}

// children returns the ids of the processes that a process has made and that have not ended.
func children(pid int) (all []int) {
	for _, s := range processes() {
		if s.parent == pid && s.state != "Z" {
			all = append(all, s.pid)
		}
	}
	return all
}

// SignalChildren is [SignalTree] for the descendants of a process alone.
func SignalChildren(pid int, sig syscall.Signal) error {
	for _, child := range children(pid) {
		if err := SignalTree(child, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// PID returns the process id, which is also the id of the process group.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Exited returns a channel that is closed when the program and its child processes have ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// HasExited reports whether the program and its child processes have ended.
func (p *Process) HasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// Wait waits for the end of the program and its child processes, and returns the program's result
// as [exec.Cmd.Wait] does. It may be called more than once.
func (p *Process) Wait() error {
	<-p.exited
	return p.err
}

// Signal sends a signal to the whole process group.
func (p *Process) Signal(sig syscall.Signal) error { return syscall.Kill(-p.PID(), sig) }

// Stop sends a signal to the process group and waits for its end. If the program has ended already,
// Stop does nothing: the id may belong to another process by then.
func (p *Process) Stop(sig syscall.Signal) {
	if !p.HasExited() {
		_ = p.Signal(sig)
	}
	<-p.exited
}

// WaitReady calls ready every few milliseconds until it is done, and returns the error of that
// call. It gives up when the program ends or the time limit has passed; the context of ready ends
// at the same time.
func (p *Process) WaitReady(limit time.Duration, ready func(context.Context) (done bool, err error)) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	go func() {
		select {
		case <-p.exited:
			cancel()
		case <-ctx.Done():
		}
	}()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		done, err := ready(ctx)
		if done {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			name := filepath.Base(p.cmd.Path)
			if p.HasExited() {
				return fmt.Errorf("%s ended at its start (last error: %v)", name, err)
			}
			return fmt.Errorf("%s is not ready after %v (last error: %v)", name, limit, err)
		}
	}
}

// ReadLog returns the content of a log file, or the error of reading it. A file that does not exist
// is empty.
func ReadLog(path string) string {
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return err.Error()
	}
	return string(text)
}

// LogTail returns the last 2,000 bytes of a log file, enough to say why a start failed.
func LogTail(path string) string {
	text := ReadLog(path)
	return text[max(0, len(text)-2000):]
}
