package ldaptest

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// Attributes are an entry's.
type Attributes map[string][]string

// populate makes what every directory has.
func (s *Server) populate(tb testing.TB) {
	tb.Helper()
	s.Add(tb, Base, Attributes{"objectClass": {"organization", "dcObject"}, "o": {"example"}, "dc": {"example"}})
	s.Add(tb, People, Attributes{"objectClass": {"organizationalUnit"}, "ou": {"people"}})
	s.Add(tb, Account, Attributes{
		"objectClass": {"organizationalRole", "simpleSecurityObject"}, "cn": {"hermes"}, "userPassword": {Password},
	})
}

// UserDN is where AddUser puts a user.
func UserDN(user string) string { return "uid=" + ldap.EscapeDN(user) + "," + People }

// AddUser adds an inetOrgPerson below People. An empty password is none.
func (s *Server) AddUser(tb testing.TB, user, password string) {
	tb.Helper()
	a := Attributes{"objectClass": {"inetOrgPerson"}, "uid": {user}, "cn": {"somebody"}, "sn": {"else"}}
	if password != "" {
		a["userPassword"] = []string{hash(password)}
	}
	s.Add(tb, UserDN(user), a)
}

// hash returns what a directory keeps. A clear password that looks like a hash would be taken for one.
func hash(password string) string {
	salt := []byte(rand.Text())
	sum := sha1.Sum(append([]byte(password), salt...))
	return "{SSHA}" + base64.StdEncoding.EncodeToString(append(sum[:], salt...))
}

// Add adds any entry.
func (s *Server) Add(tb testing.TB, dn string, attributes Attributes) {
	tb.Helper()
	req := ldap.NewAddRequest(dn, nil)
	for name, values := range attributes {
		req.Attribute(name, values)
	}
	if attributes["ref"] != nil {
		req.Controls = append(req.Controls, ldap.NewControlManageDsaIT(true))
	}
	s.do(tb, func(conn *ldap.Conn) error { return conn.Add(req) })
}

// Remove removes an entry.
func (s *Server) Remove(tb testing.TB, dn string) {
	tb.Helper()
	s.do(tb, func(conn *ldap.Conn) error { return conn.Del(ldap.NewDelRequest(dn, nil)) })
}

func (s *Server) do(tb testing.TB, fn func(*ldap.Conn) error) {
	tb.Helper()
	conn, err := s.admin()
	if err == nil {
		err = errors.Join(fn(conn), conn.Close())
	}
	if err != nil {
		tb.Fatalf("ldaptest: %v", err)
	}
}
