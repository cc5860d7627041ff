package testserver

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// Folder is a temporary folder for a server and the processes that were started in it. A watchdog
// removes the folder and ends the processes when the test process ends without calling
// [Folder.Remove], however that happens.
//
// The watchdog is a shell script that reads from a pipe whose writing end only the test process
// holds. Unlike a parent-death signal, a pipe works on every Unix and does not depend on the thread
// that started a server, and the server's child processes and folder can be removed as well.
type Folder struct {
	path       string
	credential *syscall.Credential // nil: the test's own user
	watchdog   *exec.Cmd
	pipe       *os.File
}

// watchdogScript keeps a list of process groups until the test process is gone. Then it sends the
// signal $2 to those that are left, kills after 5 seconds whatever has not ended by then, and
// removes the folder $1. The limit is needed in containers in which no process collects orphans:
// their ids stay for ever.
const watchdogScript = `
groups=" "
while read -r event id; do
	case $event in
	started) groups="$groups$id " ;;
	ended) groups="${groups%%" $id "*} ${groups#*" $id "}" ;;
	esac
done
for id in $groups; do kill -s "$2" -- "-$id"; done
n=0
for id in $groups; do
	while kill -s 0 -- "-$id" && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
	[ $n -lt 50 ] || kill -s KILL -- "-$id"
done
rm -rf -- "$1"
`

// NewFolder makes a temporary folder whose name begins with prefix, and starts its watchdog, which
// ends processes by the signal stop. With the effective user 0, the folder belongs to the first of
// the users that exists, and its processes run as that user; without users, as root.
func NewFolder(prefix string, stop syscall.Signal, users ...string) (_ *Folder, err error) {
	f := &Folder{}
	if os.Geteuid() == 0 && len(users) > 0 {
		if f.credential, err = credentialOf(users); err != nil {
			return nil, err
		}
	}
	if f.path, err = os.MkdirTemp("", prefix); err != nil {
		return nil, err
	}
	if err := errors.Join(f.Chown(f.path), f.startWatchdog(stop)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(f.path))
	}
	return f, nil
}

// credentialOf returns the ids of the first user that exists.
func credentialOf(users []string) (*syscall.Credential, error) {
	for _, name := range users {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(uidErr, gidErr)
	}
	return nil, fmt.Errorf("the server does not run as root, and no user of %q exists", users)
}

func (f *Folder) startWatchdog(stop syscall.Signal) error {
	// Go opens pipes close-on-exec: no other child process holds the writing end.
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	cmd := exec.Command("/bin/sh", "-c", watchdogScript, "test-watchdog", f.path, strconv.Itoa(int(stop)))
	cmd.Dir = "/"
	cmd.Stdin = r
	// In a process group of its own it survives a signal to the test's group.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return errors.Join(fmt.Errorf("start the watchdog: %w", err), w.Close())
	}
	f.watchdog, f.pipe = cmd, w
	return nil
}

// notify tells the watchdog that a process group has started or ended. The line is short enough for
// an atomic write to a pipe.
func (f *Folder) notify(event string, group int) { _, _ = fmt.Fprintln(f.pipe, event, group) }

// Path returns the absolute path of the folder.
func (f *Folder) Path() string { return f.path }

// Join returns the path of a file in the folder.
func (f *Folder) Join(name string) string { return filepath.Join(f.path, name) }

// Chown makes the user of the folder's processes the owner of a file.
func (f *Folder) Chown(path string) error {
	if f.credential == nil {
		return nil
	}
	return os.Chown(path, int(f.credential.Uid), int(f.credential.Gid))
}

// WriteFile writes a file in the folder that only the folder's processes can read and write.
func (f *Folder) WriteFile(name string, content []byte) error {
	return errors.Join(os.WriteFile(f.Join(name), content, 0o600), f.Chown(f.Join(name)))
}

// Remove removes the folder and waits for the watchdog, which ends the processes that still run.
func (f *Folder) Remove() error {
	err := os.RemoveAll(f.path)
	_ = f.pipe.Close()
	_ = f.watchdog.Wait()
	return err
}
