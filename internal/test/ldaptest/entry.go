package ldaptest

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

// Attributes has the attributes of an entry: the values by name.
type Attributes map[string][]string

// addBaseEntries adds the entries that every directory has.
func (s *Server) addBaseEntries(tb testing.TB) {
	tb.Helper()
	s.Add(tb, Base, Attributes{"objectClass": {"organization", "dcObject"}, "o": {"example"}, "dc": {"example"}})
	s.Add(tb, People, Attributes{"objectClass": {"organizationalUnit"}, "ou": {"people"}})
	s.Add(tb, Account, Attributes{
		"objectClass": {"organizationalRole", "simpleSecurityObject"}, "cn": {"hermes"}, "userPassword": {Password},
	})
}

// UserDN returns the name of the entry that [Server.AddUser] adds for a user.
func UserDN(user string) string { return "uid=" + ldap.EscapeDN(user) + "," + People }

// AddUser adds an inetOrgPerson below People. With an empty password the entry has no password.
func (s *Server) AddUser(tb testing.TB, user, password string) {
	tb.Helper()
	a := Attributes{"objectClass": {"inetOrgPerson"}, "uid": {user}, "cn": {"user"}, "sn": {"else"}}
	if password != "" {
		a["userPassword"] = []string{saltedSHA1(password)}
	}
	s.Add(tb, UserDN(user), a)
}

// saltedSHA1 returns the {SSHA} hash of a password, as directories store it. A clear password would
// be accepted too, but one that looks like a hash would be used as a hash.
func saltedSHA1(password string) string {
	salt := []byte(rand.Text())
	sum := sha1.Sum(append([]byte(password), salt...))
	return "{SSHA}" + base64.StdEncoding.EncodeToString(append(sum[:], salt...))
}

// Add adds an entry.
func (s *Server) Add(tb testing.TB, dn string, attributes Attributes) {
	tb.Helper()
	req := ldap.NewAddRequest(dn, nil)
	for name, values := range attributes {
		req.Attribute(name, values)
	}
	if attributes["ref"] != nil { // without the control, slapd would follow the referral
		req.Controls = append(req.Controls, ldap.NewControlManageDsaIT(true))
	}
	s.do(tb, func(conn *ldap.Conn) error { return conn.Add(req) })
}

// Remove removes an entry.
func (s *Server) Remove(tb testing.TB, dn string) {
	tb.Helper()
	s.do(tb, func(conn *ldap.Conn) error { return conn.Del(ldap.NewDelRequest(dn, nil)) })
}

// do runs fn on a connection of the administrator.
func (s *Server) do(tb testing.TB, fn func(*ldap.Conn) error) {
	tb.Helper()
	conn, err := s.dialAdmin()
	if err == nil {
		err = errors.Join(fn(conn), conn.Close())
	}
	if err != nil {
		tb.Fatalf("ldaptest: %v", err)
	}
}
