package pgconn

import (
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

// Target is what a URL names. It has no password, and may be shown.
type Target struct {
	// Network is "tcp" or "unix".
	Network string
	// Addr is host:port, or the path of the socket.
	Addr string
	// Host is the name that a certificate must have; "" for a socket.
	Host string
	User string
	// Database is the user's name unless the URL has one.
	Database string
	// SSLMode is "disable", "verify-ca" or "verify-full": what is done, not what was written.
	SSLMode string
	// ApplicationName is "" unless the URL has one.
	ApplicationName string
	// ConnectTimeout bounds a connect with TLS and log-in.
	ConnectTimeout time.Duration

	password string
	tls      *tls.Config
}

// ParseURL reads postgres://user:password@host:port/database?parameter=value. For a Unix socket the
// host is a parameter: postgres:///database?host=/run/postgresql.
//
// Parameters mean what they mean to libpq: host, port, application_name, connect_timeout (seconds; 5
// unless given), sslmode, sslrootcert, sslcert and sslkey. Any other is an error. User defaults to the
// process's user, port to 5432. Neither the environment nor a password file is read.
//
// sslmode is verify-full unless given: the server must have a certificate for its name from an authority in
// sslrootcert, or else in the system's list. For a loopback host and for a socket it is disable. Other than with libpq,
// require verifies too, exactly as verify-full does; verify-ca leaves out the name. allow and prefer
// are refused, because what they promise is nothing.
//
// An error never quotes the URL, which may hold a password.
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
		return Target{}, errors.New("cannot be read, wanted postgres://user:password@host/database " +
			"(special characters in the password as %XX)")
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return Target{}, fmt.Errorf("scheme %q, wanted postgres", u.Scheme)
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
	if err := t.setAddr(or(q["host"], u.Hostname()), or(q["port"], u.Port())); err != nil {
		return Target{}, err
	}
	if err := t.setConnectTimeout(q["connect_timeout"]); err != nil {
		return Target{}, err
	}
	return t, t.setTLS(q["sslmode"], q["sslrootcert"], q["sslcert"], q["sslkey"])
}

// readParameters refuses what it does not know: a misspelt sslmode must not go unnoticed.
func readParameters(raw string) (map[string]string, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errors.New("its parameters cannot be read, wanted ?name=value&name=value")
	}
	q := make(map[string]string, len(values))
	for name, v := range values {
		switch {
		case !slices.Contains(parameters, name):
			return nil, fmt.Errorf("unknown parameter %q, wanted one of %s", name, strings.Join(parameters, ", "))
		case len(v) > 1:
			return nil, fmt.Errorf("parameter %q is there %d times, wanted once", name, len(v))
		case v[0] == "":
			return nil, fmt.Errorf("parameter %q is empty, wanted a value", name)
		}
		q[name] = v[0]
	}
	return q, nil
}

func (t *Target) setUser() error {
	if t.User == "" {
		me, err := user.Current()
		if err != nil {
			return fmt.Errorf("no user, and the process's is unknown: %w", err)
		}
		t.User = me.Username
	}
	t.Database = or(t.Database, t.User)
	return nil
}

func (t *Target) setAddr(host, port string) error {
	port = or(port, "5432")
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port %q, wanted 1 to 65535", port)
	}
	switch {
	case host == "":
		return errors.New("no host, wanted one, or ?host=/run/postgresql for a Unix socket")
	case strings.Contains(host, ","):
		return fmt.Errorf("host %q, wanted a single one", host)
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
		return fmt.Errorf("connect_timeout %q, wanted 1 to 3600 seconds", s)
	}
	t.ConnectTimeout = time.Duration(n) * time.Second
	return nil
}

// local tells whether what is sent to the target stays on this machine.
func (t *Target) local() bool {
	if t.Network == "unix" || strings.EqualFold(t.Host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(t.Host)
	return err == nil && ip.Unmap().IsLoopback()
}
