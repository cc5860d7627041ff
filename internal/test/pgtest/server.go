package pgtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hermes-voip/go-hermes/internal/test/watchdog"
)

// startLimit is how long a server may take to come up: crash recovery on a busy machine included.
const startLimit = 60 * time.Second

// server is one initialised data folder and, while it runs, its postmaster.
type server struct {
	bin  string // folder of initdb and postgres
	dir  string // holds data/, the socket and log
	port int
	cred *syscall.Credential // nil: the test's own user
	dog  *watchdog.Watchdog

	cmd    *exec.Cmd
	exited chan struct{} // closed when cmd has ended and was waited for
}

// newServer initialises a data folder and starts a postmaster on it.
func newServer(bin string, opts ClusterOptions) (_ *server, err error) {
	s := &server{bin: bin}
	if s.cred, err = unprivileged(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "pgtest-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.destroy())
		}
	}()
	if err := s.give(s.dir); err != nil {
		return nil, err
	}
	if s.dog, err = watchdog.Start(cleanup, s.dir, s.cred); err != nil {
		return nil, err
	}
	if err := s.init(opts); err != nil {
		return nil, err
	}
	return s, s.startOnFreePort()
}

// init runs initdb and writes settings and files. It does not wait for the disk: nobody needs the
// folder after a power cut.
func (s *server) init(opts ClusterOptions) error {
	cmd := s.command("initdb", "--pgdata=data", "--locale=C.UTF-8", "--encoding=UTF8", "--auth=trust",
		"--username=postgres", "--no-sync", "--no-instructions")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	for name, content := range opts.Files {
		path := filepath.Join(s.data(), name)
		if err := errors.Join(os.WriteFile(path, content, 0o600), s.give(path)); err != nil {
			return err
		}
	}
	return s.configure(opts)
}

// configure appends to postgresql.conf; a later line wins over an earlier one.
func (s *server) configure(opts ClusterOptions) error {
	settings := map[string]string{
		"unix_socket_directories": s.dir,
		"listen_addresses":        "127.0.0.1",
		"max_connections":         "200",
		// Switched on when the template is there: until then only the time would be longer.
		"fsync": "off",
	}
	if opts.NoFsync {
		settings["full_page_writes"] = "off"
		settings["synchronous_commit"] = "off"
	}
	maps.Copy(settings, opts.Settings)
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&b, "%s = '%s'\n", k, strings.ReplaceAll(settings[k], "'", "''"))
	}
	f, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n" + b.String())
	return errors.Join(err, f.Close())
}

// startOnFreePort picks ports until the server comes up on one. They are taken from below the range
// that systems hand to outgoing connections, so that nobody is given the port during a restart.
func (s *server) startOnFreePort() error {
	var err error
	for range 20 {
		s.port = 12000 + rand.IntN(18000)
		ln, lerr := net.Listen("tcp", s.addr())
		if lerr != nil {
			continue
		}
		_ = ln.Close()
		if err = s.start(); err == nil || !strings.Contains(s.log(), "could not bind") {
			return err
		}
	}
	return fmt.Errorf("no free port: %w", err)
}

// start runs the postmaster and waits until it answers. While processes of a killed one still hold its memory
// a new one ends at once: it is tried again until startLimit.
func (s *server) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	for {
		if err := s.spawn(); err != nil {
			return err
		}
		err := s.awaitReady(ctx)
		if err == nil {
			return nil
		}
		s.stop(syscall.SIGKILL)
		if ctx.Err() != nil || !strings.Contains(err.Error(), "shared memory block") {
			return err
		}
	}
}

func (s *server) spawn() error {
	log, err := os.OpenFile(s.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.command("postgres", "-D", "data", "-p", strconv.Itoa(s.port))
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	s.dog.Tell(cmd.Process.Pid)
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	s.cmd, s.exited = cmd, exited
	return nil
}

// awaitReady asks until a connection is accepted, the postmaster has ended, or ctx has.
func (s *server) awaitReady(ctx context.Context) error {
	for tick := time.NewTicker(10 * time.Millisecond); ; {
		conn, err := pgx.Connect(ctx, s.url("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-s.exited:
			return fmt.Errorf("postgres ended at its start: %s", s.lastLog())
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w: %s", err, s.lastLog())
		}
	}
}

// stop sends the signal and waits for the postmaster's end. A stopped server is left as it is.
func (s *server) stop(sig syscall.Signal) {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(sig)
	<-s.exited
	s.cmd = nil
	s.dog.Tell(0)
}

// destroy ends everything and removes the folder.
func (s *server) destroy() error {
	s.stop(syscall.SIGQUIT)
	err := os.RemoveAll(s.dir)
	if s.dog != nil {
		s.dog.Release()
	}
	return err
}

// command is one of PostgreSQL's programs, in the server's folder, as its user, and without the
// caller's PG… variables.
func (s *server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
	// A group of its own: an interrupt typed at the terminal reaches the test, which then ends the server.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred, Setpgid: true}
	return cmd
}

func (s *server) addr() string    { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }
func (s *server) data() string    { return filepath.Join(s.dir, "data") }
func (s *server) logPath() string { return filepath.Join(s.dir, "log") }

func (s *server) url(database string) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", s.addr(), database)
}

func (s *server) log() string {
	b, err := os.ReadFile(s.logPath())
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// lastLog is the end of the log, enough to say why a start failed.
func (s *server) lastLog() string {
	text := s.log()
	return text[max(0, len(text)-2000):]
}
