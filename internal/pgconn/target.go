package pgconn

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgpassfile"
)

// Target is one server of a URL. Its exported fields do not include the password and may be logged.
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

	timeoutGiven bool // whether ConnectTimeout is that of the URL
	password     string
	tls          *tls.Config // nil if SSLMode is "disable"
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
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		// Without an @ in the URL, this may be a password.
		return errors.New("a port is not a number from 1 to 65535")
	}
	if strings.HasPrefix(host, "/") {
		t.Network, t.Addr = "unix", filepath.Join(host, ".s.PGSQL."+port)
		return nil
	}
	t.Network, t.Addr, t.Host = "tcp", net.JoinHostPort(host, port), host
	return nil
}

// setPassword sets the password that the file has for the host, unless the URL has one.
func (t *Target) setPassword(passfile, port string) error {
	if passfile == "" || t.password != "" {
		return nil
	}
	info, err := os.Stat(passfile)
	if err != nil {
		return fmt.Errorf("passfile: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("passfile %q: others can read it, want the mode 0600", passfile)
	}
	entries, err := pgpassfile.ReadPassfile(passfile)
	if err != nil {
		return fmt.Errorf("passfile: %w", err)
	}
	host := t.Host
	if t.Network == "unix" {
		// libpq looks for the folder of the socket, and for localhost if that is its default.
		if t.password = entries.FindPassword(filepath.Dir(t.Addr), port, t.Database, t.User); t.password != "" {
			return nil
		}
		host = "localhost"
	}
	t.password = entries.FindPassword(host, port, t.Database, t.User)
	return nil
}

// setConnectTimeout sets ConnectTimeout. Of several hosts one that does not answer must not take
// the time of the others.
func (t *Target) setConnectTimeout(s string, several bool) error {
	t.ConnectTimeout = 5 * time.Second
	if several {
		t.ConnectTimeout = silentAfter
	}
	if s == "" {
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 3600 {
		return fmt.Errorf("connect_timeout %q, want 1 to 3600 seconds", s)
	}
	t.ConnectTimeout, t.timeoutGiven = time.Duration(n)*time.Second, true
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
