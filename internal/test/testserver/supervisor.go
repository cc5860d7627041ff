package testserver

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Supervisor does for one service what systemd does for a service of Type=notify with a socket unit
// and a watchdog: it holds the socket, passes it on, and is told of states.
type Supervisor struct {
	socket *net.TCPListener
	notify *net.UnixConn
	path   string      // of the socket for states
	states chan string // such as "READY=1"
}

// NewSupervisor binds the address, to which clients can connect from now on. The sockets are closed
// when the test ends.
func NewSupervisor(tb testing.TB, address string) *Supervisor {
	tb.Helper()
	l, err := net.Listen("tcp4", address)
	if err != nil {
		tb.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "notify-") // a socket's path must be short
	if err != nil {
		tb.Fatal(err)
	}
	s := &Supervisor{socket: l.(*net.TCPListener), path: filepath.Join(folder, "s"), states: make(chan string, 10_000)}
	if s.notify, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: s.path, Net: "unixgram"}); err != nil {
		tb.Fatal(err)
	}
	// The service may run as another user.
	if err := errors.Join(os.Chmod(folder, 0o755), os.Chmod(s.path, 0o777)); err != nil {
		tb.Fatal(err)
	}
	go s.read()
	tb.Cleanup(func() {
		if err := errors.Join(l.Close(), s.notify.Close(), os.RemoveAll(folder)); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// read collects states until the socket is closed.
func (s *Supervisor) read() {
	text := make([]byte, 4096)
	for {
		n, err := s.notify.Read(text)
		if err != nil {
			return
		}
		for state := range strings.Lines(string(text[:n])) {
			s.states <- strings.TrimSuffix(state, "\n")
		}
	}
}

// Address returns the address of the socket that is passed on.
func (s *Supervisor) Address() string { return s.socket.Addr().String() }

// Attach makes a command, which has not started, a service: it gets the socket and the environment
// that systemd passes, with a watchdog unless that is 0. A shell starts it, because LISTEN_PID is
// not known before.
func (s *Supervisor) Attach(tb testing.TB, cmd *exec.Cmd, watchdog time.Duration) {
	tb.Helper()
	file, err := s.socket.File()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { file.Close() })
	cmd.ExtraFiles = []*os.File{file}
	cmd.Args = append([]string{"sh", "-c", `LISTEN_PID=$$; export LISTEN_PID; exec "$@"`, "sh", cmd.Path}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+s.path, "LISTEN_FDS=1", "LISTEN_FDNAMES=hermesd.socket")
	if watchdog > 0 {
		cmd.Env = append(cmd.Env, "WATCHDOG_USEC="+strconv.FormatInt(watchdog.Microseconds(), 10))
	}
}

// Await waits until the service tells of a state, and drops those before.
func (s *Supervisor) Await(tb testing.TB, state string) {
	tb.Helper()
	deadline := time.After(60 * time.Second)
	for {
		select {
		case got := <-s.states:
			if got == state {
				return
			}
		case <-deadline:
			tb.Fatalf("waited 60 s for the service to tell of %s", state)
		}
	}
}
