package pgconn

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// parameters are the query parameters that a URL may have.
var parameters = []string{"application_name", "connect_timeout", "host", "passfile", "port",
	"sslcert", "sslkey", "sslmode", "sslrootcert", "target_session_attrs"}

// The values of target_session_attrs: which servers of a URL are used.
const (
	anyServer     = "any"
	readWrite     = "read-write" // those that accept changes
	readOnly      = "read-only"  // those that do not
	primary       = "primary"    // those that are not in recovery
	standby       = "standby"    // those that are
	preferStandby = "prefer-standby"
)

var sessionAttrs = []string{anyServer, readWrite, readOnly, primary, standby, preferStandby}

// Targets is the result of ParseURL.
type Targets struct {
	// Hosts are the servers in the order of the URL. There is at least one.
	Hosts []Target
	// SessionAttrs is the effective value of target_session_attrs.
	SessionAttrs string

	attrsGiven bool // whether the URL has it
}

// ParseURL parses postgres://user:password@host:port,host:port/database?parameter=value. For a Unix
// socket, the host is a parameter, postgres:///database?host=/run/postgresql, or written with %2F
// instead of each slash. An IPv6 address is in brackets.
//
// The parameters have the meaning that libpq gives them: host and port (each may be a list that is
// separated by commas), application_name, connect_timeout (in seconds for each host; defaults to 5,
// and to 2 where there are several hosts), passfile, sslmode, sslrootcert, sslcert, sslkey and
// target_session_attrs, which defaults to any for one host and to read-write for several. Any other
// parameter is an error. The user defaults to the user of the process, and the port to 5432. The
// environment and the password file of the user are not read: passfile names a file in the form of
// .pgpass, which may have a password for each host.
//
// sslmode defaults to disable for a loopback host or a Unix socket, and to verify-full otherwise:
// the server must have a certificate for its name that is signed by an authority in sslrootcert,
// or, without sslrootcert, in the system's list. Unlike with libpq, require is the same as
// verify-full. verify-ca does not verify the name. allow and prefer are errors, because they do not
// guarantee TLS. A Unix socket in a list of hosts needs no TLS.
//
// Errors do not quote the URL, because it may contain a password.
func ParseURL(s string) (Targets, error) {
	t, err := parseURL(s)
	if err != nil {
		return Targets{}, fmt.Errorf("postgres URL: %w", err)
	}
	return t, nil
}

var errMalformed = errors.New("cannot be parsed, want postgres://user:password@host/database " +
	"(special characters in the password as %XX)")

func parseURL(s string) (Targets, error) {
	p, err := splitURL(s)
	if err != nil {
		return Targets{}, err
	}
	if p.scheme != "postgres" && p.scheme != "postgresql" {
		return Targets{}, fmt.Errorf("scheme %q, want postgres", p.scheme)
	}
	q, err := readParameters(p.query)
	if err != nil {
		return Targets{}, err
	}
	common, err := p.common()
	if err != nil {
		return Targets{}, err
	}
	common.ApplicationName = q["application_name"]
	hosts, err := p.hosts(q["host"], q["port"])
	if err != nil {
		return Targets{}, err
	}
	several := len(hosts) > 1
	if err := common.setConnectTimeout(q["connect_timeout"], several); err != nil {
		return Targets{}, err
	}
	all := Targets{SessionAttrs: q["target_session_attrs"], attrsGiven: q["target_session_attrs"] != ""}
	if err := all.setSessionAttrs(several); err != nil {
		return Targets{}, err
	}
	for _, h := range hosts {
		t := common
		if err := t.setAddr(h.name, h.port); err != nil {
			return Targets{}, err
		}
		mode := q["sslmode"]
		if several && t.Network == "unix" {
			mode = "disable"
		}
		if err := t.setTLS(mode, q["sslrootcert"], q["sslcert"], q["sslkey"]); err != nil {
			return Targets{}, err
		}
		if err := t.setPassword(q["passfile"], h.port); err != nil {
			return Targets{}, err
		}
		all.Hosts = append(all.Hosts, t)
	}
	return all, nil
}

// urlParts are the parts of a URL as they are written. [url.Parse] refuses a list of hosts.
type urlParts struct {
	scheme, userinfo string
	hasUserinfo      bool
	hostList         string
	path, query      string
}

// splitURL splits a URL. It refuses an @ after the hosts: the password then has a slash or a
// question mark that is not written as %XX, and the errors about its parts would show what follows
// it.
func splitURL(s string) (p urlParts, err error) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz") != "" {
		return p, errors.New("no scheme, want postgres://user:password@host/database")
	}
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	if strings.ContainsAny(tail, "@#") {
		return p, errMalformed
	}
	p = urlParts{scheme: scheme, hostList: authority}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		p.userinfo, p.hostList, p.hasUserinfo = authority[:i], authority[i+1:], true
	}
	p.path, p.query, _ = strings.Cut(tail, "?")
	return p, nil
}

// Redact returns the URL with mask in the place of its password, and reports whether it has one. A
// text that cannot be split is replaced as a whole.
func Redact(s, mask string) (redacted string, hadPassword bool) {
	p, err := splitURL(s)
	if err != nil {
		return mask, true
	}
	name, _, hadPassword := strings.Cut(p.userinfo, ":")
	if !hadPassword {
		return s, false
	}
	before, _, _ := strings.Cut(s, "://")
	at := len(before) + len("://") + len(p.userinfo)
	return before + "://" + name + ":" + mask + s[at:], true
}

// common returns what all hosts have in common: the user, the password and the database.
func (p urlParts) common() (t Target, err error) {
	name, password, _ := strings.Cut(p.userinfo, ":")
	for _, part := range []struct {
		dst  *string
		text string
	}{{&t.User, name}, {&t.password, password}, {&t.Database, strings.TrimPrefix(p.path, "/")}} {
		text, err := url.PathUnescape(part.text)
		if err != nil || strings.ContainsFunc(text, unicode.IsControl) {
			return t, errMalformed
		}
		*part.dst = text
	}
	return t, t.setUser()
}

// hostPort is a host of a URL. The port is not empty.
type hostPort struct{ name, port string }

// hosts returns the hosts of the URL. The parameters host and port come before what is in front of
// the path, as in libpq.
func (p urlParts) hosts(hostParameter, portParameter string) (all []hostPort, err error) {
	var names, ports []string
	if hostParameter == "" || portParameter == "" {
		for entry := range strings.SplitSeq(p.hostList, ",") {
			name, port, err := splitHost(entry)
			if err != nil {
				return nil, err
			}
			names, ports = append(names, name), append(ports, port)
		}
	}
	if hostParameter != "" {
		names = strings.Split(hostParameter, ",")
	}
	if portParameter != "" {
		ports = strings.Split(portParameter, ",")
	}
	if len(ports) != 1 && len(ports) != len(names) {
		return nil, fmt.Errorf("%d ports for %d hosts, want one port or one for each host", len(ports), len(names))
	}
	for i, name := range names {
		port := ports[min(i, len(ports)-1)]
		if err := checkHost(name, len(names)); err != nil {
			return nil, err
		}
		all = append(all, hostPort{name: name, port: cmp.Or(port, "5432")})
	}
	return all, nil
}

// splitHost splits host:port or [address]:port.
func splitHost(entry string) (name, port string, err error) {
	if rest, ok := strings.CutPrefix(entry, "["); ok {
		address, rest, ok := strings.Cut(rest, "]")
		port, found := strings.CutPrefix(rest, ":")
		if address, err = url.PathUnescape(address); err == nil {
			_, err = netip.ParseAddr(address)
		}
		if !ok || err != nil || rest != "" && !found {
			return "", "", errors.New("a host in brackets is not an IPv6 address, want [address] or [address]:port")
		}
		return address, port, nil
	}
	name, port, _ = strings.Cut(entry, ":")
	if strings.Contains(port, ":") {
		return "", "", errors.New("a host has more than one colon, want host:port, and IPv6 addresses in brackets")
	}
	if name, err = url.PathUnescape(name); err != nil {
		return "", "", errMalformed
	}
	return name, port, nil
}

// checkHost checks a host of a list of n.
func checkHost(name string, n int) error {
	switch {
	case name == "" && n > 1:
		return errors.New("an empty host in the list, want a host between two commas")
	case name == "":
		return errors.New("no host, want one, or ?host=/run/postgresql for a Unix socket")
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }):
		return errors.New("a host has a blank or a control character, want a name or an address")
	case strings.HasPrefix(name, "/"): // a socket
		return nil
	case strings.ContainsAny(name, `[]<>(){}|\\^"'@?#&=`):
		return errors.New("a host has a character that no name has, want a name or an address")
	case strings.ContainsAny(name, ":%"):
		if _, err := netip.ParseAddr(name); err != nil {
			return errors.New("a host with a colon or a percent sign is not an IPv6 address")
		}
	}
	return nil
}

// setSessionAttrs sets the default of SessionAttrs.
func (t *Targets) setSessionAttrs(several bool) error {
	switch {
	case t.SessionAttrs == "" && several:
		t.SessionAttrs = readWrite
	case t.SessionAttrs == "":
		t.SessionAttrs = anyServer
	case !slices.Contains(sessionAttrs, t.SessionAttrs):
		return fmt.Errorf("target_session_attrs %q, want one of %s", t.SessionAttrs, strings.Join(sessionAttrs, ", "))
	}
	return nil
}

// readParameters parses the query of a URL. Unknown parameters are errors, so that a misspelled
// sslmode is noticed.
func readParameters(raw string) (map[string]string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errors.New("its parameters cannot be parsed, want ?name=value&name=value")
	}
	q := make(map[string]string, len(values))
	for name, v := range values {
		switch {
		case !slices.Contains(parameters, name):
			return nil, fmt.Errorf("unknown parameter %q, want one of %s", name, strings.Join(parameters, ", "))
		case len(v) > 1:
			return nil, fmt.Errorf("parameter %q is given %d times, want it once", name, len(v))
		case v[0] == "":
			return nil, fmt.Errorf("parameter %q is empty, want a value", name)
		case strings.ContainsFunc(v[0], unicode.IsControl):
			return nil, fmt.Errorf("parameter %q has a control character, want none", name)
		}
		q[name] = v[0]
	}
	return q, nil
}
