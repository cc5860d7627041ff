package ldaptest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/hermes-voip/go-hermes/internal/test/watchdog"
)

// startLimit is how long a server may take to come up on a busy machine.
const startLimit = 60 * time.Second

// process is a folder and, while it runs, the server in it.
type process struct {
	dir  string
	cred *syscall.Credential // nil: the test's own user
	dog  *watchdog.Watchdog

	cmd    *exec.Cmd
	exited chan struct{} // closed when cmd has ended and was waited for
}

func newProcess(slapd string) (_ *process, err error) {
	p := &process{}
	if p.cred, err = unprivileged(); err != nil {
		return nil, err
	}
	if p.dir, err = os.MkdirTemp("", "ldaptest-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.destroy())
		}
	}()
	if err := errors.Join(p.own(p.dir), os.Mkdir(filepath.Join(p.dir, "data"), 0o700), p.own(filepath.Join(p.dir, "data"))); err != nil {
		return nil, err
	}
	// By another process: a program that this one has open for writing could be inherited by a child of
	// another test, and not be run meanwhile.
	if out, err := exec.Command("cp", slapd, filepath.Join(p.dir, "slapd")).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("copy %s: %w: %s", slapd, err, out)
	}
	p.dog, err = watchdog.Start(cleanup, p.dir, nil)
	return p, err
}

// unprivileged returns whom servers run as: nil, the test's own user, unless that is root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("openldap")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, err
	}
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(uidErr, gidErr)
}

// own makes the server's user the owner of a file.
func (p *process) own(path string) error {
	if p.cred == nil {
		return nil
	}
	return os.Chown(path, int(p.cred.Uid), int(p.cred.Gid))
}

// give writes a file that the server may read.
func (p *process) give(name string, text []byte) error {
	path := filepath.Join(p.dir, name)
	return errors.Join(os.WriteFile(path, text, 0o600), p.own(path))
}

// start runs the server and waits until ready says so.
func (p *process) start(ready func() error, args ...string) error {
	if err := p.spawn(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
			continue
		case <-p.exited:
			err = errors.New("ended at its start")
		case <-ctx.Done():
		}
		p.stop(syscall.SIGKILL)
		return fmt.Errorf("slapd does not answer: %w: %s", err, p.lastLog())
	}
}

func (p *process) spawn(args []string) error {
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	// slapd makes a table of all the files that it may open, which in a container can be a thousand million.
	cmd := exec.Command("/bin/sh", append([]string{"-c", `ulimit -n 256 && exec ./slapd "$@"`, "slapd"}, args...)...)
	cmd.Dir = p.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.Stdout, cmd.Stderr = log, log
	// A group of its own: an interrupt typed at the terminal reaches the test, which then ends the server.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.cred, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.dog.Tell(cmd.Process.Pid)
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	p.cmd, p.exited = cmd, exited
	return nil
}

// stop sends the signal and waits for the end. A stopped server is left as it is.
func (p *process) stop(sig syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(sig)
	<-p.exited
	p.cmd = nil
	p.dog.Tell(0)
}

// destroy ends everything and removes the folder.
func (p *process) destroy() error {
	p.stop(syscall.SIGKILL)
	err := os.RemoveAll(p.dir)
	if p.dog != nil {
		p.dog.Release()
	}
	return err
}

// lastLog is the end of the log, enough to say why a start failed.
func (p *process) lastLog() string {
	b, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-2000):])
}
