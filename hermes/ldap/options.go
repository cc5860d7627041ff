package ldap

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Options say where the directory is and how its users are found. Addr is required, and so is
// either Base or UserDN.
type Options struct {
	// Addr is the host:port of the server.
	Addr string
	// Security selects the encryption of connections. Defaults to Auto.
	Security Security
	// RootCAs are the authorities for the certificate of the server, which must be for the host of
	// Addr. Defaults to the authorities of the system.
	RootCAs *x509.CertPool

	// Base is the DN of the entry below which users are searched, at any depth.
	Base string
	// OneLevel restricts the search to the entries directly below Base.
	OneLevel bool
	// UserDN is the DN of a user's entry with {user} in the place of the user's name, such as
	// uid={user},ou=people,dc=example,dc=test. The name is escaped when it is inserted. {user}
	// must be the whole value of the first component.
	UserDN string
	// Attribute is the attribute that holds the user's name. Defaults to uid, or to the attribute
	// of the first component of UserDN.
	Attribute string
	// Filter is a condition that the entry of a user must meet (RFC 4515), such as
	// (memberOf=cn=voip,ou=groups,dc=example,dc=test). If empty, there is no condition.
	Filter string

	// BindDN is the account that searches for users, as the server expects it in a bind. If empty,
	// the search is anonymous.
	BindDN string
	// BindPassword is the password of the account. It is required with BindDN.
	BindPassword hermes.Secret

	// Timeout is the time limit of one call of Verify or Has, including the time to connect and to
	// wait for a free connection. Defaults to 5 seconds.
	Timeout time.Duration
	// Connections is the greatest number of connections at the same time. Defaults to 4.
	Connections int
}

// Security selects the encryption of connections.
type Security int

const (
	// Auto is StartTLS, or no encryption if the host is localhost or a loopback address.
	Auto Security = iota
	// StartTLS encrypts the connection with the first request, on the port of ldap://.
	StartTLS
	// TLS encrypts the connection from the start, as ldaps:// does.
	TLS
)

// placeholder stands for the user's name in Options.UserDN.
const placeholder = "{user}"

// Lengths in bytes.
const (
	maxName     = 256
	maxPassword = 1024
)

// descriptor matches the name or the number of an attribute (RFC 4512, section 1.4).
var descriptor = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)$`)

// completeOptions sets the defaults of the options and b.host. It returns an error if the options
// are malformed.
func (b *Backend) completeOptions() error {
	o := &b.opts
	host, _, err := net.SplitHostPort(o.Addr)
	if err != nil || host == "" {
		return fmt.Errorf("address %q: want host:port", o.Addr)
	}
	b.host = host
	if o.Security < Auto || o.Security > TLS {
		return fmt.Errorf("security %d: want Auto, StartTLS or TLS", o.Security)
	}
	if o.Security == Auto && !isLoopback(host) {
		o.Security = StartTLS
	}
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Connections == 0 {
		o.Connections = 4
	}
	if o.Timeout < 0 || o.Connections < 0 {
		return fmt.Errorf("timeout %s and %d connections: want none below 0", o.Timeout, o.Connections)
	}
	if (o.BindDN == "") != o.BindPassword.IsZero() {
		return errors.New("an account: want its name and its password, or neither")
	}
	return o.completeSearch()
}

// completeSearch sets the defaults of the options that say how users are found. It returns an error
// if they are malformed.
func (o *Options) completeSearch() error {
	if (o.Base == "") == (o.UserDN == "") {
		return errors.New("want a base to search below, or a user's name, and not both")
	}
	if o.Filter == "" {
		o.Filter = "(objectClass=*)"
	}
	if _, err := goldap.CompileFilter(o.Filter); err != nil {
		return fmt.Errorf("filter %q: %w", o.Filter, err)
	}
	if o.UserDN != "" {
		return o.completeUserDN()
	}
	if dn, err := goldap.ParseDN(o.Base); err != nil || len(dn.RDNs) == 0 {
		return fmt.Errorf("base %q: want a distinguished name such as ou=people,dc=example,dc=test", o.Base)
	}
	if o.Attribute == "" {
		o.Attribute = "uid"
	}
	return checkAttribute(o.Attribute)
}

// completeUserDN sets the attribute that UserDN implies. It returns an error if UserDN is malformed
// or in conflict with other options.
func (o *Options) completeUserDN() error {
	dn, err := goldap.ParseDN(o.UserDN)
	if err != nil || len(dn.RDNs[0].Attributes) != 1 || dn.RDNs[0].Attributes[0].Value != placeholder ||
		strings.Count(o.UserDN, placeholder) != 1 {
		return fmt.Errorf("user's name %q: want a distinguished name such as uid={user},ou=people,dc=example,dc=test",
			o.UserDN)
	}
	if o.OneLevel {
		return errors.New("one level: with a user's name nothing is searched")
	}
	attribute := dn.RDNs[0].Attributes[0].Type
	if o.Attribute != "" && !strings.EqualFold(o.Attribute, attribute) {
		return fmt.Errorf("attribute %q: the user's name has %q", o.Attribute, attribute)
	}
	o.Attribute = attribute
	return checkAttribute(attribute)
}

func checkAttribute(name string) error {
	if !descriptor.MatchString(name) {
		return fmt.Errorf("attribute %q: want a name such as uid", name)
	}
	return nil
}

// isLoopback reports whether the host is localhost or a loopback address.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// usableName reports whether a directory can have a user of that name.
func usableName(user string) bool {
	return user != "" && len(user) <= maxName && utf8.ValidString(user) &&
		strings.IndexFunc(user, unicode.IsControl) < 0
}

// usablePassword reports whether a bind with the password is safe. Some servers ignore the part
// after a NUL, and many answer a bind with an empty password with success.
func usablePassword(p hermes.Secret) bool {
	text := p.Reveal()
	return text != "" && len(text) <= maxPassword && !strings.Contains(text, "\x00")
}
