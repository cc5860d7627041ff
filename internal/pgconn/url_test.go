package pgconn

import (
	"os/user"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseURL(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	tcp := func(addr, host, mode string) Target {
		return Target{Network: "tcp", Addr: addr, Host: host, User: "u", Database: "d", SSLMode: mode, ConnectTimeout: 5 * time.Second}
	}
	named := tcp("h:5432", "h", "verify-full")
	named.ApplicationName, named.ConnectTimeout = "x", 7*time.Second
	socket := Target{Network: "unix", Addr: "/run/pg/.s.PGSQL.5432", User: "u", Database: "d", SSLMode: "disable", ConnectTimeout: 5 * time.Second}
	for _, row := range []struct {
		url  string
		want Target
		why  string
	}{
		{"postgres://u@db.example.com/d", tcp("db.example.com:5432", "db.example.com", "verify-full"), "the network is not trusted"},
		{"postgresql://u@10.0.0.1:6000/d", tcp("10.0.0.1:6000", "10.0.0.1", "verify-full"), "nor is a private one"},
		{"postgres://u@h/d?sslmode=require", tcp("h:5432", "h", "verify-full"), "require verifies too"},
		{"postgres://u@h/d?sslmode=verify-ca", tcp("h:5432", "h", "verify-ca"), "asked for"},
		{"postgres://u@h/d?sslmode=disable", tcp("h:5432", "h", "disable"), "asked for"},
		{"postgres://u@localhost/d", tcp("localhost:5432", "localhost", "disable"), "loopback by name"},
		{"postgres://u@127.9.9.9/d", tcp("127.9.9.9:5432", "127.9.9.9", "disable"), "all of 127/8"},
		{"postgres://u@[::1]:9/d", tcp("[::1]:9", "::1", "disable"), "loopback of IPv6"},
		{"postgres://u@[::ffff:127.0.0.1]/d", tcp("[::ffff:127.0.0.1]:5432", "::ffff:127.0.0.1", "disable"), "mapped loopback"},
		{"postgres://u@127.0.0.1.example.com/d", tcp("127.0.0.1.example.com:5432", "127.0.0.1.example.com", "verify-full"), "a name, not an address"},
		{"postgres://u@localhost/d?sslmode=require", tcp("localhost:5432", "localhost", "verify-full"), "asked for on loopback too"},
		{"postgres://u@/d?host=/run/pg", socket, "socket"},
		{"postgres://u@ignored:1/d?host=/run/pg&port=5432", socket, "parameters win over the authority, as with libpq"},
		{"postgres://u@h/d?application_name=x&connect_timeout=7", named, "the rest"},
		{"postgres://h", Target{Network: "tcp", Addr: "h:5432", Host: "h", User: me.Username, Database: me.Username,
			SSLMode: "verify-full", ConnectTimeout: 5 * time.Second}, "defaults"},
	} {
		got, err := ParseURL(row.url)
		if err != nil {
			t.Errorf("%s: %v: %s", row.url, err, row.why)
			continue
		}
		if diff := cmp.Diff(row.want, got, cmpopts.IgnoreUnexported(Target{})); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", row.url, row.why, diff)
		}
		if (got.tls != nil) != (row.want.SSLMode != "disable") {
			t.Errorf("%s: mode %s and TLS configured %v", row.url, row.want.SSLMode, got.tls != nil)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for _, row := range []struct{ url, want, why string }{
		{"postgres://u:s3cret@h/d?ssl_mode=disable", `unknown parameter "ssl_mode"`, "a misspelling is not ignored"},
		{"postgres://u:s3cret@h/d?search_path=x", `unknown parameter "search_path"`, "pgdriver would SET it"},
		{"postgres://u:s3cret@h/d?sslmode=prefer", `sslmode "prefer"`, "it may mean none"},
		{"postgres://u:s3cret@h/d?sslmode=allow", `sslmode "allow"`, "it may mean none"},
		{"postgres://u:s3cret@h/d?sslmode=", `"sslmode" is empty`, "not taken for the default"},
		{"postgres://u:s3cret@h/d?sslmode=disable&sslmode=require", "2 times", "which one?"},
		{"postgres://u:s3cret@h/d?sslmode=disable&sslrootcert=/x", "certificates without TLS", "a contradiction"},
		{"postgres://u:s3cret@h/d?sslrootcert=/does/not/exist", "sslrootcert", "must be there"},
		{"postgres://u:s3cret@h/d?sslcert=/x", "one of sslcert and sslkey", "half a pair"},
		{"postgres://u:s3cret@/d?host=/run/pg&sslmode=require", "Unix socket", "PostgreSQL has no TLS there"},
		{"postgres://u:s3cret@/d", "no host", "nowhere to go"},
		{"postgres://u:s3cret@a,b/d", "a single one", "pgdriver has no fail-over"},
		{"postgres://u:s3cret@h:0/d", `port "0"`, "not a port"},
		{"postgres://u:s3cret@h/d?port=65536", `port "65536"`, "not a port"},
		{"postgres://u:s3cret@h/d?connect_timeout=0", `connect_timeout "0"`, "no limit is no default"},
		{"postgres://u:s3cret/x@h/d", "cannot be read", "an unescaped slash in the password"},
		{"postgres://u:s3cret#x@h/d", "cannot be read", "an unescaped # in the password"},
		{"postgres://u:s3cret%zz@h/d", "cannot be read", "a bad escape"},
		{"postgres://u:s3cret@h/d?sslmode=%zz", "parameters", "a bad escape"},
		{"mysql://u:s3cret@h/d", `scheme "mysql"`, "another database"},
		{"host=h password=s3cret", "scheme", "libpq's other form"},
		{"", "scheme", "nothing"},
	} {
		_, err := ParseURL(row.url)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: error %v, wanted one with %q: %s", row.url, err, row.want, row.why)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error tells the password: %v", row.url, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, row := range []struct {
		opts Options
		why  string
	}{
		{Options{URL: "postgres://h/d?x=y"}, "the URL"},
		{Options{URL: "postgres://h/d", MaxOpen: -1}, "negative"},
		{Options{URL: "postgres://h/d", IdleTxTimeout: -1}, "negative"},
		{Options{URL: "postgres://h/d", ReadTimeout: time.Second, StatementTimeout: time.Second}, "the client would not outwait the server"},
		{Options{URL: "postgres://h/d", StatementTimeout: time.Microsecond}, "0 ms is no timeout to PostgreSQL"},
	} {
		if _, err := Open(row.opts); err == nil {
			t.Errorf("%+v: no error: %s", row.opts, row.why)
		}
	}
}
