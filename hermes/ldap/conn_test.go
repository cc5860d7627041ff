package ldap

import (
	"crypto/x509"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
)

// startTLS is how ldaptest.Proxy reports a StartTLS request.
const startTLS = "extended 1.3.6.1.4.1.1466.20037"

func TestBackend_dial(t *testing.T) {
	t.Run("wrong certificate", testWrongCertificate)
	t.Run("server without StartTLS", testServerWithoutStartTLS)
	t.Run("encrypted bind", testEncryptedBind)
	t.Run("not an LDAP server", testNotLDAP)
}

// testWrongCertificate checks that no password is sent to a server that cannot prove its identity.
func testWrongCertificate(t *testing.T) {
	sameCertificate := func(*x509.Certificate) {}
	noAuthority := func(*ldaptest.Server) *x509.CertPool { return x509.NewCertPool() }
	systemAuthorities := func(*ldaptest.Server) *x509.CertPool { return nil }
	itsAuthority := func(dir *ldaptest.Server) *x509.CertPool { return dir.Roots() }
	for _, row := range []struct {
		why    string
		change func(*x509.Certificate) // before the certificate is signed
		roots  func(*ldaptest.Server) *x509.CertPool
		word   string // in the error
	}{
		{"no authorities", sameCertificate, noAuthority, "unknown authority"},
		{"the authorities of the system", sameCertificate, systemAuthorities, "certificate"},
		{"for another address", func(c *x509.Certificate) {
			c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)}
		}, itsAuthority, "127.0.0.1"},
		{"for a name", func(c *x509.Certificate) {
			c.IPAddresses = nil
		}, itsAuthority, "127.0.0.1"},
		{"expired", func(c *x509.Certificate) {
			c.NotAfter = time.Now().Add(-time.Minute)
		}, itsAuthority, "expired"},
		{"not yet valid", func(c *x509.Certificate) {
			c.NotBefore = time.Now().Add(time.Minute)
		}, itsAuthority, "not yet valid"},
		{"for a client", func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}, itsAuthority, "usage"},
	} {
		dir := ldaptest.New(t, ldaptest.Options{Certificate: row.change})
		dir.AddUser(t, "alice", "secret")
		for name, opts := range encryptedOptions(dir) {
			opts.RootCAs = row.roots(dir)
			err := wantError(t, mustNew(t, opts), row.why, "alice", "secret")
			if err != nil && !strings.Contains(err.Error(), row.word) {
				t.Errorf("%s: %s: got %v, want %q in it", row.why, name, err, row.word)
			}
		}
		if strings.Contains(dir.Log(), `BIND dn="uid=alice`) {
			t.Errorf("%s: the password was sent to the server", row.why)
		}
	}
}

func testServerWithoutStartTLS(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{NoTLS: true})
	dir.AddUser(t, "alice", "secret")
	proxy := ldaptest.NewProxy(t, dir.Addr())
	b := mustNew(t, Options{Addr: proxy.Addr(), Security: StartTLS, UserDN: userDN})
	wantError(t, b, "the server has no StartTLS", "alice", "secret")
	// Each of Verify and Has sends StartTLS, and nothing else, in clear.
	if diff := cmp.Diff([]string{startTLS, startTLS}, proxy.Requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func testEncryptedBind(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	opts := encryptedOptions(dir)["StartTLS"]
	proxy := ldaptest.NewProxy(t, dir.Addr())
	opts.Addr = proxy.Addr()
	wantVerify(t, mustNew(t, opts), "through the proxy", "alice", "secret", true)
	if diff := cmp.Diff([]string{startTLS}, proxy.Requests()); diff != "" {
		t.Errorf("requests in clear (-want +got):\n%s", diff)
	}
}

// testNotLDAP connects to servers that do not speak LDAP.
func testNotLDAP(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 400 Bad Request\r\n\r\n", "", "\x30\x84\xff\xff\xff\xff", "\x30\x0c\x02\x01\x01",
		strings.Repeat("\x00", 100),
		// success, with the wrong type of response
		"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00",
	} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		group := sync.WaitGroup{}
		group.Go(func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				_, _ = c.Read(make([]byte, 100))
				_, _ = c.Write([]byte(answer))
				_ = c.Close()
			}
		})
		for _, opts := range []Options{{Security: Auto}, {Security: StartTLS}, {Security: TLS}} {
			opts.Addr, opts.UserDN, opts.Timeout = ln.Addr().String(), userDN, 5*time.Second
			wantError(t, mustNew(t, opts), "not an LDAP server", "alice", "secret")
		}
		_ = ln.Close()
		group.Wait()
	}
}
