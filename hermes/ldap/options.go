package ldap

import (
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

// placeholder stands for the user's name in Options.UserDN.
const placeholder = "{user}"

const (
	maxName     = 256
	maxPassword = 1024
)

// descriptor is an attribute's name or number (RFC 4512, 1.4).
var descriptor = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+)$`)

// check completes the options, or says what is wrong with them.
func (b *Backend) check() error {
	o := &b.opts
	host, _, err := net.SplitHostPort(o.Addr)
	if err != nil || host == "" {
		return fmt.Errorf("address %q: want host:port", o.Addr)
	}
	b.host = host
	if o.Security < Auto || o.Security > TLS {
		return fmt.Errorf("security %d: want Auto, StartTLS or TLS", o.Security)
	}
	if o.Security == Auto && !loopback(host) {
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
	return b.checkUsers()
}

// checkUsers looks at what users are found by.
func (b *Backend) checkUsers() error {
	o := &b.opts
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
		return b.checkUserDN()
	}
	if dn, err := goldap.ParseDN(o.Base); err != nil || len(dn.RDNs) == 0 {
		return fmt.Errorf("base %q: want a distinguished name such as ou=people,dc=example,dc=test", o.Base)
	}
	if o.Attribute == "" {
		o.Attribute = "uid"
	}
	return checkAttribute(o.Attribute)
}

func (b *Backend) checkUserDN() error {
	o := &b.opts
	dn, err := goldap.ParseDN(o.UserDN)
	if err != nil || len(dn.RDNs[0].Attributes) != 1 || dn.RDNs[0].Attributes[0].Value != placeholder ||
		strings.Count(o.UserDN, placeholder) != 1 {
		return fmt.Errorf("user's name %q: want a distinguished name such as uid={user},ou=people,dc=example,dc=test", o.UserDN)
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

// loopback tells whether only this machine can reach the host.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// usableName tells whether a directory can have such a user.
func usableName(user string) bool {
	return user != "" && len(user) <= maxName && utf8.ValidString(user) && strings.IndexFunc(user, unicode.IsControl) < 0
}

// usablePassword tells whether a directory can be asked about it. Some servers' hashes end at a NUL.
func usablePassword(p hermes.Secret) bool {
	text := p.Reveal()
	return text != "" && len(text) <= maxPassword && !strings.Contains(text, "\x00")
}
