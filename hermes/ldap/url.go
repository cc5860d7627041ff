package ldap

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hermes-voip/go-hermes/hermes"
)

// Parse reads the URL of a directory (RFC 4516) into options for [New]. It reads the files that the
// URL names.
//
//	ldap://HOST[:PORT]/BASE?ATTRIBUTE?SCOPE?FILTER?EXTENSIONS
//	ldaps://HOST[:PORT]/uid={user},ou=people,dc=example,dc=test
//
// The scheme ldap selects Auto, and ldaps selects TLS. A part that is empty, or left out at the
// end, has its default:
//
//	BASE        Options.Base; if it contains {user}, Options.UserDN, without ATTRIBUTE and SCOPE
//	ATTRIBUTE   Options.Attribute; defaults to uid
//	SCOPE       sub, or one for Options.OneLevel; defaults to sub
//	FILTER      Options.Filter; defaults to no condition
//	EXTENSIONS  a comma-separated list of those below; any other extension is an error
//
//	x-bind-dn=NAME             Options.BindDN
//	x-bind-password-file=PATH  a file that holds Options.BindPassword and at most one line end
//	x-ca-file=PATH             a file that holds Options.RootCAs as certificates in PEM
//	x-starttls                 StartTLS, also with a loopback address
//	x-timeout=DURATION         Options.Timeout, such as 5s
//	x-connections=COUNT        Options.Connections
//
// Characters that have a meaning in URLs must be escaped: a question mark as %3F, a number sign as
// %23, a per cent sign as %25, and in EXTENSIONS a comma as %2C:
//
//	ldap://ldap.example.test/ou=people,dc=test?uid?one?(memberOf=cn=voip,ou=groups,dc=test)
//	ldaps://h.test/dc=test????x-bind-dn=cn=a%2Cdc=test,x-bind-password-file=/etc/hermes/password
//
// A URL must not contain a password. Errors do not quote a URL that does.
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
	if o.Addr, o.Security, err = parseServer(u); err != nil {
		return o, err
	}
	parts := strings.Split(u.RawQuery, "?")
	if len(parts) > 4 {
		return o, fmt.Errorf("URL: %d question marks: want at most 4", len(parts))
	}
	parts = append(parts, make([]string, 4-len(parts))...)
	if err := errors.Join(o.setExtensions(parts[3]), unescape(parts[:3])); err != nil {
		return o, err
	}
	err = o.setSearch(strings.TrimPrefix(u.Path, "/"), parts[0], parts[1], parts[2])
	return o, err
}

// parseServer returns the host:port and the encryption that the URL names.
func parseServer(u *url.URL) (addr string, s Security, err error) {
	var port string
	switch u.Scheme {
	case "ldap":
		port, s = "389", Auto
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

// unescape replaces each part by its unescaped text.
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

// setSearch sets the options that say how users are found.
func (o *Options) setSearch(dn, attribute, scope, filter string) error {
	if scope != "" && scope != "sub" && scope != "one" {
		return fmt.Errorf("URL: scope %q: want sub or one", scope)
	}
	o.Attribute, o.Filter, o.OneLevel = attribute, filter, scope == "one"
	if !strings.Contains(dn, placeholder) {
		o.Base = dn
	} else if o.UserDN = dn; attribute != "" || scope != "" {
		return fmt.Errorf("URL: %q names a user's entry: want no attribute and no scope", dn)
	}
	return (&Backend{opts: *o}).completeOptions() // of a copy, to check it
}

// setExtensions sets the options that the extensions name. A '!' before an extension marks it as
// critical, which makes no difference because an unknown extension is always an error.
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
			return fmt.Errorf("URL: extension %q: want NAME=VALUE or x-starttls, each once; a comma in a value is written %%2C",
				name)
		}
		seen[name] = true
		if err := o.setExtension(name, value); err != nil {
			return fmt.Errorf("URL: extension %q: %w", name, err)
		}
	}
	return nil
}

// setExtension sets the option that the extension names.
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

// readFile reads the whole of a small file.
func readFile(path string) ([]byte, error) {
	const maxSize = 1 << 20
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err == nil && len(text) > maxSize {
		err = fmt.Errorf("%s: larger than %d bytes", path, maxSize)
	}
	return text, err
}

func readPassword(path string) (hermes.Secret, error) {
	text, err := readFile(path)
	if err != nil {
		return hermes.Secret{}, err
	}
	p := hermes.NewSecret(strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"))
	if !usablePassword(p) || strings.ContainsAny(p.Reveal(), "\r\n") {
		return hermes.Secret{}, fmt.Errorf("%s: want a password and nothing else", path)
	}
	return p, nil
}

func readRoots(path string) (*x509.CertPool, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: want certificates in PEM", path)
	}
	return roots, nil
}
