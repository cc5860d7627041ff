package pgconn

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parameters are the query parameters that a URL may have.
var parameters = []string{"application_name", "connect_timeout", "host", "port",
	"sslcert", "sslkey", "sslmode", "sslrootcert"}

// Target is the result of ParseURL. Its exported fields do not include the password and may be
// logged.
type Target struct {
	// Network is "tcp" or "unix".
	Network string
	// Addr is host:port, or the path of the Unix socket.
	Addr string
	// Host is the name in the server's certificate, or "" for a Unix socket.
	Host string
	// User is the name of the role.
	User string
	// Database is the name of the database, which is that of the user unless the URL has one.
	Database string
	// SSLMode is "disable", "verify-ca" or "verify-full": the effective mode, which may differ from
	// the one in the URL.
	SSLMode string
	// ApplicationName is the one of the URL, or "".
	ApplicationName string
	// ConnectTimeout bounds one attempt to connect, TLS and authentication included.
	ConnectTimeout time.Duration

	password string
	tls      *tls.Config // nil if SSLMode is "disable"
}

// ParseURL parses postgres://user:password@host:port/database?parameter=value. For a Unix socket,
// the host is a parameter: postgres:///database?host=/run/postgresql.
//
// The parameters have the meaning that libpq gives them: host, port, application_name,
// connect_timeout (in seconds; defaults to 5), sslmode, sslrootcert, sslcert and sslkey. Any other
// parameter is an error. The user defaults to the user of the process, and the port to 5432. The
// environment and password files are not read.
//
// sslmode defaults to disable for a loopback host or a Unix socket, and to verify-full otherwise:
// the server must have a certificate for its name that is signed by an authority in sslrootcert,
// or, without sslrootcert, in the system's list. Unlike with libpq, require is the same as
// verify-full. verify-ca does not verify the name. allow and prefer are errors, because they do not
// guarantee TLS.
//
// Errors do not quote the URL, because it may contain a password.
func ParseURL(s string) (Target, error) {
	t, err := parseURL(s)
	if err != nil {
		return Target{}, fmt.Errorf("postgres URL: %w", err)
	}
	return t, nil
}

func parseURL(s string) (Target, error) {
	u, err := url.Parse(s)
	if err != nil || u.Opaque != "" || u.Fragment != "" {
		return Target{}, errors.New("cannot be parsed, want postgres://user:password@host/database " +
			"(special characters in the password as %XX)")
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return Target{}, fmt.Errorf("scheme %q, want postgres", u.Scheme)
	}
	q, err := readParameters(u.RawQuery)
	if err != nil {
		return Target{}, err
	}
	t := Target{User: u.User.Username(), Database: strings.TrimPrefix(u.Path, "/"), ApplicationName: q["application_name"]}
	t.password, _ = u.User.Password()
	if err := t.setUser(); err != nil {
		return Target{}, err
	}
	if err := t.setAddr(cmp.Or(q["host"], u.Hostname()), cmp.Or(q["port"], u.Port())); err != nil {
		return Target{}, err
	}
	if err := t.setConnectTimeout(q["connect_timeout"]); err != nil {
		return Target{}, err
	}
	return t, t.setTLS(q["sslmode"], q["sslrootcert"], q["sslcert"], q["sslkey"])
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
		}
		q[name] = v[0]
	}
	return q, nil
}

// setUser sets the defaults of User and Database.
func (t *Target) setUser() error {
	if t.User == "" {
		current, err := user.Current()
		if err != nil {
			return fmt.Errorf("no user, and the user of the process is unknown: %w", err)
		}
		t.User = current.Username
	}
	t.Database = cmp.Or(t.Database, t.User)
	return nil
}

// setAddr sets Network, Addr and Host.
func (t *Target) setAddr(host, port string) error {
	port = cmp.Or(port, "5432")
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port %q, want 1 to 65535", port)
	}
	switch {
	case host == "":
		return errors.New("no host, want one, or ?host=/run/postgresql for a Unix socket")
	case strings.Contains(host, ","):
		return fmt.Errorf("host %q, want a single one", host)
	case strings.HasPrefix(host, "/"):
		t.Network, t.Addr = "unix", filepath.Join(host, ".s.PGSQL."+port)
	default:
		t.Network, t.Addr, t.Host = "tcp", net.JoinHostPort(host, port), host
	}
	return nil
}

func (t *Target) setConnectTimeout(s string) error {
	t.ConnectTimeout = 5 * time.Second
	if s == "" {
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 3600 {
		return fmt.Errorf("connect_timeout %q, want 1 to 3600 seconds", s)
	}
	t.ConnectTimeout = time.Duration(n) * time.Second
	return nil
}

// local reports whether the server is on this machine, so that the connection uses no network.
func (t *Target) local() bool {
	if t.Network == "unix" || strings.EqualFold(t.Host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(t.Host)
	return err == nil && ip.Unmap().IsLoopback()
}
