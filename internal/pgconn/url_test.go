package pgconn

import (
	"os/user"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// tcpTarget returns the target for user u and database d at a TCP address.
func tcpTarget(addr, host, mode string) Target {
	return Target{Network: "tcp", Addr: addr, Host: host, User: "u", Database: "d", SSLMode: mode,
		ConnectTimeout: 5 * time.Second}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	current, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	withOptions := tcpTarget("h:5432", "h", "verify-full")
	withOptions.ApplicationName, withOptions.ConnectTimeout = "x", 7*time.Second
	defaults := tcpTarget("h:5432", "h", "verify-full")
	defaults.User, defaults.Database = current.Username, current.Username
	socket := Target{Network: "unix", Addr: "/run/pg/.s.PGSQL.5432", User: "u", Database: "d", SSLMode: "disable",
		ConnectTimeout: 5 * time.Second}
	for _, row := range []struct {
		url  string
		want Target
		why  string
	}{
		{"postgres://u@db.example.com/d", tcpTarget("db.example.com:5432", "db.example.com", "verify-full"),
			"the network is not trusted"},
		{"postgresql://u@10.0.0.1:6000/d", tcpTarget("10.0.0.1:6000", "10.0.0.1", "verify-full"),
			"a private network is not trusted either"},
		{"postgres://u@h/d?sslmode=require", tcpTarget("h:5432", "h", "verify-full"), "require is verify-full"},
		{"postgres://u@h/d?sslmode=verify-ca", tcpTarget("h:5432", "h", "verify-ca"), "sslmode is given"},
		{"postgres://u@h/d?sslmode=disable", tcpTarget("h:5432", "h", "disable"), "sslmode is given"},
		{"postgres://u@localhost/d", tcpTarget("localhost:5432", "localhost", "disable"), "loopback by name"},
		{"postgres://u@127.9.9.9/d", tcpTarget("127.9.9.9:5432", "127.9.9.9", "disable"), "all of 127/8 is loopback"},
		{"postgres://u@[::1]:9/d", tcpTarget("[::1]:9", "::1", "disable"), "loopback of IPv6"},
		{"postgres://u@[::ffff:127.0.0.1]/d", tcpTarget("[::ffff:127.0.0.1]:5432", "::ffff:127.0.0.1", "disable"),
			"IPv4 loopback in IPv6 form"},
		{"postgres://u@127.0.0.1.example.com/d",
			tcpTarget("127.0.0.1.example.com:5432", "127.0.0.1.example.com", "verify-full"),
			"a name that begins like a loopback address"},
		{"postgres://u@localhost/d?sslmode=require", tcpTarget("localhost:5432", "localhost", "verify-full"),
			"sslmode is given, though the host is loopback"},
		{"postgres://u@/d?host=/run/pg", socket, "a Unix socket"},
		{"postgres://u@ignored:1/d?host=/run/pg&port=5432", socket,
			"parameters override the host and port before the path, as in libpq"},
		{"postgres://u@h/d?application_name=x&connect_timeout=7", withOptions, "the other parameters"},
		{"postgres://h", defaults, "defaults"},
	} {
		got, err := ParseURL(row.url)
		if err != nil {
			t.Errorf("ParseURL(%q): %v: %s", row.url, err, row.why)
			continue
		}
		if diff := cmp.Diff(row.want, got, cmpopts.IgnoreUnexported(Target{})); diff != "" {
			t.Errorf("ParseURL(%q): %s (-want +got):\n%s", row.url, row.why, diff)
		}
		if (got.tls != nil) != (row.want.SSLMode != "disable") {
			t.Errorf("ParseURL(%q): SSLMode is %s, TLS configured is %v", row.url, row.want.SSLMode, got.tls != nil)
		}
	}
}

func TestParseURL_Errors(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ url, want, why string }{
		{"postgres://u:s3cret@h/d?ssl_mode=disable", `unknown parameter "ssl_mode"`, "a misspelling is not ignored"},
		{"postgres://u:s3cret@h/d?search_path=x", `unknown parameter "search_path"`, "pgdriver would SET it"},
		{"postgres://u:s3cret@h/d?sslmode=prefer", `sslmode "prefer"`, "it may connect without TLS"},
		{"postgres://u:s3cret@h/d?sslmode=allow", `sslmode "allow"`, "it may connect without TLS"},
		{"postgres://u:s3cret@h/d?sslmode=", `"sslmode" is empty`, "empty is not the default"},
		{"postgres://u:s3cret@h/d?sslmode=disable&sslmode=require", "2 times", "it is ambiguous"},
		{"postgres://u:s3cret@h/d?sslmode=disable&sslrootcert=/x", "certificates without TLS", "a contradiction"},
		{"postgres://u:s3cret@h/d?sslrootcert=/does/not/exist", "sslrootcert", "the file does not exist"},
		{"postgres://u:s3cret@h/d?sslcert=/x", "one of sslcert and sslkey", "the key is missing"},
		{"postgres://u:s3cret@/d?host=/run/pg&sslmode=require", "Unix socket", "PostgreSQL has no TLS there"},
		{"postgres://u:s3cret@/d", "no host", "there is no host"},
		{"postgres://u:s3cret@a,b/d", "a single one", "pgdriver has no fail-over"},
		{"postgres://u:s3cret@h:0/d", `port "0"`, "port 0 is reserved"},
		{"postgres://u:s3cret@h/d?port=65536", `port "65536"`, "a port has 16 bits"},
		{"postgres://u:s3cret@h/d?connect_timeout=0", `connect_timeout "0"`, "0, for no timeout in libpq, is not allowed"},
		{"postgres://u:s3cret/x@h/d", "cannot be parsed", "an unescaped slash in the password"},
		{"postgres://u:s3cret#x@h/d", "cannot be parsed", "an unescaped # in the password"},
		{"postgres://u:s3cret%zz@h/d", "cannot be parsed", "a malformed escape in the password"},
		{"postgres://u:s3cret@h/d?sslmode=%zz", "parameters", "a malformed escape in a parameter"},
		{"mysql://u:s3cret@h/d", `scheme "mysql"`, "another database"},
		{"host=h password=s3cret", "scheme", "libpq's other form"},
		{"", "scheme", "empty"},
	} {
		_, err := ParseURL(row.url)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("ParseURL(%q): got error %v, want one with %q: %s", row.url, err, row.want, row.why)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("ParseURL(%q): the error contains the password: %v", row.url, err)
		}
	}
}
