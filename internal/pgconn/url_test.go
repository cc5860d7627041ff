package pgconn

import (
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
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
		want := Targets{Hosts: []Target{row.want}, SessionAttrs: "any"}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Targets{}, Target{})); diff != "" {
			t.Errorf("ParseURL(%q): %s (-want +got):\n%s", row.url, row.why, diff)
			continue
		}
		if hasTLS := got.Hosts[0].tls != nil; hasTLS != (row.want.SSLMode != "disable") {
			t.Errorf("ParseURL(%q): SSLMode is %s, TLS configured is %v", row.url, row.want.SSLMode, hasTLS)
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
		{"postgres://u:s3cret@a,,b/d", "an empty host", "a comma too many"},
		{"postgres://u:s3cret@a,/d", "an empty host", "a comma at the end"},
		{"postgres://u:s3cret@a,b,c/d?port=1,2", "2 ports for 3 hosts", "a port is missing"},
		{"postgres://u:s3cret@fd00::1:5432,b/d", "brackets", "an IPv6 address without brackets"},
		{"postgres://u:s3cret@[fd00::1/d", "brackets", "a bracket that is not closed"},
		{"postgres://u:s3cret@[h]/d", "brackets", "a name in brackets"},
		{"postgres://u:s3cret@[::1]5432/d", "brackets", "no colon after the brackets"},
		{"postgres://u:s3cret@a,b/d?target_session_attrs=master", `target_session_attrs "master"`, "not a word of libpq's"},
		{"postgres://u@a,b/d?passfile=/does/not/exist", "passfile", "the file does not exist"},
		{"postgres://u:s3cret@a%00b/d", "control character", "libpq's strings end there"},
		{"postgres://u%00:s3cret@h/d", "cannot be parsed", "the name of the user would go on with a parameter"},
		{"postgres://u:s3cret@h/d?application_name=%00x", "control character", "the same in a parameter"},
		{"postgres://u:s3cret/d", "a port is not", "the host was forgotten: the password is in its place"},
		{"postgres://u:12/s3cret@h/d", "%XX", "a slash in the password after digits"},
		{"postgres://u:12?s3cret@h/d", "%XX", "a question mark in the password after digits"},
		{"postgres://u:s3cret@h:0/d", "a port is not", "port 0 is reserved"},
		{"postgres://u:s3cret@h/d?port=65536", "a port is not", "a port has 16 bits"},
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

// TestParseURL_hosts checks what differs between the hosts of a list.
func TestParseURL_hosts(t *testing.T) {
	t.Parallel()
	passfile := filepath.Join(t.TempDir(), "pass")
	lines := "a:5432:d:u:of a\n/run/pg:5432:*:u:of the socket\n*:6000:d:u:of port 6000\n"
	if err := os.WriteFile(passfile, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		url  string
		want string // addresses, modes and passwords, and target_session_attrs
		why  string
	}{
		{"postgres://u:p@h1:5432,h2:6000,h3/d",
			"h1:5432 verify-full p|h2:6000 verify-full p|h3:5432 verify-full p|read-write", "a port for each, or the default"},
		{"postgres://u@h1,h2/d?port=6000", "h1:6000 verify-full |h2:6000 verify-full |read-write", "one port for all"},
		{"postgres://u@x/d?host=h1,h2&port=1,2", "h1:1 verify-full |h2:2 verify-full |read-write", "lists in parameters"},
		{"postgres://u@[::1]:1,[fd00::2],h/d",
			"[::1]:1 disable |[fd00::2]:5432 verify-full |h:5432 verify-full |read-write", "IPv6, and TLS for all but loopback"},
		{"postgres://u@%2Frun%2Fpg,h/d?sslmode=verify-full",
			"/run/pg/.s.PGSQL.5432 disable |h:5432 verify-full |read-write", "a socket has no TLS"},
		{"postgres://u@h1,h2/d?target_session_attrs=standby", "h1:5432 verify-full |h2:5432 verify-full |standby", "it is given"},
		{"postgres://u@h/d?target_session_attrs=read-write", "h:5432 verify-full |read-write", "it is given for one host"},
		{"postgres://u@a,b,b:6000,%2Frun%2Fpg/d?passfile=" + passfile,
			"a:5432 verify-full of a|b:5432 verify-full |b:6000 verify-full of port 6000|/run/pg/.s.PGSQL.5432 disable of the socket|read-write",
			"passwords of a file"},
		{"postgres://u:p@a/d?passfile=" + passfile, "a:5432 verify-full p|any", "the password of the URL comes first"},
	} {
		got, err := ParseURL(row.url)
		if err != nil {
			t.Errorf("ParseURL(%q): %v: %s", row.url, err, row.why)
			continue
		}
		var parts []string
		for _, h := range got.Hosts {
			parts = append(parts, h.Addr+" "+h.SSLMode+" "+h.password)
			if h.tls != nil && h.tls.ServerName != h.Host {
				t.Errorf("ParseURL(%q): the certificate of %s must be for %q", row.url, h.Host, h.tls.ServerName)
			}
			if want := 2 * time.Second; len(got.Hosts) > 1 && h.ConnectTimeout != want {
				t.Errorf("ParseURL(%q): the timeout is %v, want %v: others wait", row.url, h.ConnectTimeout, want)
			}
		}
		if text := strings.Join(append(parts, got.SessionAttrs), "|"); text != row.want {
			t.Errorf("ParseURL(%q) is\n%s, want\n%s: %s", row.url, text, row.want, row.why)
		}
	}
	if err := os.Chmod(passfile, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ParseURL("postgres://u@a/d?passfile=" + passfile); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("a file that others can read: %v, want that its mode is wrong", err)
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		url, want string
		had       bool
	}{
		{"postgres://u:s3cret@h1:1,h2/d?sslmode=disable", "postgres://u:(set)@h1:1,h2/d?sslmode=disable", true},
		{"postgres://u@h1,h2/d", "postgres://u@h1,h2/d", false},
		{"postgres://u:s3cret/x@h/d", "(set)", true},
		{"s3cret", "(set)", true},
	} {
		if got, had := Redact(row.url, "(set)"); got != row.want || had != row.had {
			t.Errorf("Redact(%q) = %q, %v, want %q, %v", row.url, got, had, row.want, row.had)
		}
	}
}

// FuzzDSN checks that no text makes ParseURL panic, that what it returns can be used, and that
// neither its errors nor Redact show a password.
func FuzzDSN(f *testing.F) {
	for _, seed := range []string{
		"postgres://u:s3cret@h/d", "postgres://u:s3cret@h1:5432,h2:5432,h3/d", "postgresql://u:s3cret@[::1]:9,[fe80::1%25eth0]/d",
		"postgres://u:s3cret@%2Frun%2Fpg/d?sslmode=disable", "postgres:///d?host=/run/pg,h&port=1,2", "postgres://u:s3cret/x@h/d",
		"postgres://u:s3cret@h,h/d?target_session_attrs=prefer-standby&connect_timeout=3&application_name=a%20b", "postgres://:s3cret@:1/",
		"postgres://u:1%s3cret@h/d?sslmode=verify-ca", "host=h password=s3cret", "postgresql://]",
		"postgresql://[::]:,[::%25[]", // a zone with a bracket
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseURL(s)
		redacted, _ := Redact(s, "(set)")
		_, rest, _ := strings.Cut(s, "://")
		colon, secret, at := strings.Index(rest, ":"), strings.Index(rest, "s3cret"), strings.LastIndex(rest, "@")
		isPassword := 0 <= colon && colon < secret && secret < at && strings.Count(s, "s3cret") == 1
		if isPassword && (strings.Contains(redacted, "s3cret") || err != nil && strings.Contains(err.Error(), "s3cret")) {
			t.Errorf("%q: the password is in %q or in %v", s, redacted, err)
		}
		if err != nil {
			return
		}
		for _, h := range got.Hosts {
			_, port, splitErr := net.SplitHostPort(h.Addr)
			n, portErr := strconv.Atoi(port)
			isTCP := h.Network == "tcp" && splitErr == nil && portErr == nil && n > 0 && n < 1<<16 && h.Host != ""
			isSocket := h.Network == "unix" && strings.HasPrefix(h.Addr, "/") && h.SSLMode == "disable"
			if !isTCP && !isSocket || h.User == "" || h.Database == "" || strings.Contains(h.User+h.Database+h.password, "\x00") {
				t.Errorf("%q: %+v cannot be used", s, h)
			}
		}
		if again, err := ParseURL(redacted); err != nil || len(again.Hosts) != len(got.Hosts) {
			t.Errorf("%q: redacted, %q, it has %d hosts, error %v", s, redacted, len(again.Hosts), err)
		}
	})
}
