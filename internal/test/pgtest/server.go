package pgtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// startLimit is how long a server may take to start, crash recovery on a busy machine included.
const startLimit = 60 * time.Second

// server is an initialized data folder and, while it runs, its postmaster.
type server struct {
	bin    string             // the folder of initdb and postgres
	folder *testserver.Folder // holds data/, the socket and the log
	addr   netip.AddrPort
	proc   *testserver.Process // nil when stopped
}

// newServer initializes a data folder and starts a postmaster on it.
func newServer(bin string, opts ClusterOptions) (_ *server, err error) {
	s := &server{bin: bin}
	// An immediate shutdown of the postmaster ends the server's other processes too.
	if s.folder, err = testserver.NewFolder("pgtest-", syscall.SIGQUIT, "postgres", "daemon"); err != nil {
		return nil, err
	}
	if opts.standbyOf != nil {
		err = s.copyFrom(opts.standbyOf, opts)
	} else {
		err = s.initialize(opts)
	}
	if err == nil {
		err = s.startOnFreePort()
	}
	if err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

// initialize runs initdb and writes settings and files. It does not sync the folder to the disk:
// the folder need not survive a power cut.
func (s *server) initialize(opts ClusterOptions) error {
	cmd := s.folder.Command(filepath.Join(s.bin, "initdb"), "--pgdata=data", "--locale=C.UTF-8", "--encoding=UTF8",
		"--auth=trust", "--username=postgres", "--no-sync", "--no-instructions")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	for name, content := range opts.Files {
		if err := s.folder.WriteFile(filepath.Join("data", name), content); err != nil {
			return err
		}
	}
	return s.configure(opts)
}

// configure appends to postgresql.conf, where a later line replaces an earlier one.
func (s *server) configure(opts ClusterOptions) error {
	settings := map[string]string{
		"unix_socket_directories": s.folder.Path(),
		"listen_addresses":        testserver.Loopback().String(),
		"max_connections":         "200",
		// newCluster switches it on after it has made the template, which is faster without.
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
	f, err := os.OpenFile(s.folder.Join("data/postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n" + b.String())
	return errors.Join(err, f.Close())
}

// startOnFreePort picks ports until the server starts on one.
func (s *server) startOnFreePort() (err error) {
	for range 20 {
		if s.addr, err = testserver.FreePorts(1); err != nil {
			return err
		}
		if err = s.start(); err == nil || !strings.Contains(s.log(), "could not bind") {
			return err
		}
	}
	return fmt.Errorf("no free port: %w", err)
}

// start runs the postmaster and waits until it answers. While processes of a killed postmaster
// still hold its shared memory a new one ends at once: start tries again until startLimit.
func (s *server) start() error {
	deadline := time.Now().Add(startLimit)
	for {
		cmd := s.folder.Command(filepath.Join(s.bin, "postgres"), "-D", "data", "-p", s.port())
		proc, err := s.folder.Start(cmd, s.logPath())
		if err != nil {
			return err
		}
		err = proc.WaitReady(time.Until(deadline), func(ctx context.Context) (bool, error) {
			conn, err := pgx.Connect(ctx, s.url("postgres"))
			if err != nil {
				return false, err
			}
			return true, conn.Close(ctx)
		})
		if err == nil {
			s.proc = proc
			return nil
		}
		proc.Stop(syscall.SIGKILL)
		tail := testserver.LogTail(s.logPath())
		if time.Now().After(deadline) || !strings.Contains(tail, "shared memory block") {
			return fmt.Errorf("%w\n%s", err, tail)
		}
	}
}

// stop sends the signal and waits for the postmaster's end. It does nothing to a stopped server.
func (s *server) stop(sig syscall.Signal) {
	if s.proc != nil {
		s.proc.Stop(sig)
		s.proc = nil
	}
}

// remove ends the server and removes its folder.
func (s *server) remove() error {
	s.stop(syscall.SIGQUIT)
	return s.folder.Remove()
}

func (s *server) port() string    { return strconv.Itoa(int(s.addr.Port())) }
func (s *server) logPath() string { return s.folder.Join("log") }
func (s *server) log() string     { return testserver.ReadLog(s.logPath()) }

// url returns the URL of a database for the superuser.
func (s *server) url(database string) string {
	return fmt.Sprintf("postgres://postgres@%s/%s?sslmode=disable", s.addr, database)
}
