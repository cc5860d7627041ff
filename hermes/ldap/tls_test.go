package ldap_test

import (
	"crypto/x509"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hermes-voip/go-hermes/hermes/backendtest"
	"github.com/hermes-voip/go-hermes/hermes/ldap"
	"github.com/hermes-voip/go-hermes/hermes/memstore"
	"github.com/hermes-voip/go-hermes/internal/test/ldaptest"
)

// secured returns options for both ways to encrypt.
func secured(dir *ldaptest.Server) map[string]ldap.Options {
	return map[string]ldap.Options{
		"StartTLS": {Addr: dir.Addr(), Security: ldap.StartTLS, UserDN: template, RootCAs: dir.Roots()},
		"ldaps":    {Addr: dir.TLSAddr(), Security: ldap.TLS, UserDN: template, RootCAs: dir.Roots()},
	}
}

func TestBackendOverTLS(t *testing.T) {
	for _, way := range []string{"StartTLS", "ldaps"} {
		t.Run(way, func(t *testing.T) {
			backendtest.Run(t, func(t *testing.T) backendtest.Fixture {
				dir := ldaptest.New(t, ldaptest.Options{})
				return backendtest.Fixture{
					Backend: open(t, secured(dir)[way]).Backend, Store: memstore.New(),
					AddUser: func(t *testing.T, user, password string) { dir.AddUser(t, user, password) },
				}
			})
		})
	}
}

// TestWrongCertificate wants that no password goes to a server that does not prove who it is.
func TestWrongCertificate(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(*x509.Certificate)
		roots  func(*ldaptest.Server) *x509.CertPool
		word   string
	}{
		{why: "another's authority", roots: func(*ldaptest.Server) *x509.CertPool { return x509.NewCertPool() }, word: "unknown authority"},
		{why: "the system's authorities", roots: func(*ldaptest.Server) *x509.CertPool { return nil }, word: "certificate"},
		{why: "for another address", change: func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} }, word: "127.0.0.1"},
		{why: "for a name", change: func(c *x509.Certificate) { c.IPAddresses = nil }, word: "127.0.0.1"},
		{why: "expired", change: func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, word: "expired"},
		{why: "not yet valid", change: func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }, word: "not yet valid"},
		{why: "a client's", change: func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, word: "usage"},
	} {
		dir := ldaptest.New(t, ldaptest.Options{Certificate: row.change})
		dir.AddUser(t, "alice", "secret")
		for way, opts := range secured(dir) {
			if row.roots != nil {
				opts.RootCAs = row.roots(dir)
			}
			err := open(t, opts).fails(row.why, "alice", "secret")
			if err != nil && !strings.Contains(err.Error(), row.word) {
				t.Errorf("%s: %s: got %v, want %q in it", row.why, way, err, row.word)
			}
		}
		if strings.Contains(dir.Log(), `BIND dn="uid=alice`) {
			t.Errorf("%s: the server was sent the password", row.why)
		}
	}
}

func TestServerWithoutStartTLS(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{NoTLS: true})
	dir.AddUser(t, "alice", "secret")
	proxy := ldaptest.NewProxy(t, dir.Addr())
	b := open(t, ldap.Options{Addr: proxy.Addr(), Security: ldap.StartTLS, UserDN: template})
	b.fails("nothing is said in clear instead", "alice", "secret")
	startTLS := "extended 1.3.6.1.4.1.1466.20037"
	if diff := cmp.Diff([]string{startTLS, startTLS}, proxy.Requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestBindIsEncrypted(t *testing.T) {
	dir := ldaptest.New(t, ldaptest.Options{})
	dir.AddUser(t, "alice", "secret")
	opts := secured(dir)["StartTLS"]
	proxy := ldaptest.NewProxy(t, dir.Addr())
	opts.Addr = proxy.Addr()
	open(t, opts).wants("through the proxy", "alice", "secret", true)
	if diff := cmp.Diff([]string{"extended 1.3.6.1.4.1.1466.20037"}, proxy.Requests()); diff != "" {
		t.Errorf("seen in clear (-want +got):\n%s", diff)
	}
}
