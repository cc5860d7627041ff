package ldap

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Parse reads the URL of a directory, as RFC 4516 has it, into options for New. Files that it names are read.
//
//	ldap://HOST[:PORT]/BASE?ATTRIBUTE?SCOPE?FILTER?EXTENSIONS
//	ldaps://HOST[:PORT]/uid={user},ou=people,dc=example,dc=test
//
// What is left out at the end or between question marks has its default. BASE is Options.Base, or with {user} in it Options.UserDN, and
// then ATTRIBUTE and SCOPE are left out; ATTRIBUTE is Options.Attribute (uid); SCOPE is sub (the default) or one; FILTER is
// Options.Filter. ldap:// is Auto and ldaps:// is TLS. EXTENSIONS are separated by commas; one that is not known here is refused:
//
//	x-bind-dn=NAME             Options.BindDN
//	x-bind-password-file=PATH  a file with Options.BindPassword and at most a line's end; a URL holds no password
//	x-ca-file=PATH             certificates in PEM for Options.RootCAs
//	x-starttls                 StartTLS with a loopback address, too
//	x-timeout=DURATION         Options.Timeout, such as 5s
//	x-connections=COUNT        Options.Connections
//
// What has a meaning in URLs is escaped: a question mark is %3F, a number sign %23, a per cent sign %25, and in EXTENSIONS a comma %2C:
//
//	ldap://ldap.example.test/ou=people,dc=example,dc=test?uid?one?(memberOf=cn=voip,ou=groups,dc=example,dc=test)?x-bind-dn=cn=hermes%2Cdc=example%2Cdc=test,x-bind-password-file=/etc/hermes/ldap.password
//
// Errors quote no URL that has a password in it.
func Parse(text string) (Options, error) {
	o, err := parse(text)
	if err != nil {
		return Options{}, fmt.Errorf("ldap: %w", err)
	}
	return o, nil
}

func parse(text string) (o Options, err error) {
	u, err := url.Parse(text)
	var whole *url.Error
	switch {
	case err != nil && strings.Contains(text, "@"):
		return o, errors.New("URL: malformed; a name and a password have no place in it")
	case errors.As(err, &whole):
		return o, fmt.Errorf("URL: %w", whole.Err)
	case u.User != nil:
		return o, errors.New("URL: a name or a password before the host: want x-bind-dn and x-bind-password-file")
	case u.Fragment != "":
		return o, errors.New("URL: has a fragment: write a number sign as %23")
	}
	if o.Addr, o.Security, err = server(u); err != nil {
		return o, err
	}
	part := strings.Split(u.RawQuery, "?")
	if len(part) > 4 {
		return o, fmt.Errorf("URL: %d question marks: want at most 4", len(part))
	}
	part = append(part, make([]string, 4-len(part))...)
	if err := errors.Join(o.setExtensions(part[3]), unescape(part[:3])); err != nil {
		return o, err
	}
	return o, o.setUsers(strings.TrimPrefix(u.Path, "/"), part[0], part[1], part[2])
}

func server(u *url.URL) (addr string, s Security, err error) {
	port := "389"
	switch u.Scheme {
	case "ldap":
	case "ldaps":
		port, s = "636", TLS
	default:
		return "", s, fmt.Errorf("URL: scheme %q: want ldap or ldaps", u.Scheme)
	}
	if u.Hostname() == "" {
		return "", s, errors.New("URL: want ldap://HOST/…: the host is missing")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	return net.JoinHostPort(u.Hostname(), port), s, nil
}

func unescape(parts []string) error {
	for i, p := range parts {
		text, err := url.PathUnescape(p)
		if err != nil {
			return fmt.Errorf("URL: %w", err)
		}
		parts[i] = text
	}
	return nil
}

func (o *Options) setUsers(dn, attribute, scope, filter string) error {
	o.Attribute, o.Filter = attribute, filter
	switch scope {
	case "", "sub":
	case "one":
		o.OneLevel = true
	default:
		return fmt.Errorf("URL: scope %q: want sub or one", scope)
	}
	if !strings.Contains(dn, placeholder) {
		o.Base = dn
	} else if o.UserDN = dn; attribute != "" || scope != "" {
		return fmt.Errorf("URL: %q names a user's entry: want no attribute and no scope", dn)
	}
	return (&Backend{opts: *o}).check()
}

// setExtensions reads extensions. Each may have a '!', since none is ever passed over.
func (o *Options) setExtensions(text string) error {
	if text == "" {
		return nil
	}
	seen := map[string]bool{}
	for ext := range strings.SplitSeq(text, ",") {
		name, value, has := strings.Cut(strings.TrimPrefix(ext, "!"), "=")
		value, err := url.PathUnescape(value)
		if err != nil {
			return fmt.Errorf("URL: extension %q: %w", name, err)
		}
		if has == (name == "x-starttls") || has && value == "" || seen[name] {
			return fmt.Errorf("URL: extension %q: want NAME=VALUE or x-starttls, each once; a comma in a value is written %%2C", name)
		}
		seen[name] = true
		if err := o.setExtension(name, value); err != nil {
			return fmt.Errorf("URL: extension %q: %w", name, err)
		}
	}
	return nil
}

func (o *Options) setExtension(name, value string) (err error) {
	switch name {
	case "x-bind-dn":
		o.BindDN = value
	case "x-bind-password-file":
		o.BindPassword, err = readPassword(value)
	case "x-ca-file":
		o.RootCAs, err = readRoots(value)
	case "x-starttls":
		if o.Security == TLS {
			return errors.New("ldaps:// is encrypted from the start: want ldap://")
		}
		o.Security = StartTLS
	case "x-timeout":
		if o.Timeout, err = time.ParseDuration(value); err != nil || o.Timeout <= 0 {
			return fmt.Errorf("%q: want a duration such as 5s", value)
		}
	case "x-connections":
		if o.Connections, err = strconv.Atoi(value); err != nil || o.Connections <= 0 {
			return fmt.Errorf("%q: want a number from 1", value)
		}
	default:
		return errors.New("not known; a comma in a value is written %2C")
	}
	return err
}
