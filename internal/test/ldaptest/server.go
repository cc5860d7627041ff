package ldaptest

import (
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// What every directory has.
const (
	Base     = "dc=example,dc=test"
	People   = "ou=people," + Base
	Account  = "cn=hermes," + Base // may search
	Password = "password of the account"

	admin = "cn=admin," + Base // may do anything
)

// Options say how a directory differs. The zero value may be searched by anybody.
type Options struct {
	// Hidden lets only Account search. To others there is no entry.
	Hidden bool
	// NoAnonymousBind refuses it. A new connection is anonymous all the same.
	NoAnonymousBind bool
	// Certificate changes the server's certificate before it is signed: by default it is for 127.0.0.1, ::1 and
	// ldap.example.test, and valid.
	Certificate func(*x509.Certificate)
	// NoTLS leaves out StartTLS and the listener for ldaps://.
	NoTLS bool
}

// Server is a directory.
type Server struct {
	proc  *process
	plain int // port; that of ldaps:// is the next one
	noTLS bool
	roots authority
}

// New starts a directory with Base, People and Account. It is removed when the test ends.
func New(tb testing.TB, opts Options) *Server {
	tb.Helper()
	slapd, schema, err := find()
	if err != nil {
		lacking(tb, err)
	}
	s, err := newServer(slapd, schema, opts)
	if err != nil {
		tb.Fatalf("ldaptest: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.proc.destroy(); err != nil {
			tb.Errorf("ldaptest: %v", err)
		}
	})
	s.populate(tb)
	return s
}

func newServer(slapd, schema string, opts Options) (_ *Server, err error) {
	s := &Server{noTLS: opts.NoTLS}
	if s.roots, err = newAuthority(); err != nil {
		return nil, err
	}
	if s.proc, err = newProcess(slapd); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.proc.destroy())
		}
	}()
	cert, key, err := s.roots.issue(opts.Certificate)
	if err != nil {
		return nil, err
	}
	for name, text := range map[string][]byte{
		"cert.pem": cert, "key.pem": key, "ca.pem": s.roots.pem, "slapd.conf": config(schema, s.proc.dir, opts),
	} {
		if err := s.proc.give(name, text); err != nil {
			return nil, err
		}
	}
	return s, s.startOnFreePorts()
}

// startOnFreePorts picks ports until the server comes up. They are from below the range that systems hand to
// outgoing connections, so that nobody is given one during a restart.
func (s *Server) startOnFreePorts() (err error) {
	for range 20 {
		s.plain = 12000 + rand.IntN(18000)
		if err = s.start(); err == nil || !strings.Contains(s.Log(), "bind(") {
			return err
		}
	}
	return fmt.Errorf("no free ports: %w", err)
}

func (s *Server) start() error {
	urls := "ldap://" + s.Addr()
	if !s.noTLS {
		urls += " ldaps://" + s.TLSAddr()
	}
	return s.proc.start(func() error {
		conn, err := s.admin()
		if err == nil {
			err = conn.Close()
		}
		return err
	}, "-h", urls, "-f", "slapd.conf", "-d", "stats")
}

// admin connects as who may do anything.
func (s *Server) admin() (*ldap.Conn, error) {
	conn, err := ldap.DialURL("ldap://" + s.Addr())
	if err != nil {
		return nil, err
	}
	if err := conn.Bind(admin, Password); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// Addr is host:port of the listener for ldap://, where StartTLS may follow.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.plain)) }

// TLSAddr is host:port of the listener for ldaps://.
func (s *Server) TLSAddr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.plain+1)) }

// Roots has the authority that signed the server's certificate.
func (s *Server) Roots() *x509.CertPool { return s.roots.pool() }

// RootsPEM is the same as the text of a file.
func (s *Server) RootsPEM() []byte { return s.roots.pem }

// Log is what the server wrote since it was made.
func (s *Server) Log() string {
	b, err := os.ReadFile(filepath.Join(s.proc.dir, "log"))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Stop ends the server and waits for its end. What was added stays.
func (s *Server) Stop() { s.proc.stop(syscall.SIGTERM) }

// Kill is Stop with kill -9.
func (s *Server) Kill() { s.proc.stop(syscall.SIGKILL) }

// Start starts a stopped server, on the same ports, and waits until it answers.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	if err := s.start(); err != nil {
		tb.Fatalf("ldaptest: %v", err)
	}
}
