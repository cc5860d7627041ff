package ldaptest

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/hermes-voip/go-hermes/internal/test/testserver"
)

// Every directory has these entries.
const (
	// Base is the suffix of all names.
	Base = "dc=example,dc=test"
	// People is the parent of the users that [Server.AddUser] adds.
	People = "ou=people," + Base
	// Account is the name of an account that may search even where anonymous users may not.
	Account = "cn=hermes," + Base
	// Password is the password of Account.
	Password = "password of the account"

	// admin is the name of the administrator, who also has Password.
	admin = "cn=admin," + Base
)

// startLimit is how long a server may take to start on a busy machine.
const startLimit = 60 * time.Second

// Options configures a directory. The zero value is one in which anonymous users may search.
type Options struct {
	// Hidden lets only Account search. Other users do not see any entry.
	Hidden bool
	// NoAnonymousBind makes the server refuse anonymous binds. A connection without a bind is
	// anonymous all the same.
	NoAnonymousBind bool
	// Certificate changes the server's certificate before it is signed. Without a change the
	// certificate is valid for 127.0.0.1, ::1 and ldap.example.test.
	Certificate func(*x509.Certificate)
	// NoTLS leaves out StartTLS and the listener for ldaps://.
	NoTLS bool
}

// Server is a directory server.
type Server struct {
	folder    *testserver.Folder
	addr      netip.AddrPort // the port of ldaps:// is the next one
	noTLS     bool
	authority authority
	proc      *testserver.Process // nil when stopped
}

// New starts a directory with the entries Base, People and Account. It is removed when the test
// ends.
func New(tb testing.TB, opts Options) *Server {
	tb.Helper()
	slapd := testserver.RequireProgram(tb, "slapd", "slapd", "/usr/lib/openldap", "/usr/local/libexec")
	schemas, err := findSchemas()
	if err != nil {
		testserver.SkipOrFail(tb, err)
	}
	s, err := newServer(slapd, schemas, opts)
	if err != nil {
		tb.Fatalf("ldaptest: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.remove(); err != nil {
			tb.Errorf("ldaptest: %v", err)
		}
	})
	s.addBaseEntries(tb)
	return s
}

func newServer(slapd, schemas string, opts Options) (_ *Server, err error) {
	s := &Server{noTLS: opts.NoTLS}
	if s.folder, err = testserver.NewFolder("ldaptest-", syscall.SIGKILL, "openldap", "daemon"); err != nil {
		return nil, err
	}
	if err = s.writeFiles(slapd, schemas, opts); err == nil {
		err = s.startOnFreePorts()
	}
	if err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

// startOnFreePorts picks pairs of ports until the server starts on one.
func (s *Server) startOnFreePorts() (err error) {
	for range 20 {
		if s.addr, err = testserver.FreePorts(2); err != nil {
			return err
		}
		if err = s.start(); err == nil || !strings.Contains(s.Log(), "bind(") {
			return err
		}
	}
	return fmt.Errorf("no free ports: %w", err)
}

// start runs slapd and waits until it answers.
func (s *Server) start() error {
	urls := "ldap://" + s.Addr()
	if !s.noTLS {
		urls += " ldaps://" + s.TLSAddr()
	}
	proc, err := s.folder.Start(s.command("-h", urls, "-f", "slapd.conf", "-d", "stats"), s.logPath())
	if err != nil {
		return err
	}
	err = proc.WaitReady(startLimit, func(context.Context) (bool, error) {
		conn, err := s.dialAdmin()
		if err != nil {
			return false, err
		}
		return true, conn.Close()
	})
	if err != nil {
		proc.Stop(syscall.SIGKILL)
		return fmt.Errorf("%w\n%s", err, testserver.LogTail(s.logPath()))
	}
	s.proc = proc
	return nil
}

// command returns slapd with arguments. slapd allocates a table of all files that it may open,
// which can be a billion in a container: the shell lowers that limit.
func (s *Server) command(args ...string) *exec.Cmd {
	return s.folder.Command("/bin/sh", append([]string{"-c", `ulimit -n 256 && exec ./slapd "$@"`, "slapd"}, args...)...)
}

// dialAdmin connects as the administrator, who may read and write everything.
func (s *Server) dialAdmin() (*ldap.Conn, error) {
	conn, err := ldap.DialURL("ldap://" + s.Addr())
	if err != nil {
		return nil, err
	}
	if err := conn.Bind(admin, Password); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// Addr returns host:port of the listener for ldap://, which accepts StartTLS.
func (s *Server) Addr() string { return s.addr.String() }

// TLSAddr returns host:port of the listener for ldaps://.
func (s *Server) TLSAddr() string { return netip.AddrPortFrom(s.addr.Addr(), s.addr.Port()+1).String() }

// Roots returns the authority that signed the server's certificate.
func (s *Server) Roots() *x509.CertPool { return s.authority.pool() }

// RootsPEM returns the certificate of [Server.Roots] as PEM.
func (s *Server) RootsPEM() []byte { return s.authority.pem }

// Log returns the server's log since the directory was made.
func (s *Server) Log() string { return testserver.ReadLog(s.logPath()) }

func (s *Server) logPath() string { return s.folder.Join("log") }

// Stop ends the server and waits for its end. Its entries stay.
func (s *Server) Stop() { s.stop(syscall.SIGTERM) }

// Kill is like [Server.Stop], but ends the server by kill -9.
func (s *Server) Kill() { s.stop(syscall.SIGKILL) }

func (s *Server) stop(sig syscall.Signal) {
	if s.proc != nil {
		s.proc.Stop(sig)
		s.proc = nil
	}
}

// Start starts a stopped server on the same ports and waits until it answers.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	if err := s.start(); err != nil {
		tb.Fatalf("ldaptest: %v", err)
	}
}

// remove ends the server and removes its folder.
func (s *Server) remove() error {
	s.Kill()
	return s.folder.Remove()
}
